//! Windows of dates and other filters of the lists that cannot be read by what changed.

use serde_json::{Value, json};

use crate::account::id;
use crate::client::Client;

/// Path, resource, the two bounds, and the attribute that they bound.
const DAYS: [(&str, &str, [&str; 2], [&str; 2]); 7] = [
    ("/users.listDaysOff", "users.daysOff", ["starts_after", "ends_before"], ["starts_at", "ends_at"]),
    ("/closingDays.list", "closingDays", ["date_after", "date_before"], ["date", "date"]),
    ("/meetings.list", "meetings", ["start_date", "end_date"], ["scheduled_at", "scheduled_at"]),
    ("/calls.list", "calls", ["scheduled_after", "scheduled_before"], ["scheduled_at", "scheduled_at"]),
    ("/tasks.list", "tasks", ["due_from", "due_by"], ["due_on", "due_on"]),
    ("/plannableItems.list", "plannableItems", ["start_date", "end_date"], ["_end_date", "_start_date"]),
    ("/reservations.list", "reservations", ["start_date", "end_date"], ["date", "date"]),
];

fn day(row: &Value, name: &str) -> Option<String> {
    row[name].as_str().map(|text| text[..10].to_owned())
}

fn sorted(rows: &[Value]) -> Vec<&str> {
    let mut ids: Vec<&str> = rows.iter().map(id).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn windows_include_the_days_that_bound_them() {
    let client = Client::with_records(60).await;
    for (path, resource, [from, until], [first, last]) in DAYS {
        let rows = client.control.records(resource).unwrap();
        // Days off are asked for one user at a time.
        let user = rows[rows.len() / 2]["user"]["id"].clone();
        let rows: Vec<Value> =
            rows.into_iter().filter(|row| resource != "users.daysOff" || row["user"]["id"] == user).collect();
        let mut starts: Vec<String> = rows.iter().filter_map(|row| day(row, first)).collect();
        let mut ends: Vec<String> = rows.iter().filter_map(|row| day(row, last)).collect();
        starts.sort_unstable();
        ends.sort_unstable();
        let (start, end) = (&starts[starts.len() / 3], &ends[ends.len() * 2 / 3]);
        let expected: Vec<Value> = rows
            .into_iter()
            .filter(|row| day(row, first).is_some_and(|day| day >= *start))
            .filter(|row| day(row, last).is_some_and(|day| day <= *end))
            .collect();
        let filter = json!({from: start, until: end});
        let mut body = json!({"filter": filter, "page": {"size": 100}});
        if resource == "users.daysOff" {
            body["id"] = user;
        }
        let found = client.rows(path, body).await;
        assert!(!expected.is_empty() && expected.len() < 60, "{resource}");
        assert_eq!(sorted(&found), sorted(&expected), "{resource} {filter}");
    }
}

#[tokio::test]
async fn tracked_time_is_found_between_moments_even_where_the_row_shows_the_day_alone() {
    let client = Client::with_records(90).await;
    let mut rows = client.control.records("timeTracking").unwrap();
    rows.sort_by_key(|row| row["_started_at"].as_str().unwrap().to_owned());
    let bounds = [&rows[20]["_started_at"], &rows[59]["_started_at"]];
    let filter = json!({"started_after": bounds[0], "started_before": bounds[1]});
    let found = client.rows("/timeTracking.list", json!({"filter": filter, "page": {"size": 100}})).await;
    assert_eq!(found.iter().map(id).collect::<Vec<_>>(), rows[20..60].iter().map(id).collect::<Vec<_>>());
    assert!(found.iter().any(|row| row["started_at"].is_null()));
    let day = json!({"filter": {"started_after": "2024-01-01"}});
    assert_eq!(client.refused("/timeTracking.list", day).await.0, 400);
}

#[tokio::test]
async fn tasks_of_nobody_are_asked_with_null() {
    let client = Client::with_records(60).await;
    let rows = client.rows("/tasks.list", json!({"filter": {"user_id": null}, "page": {"size": 100}})).await;
    let expected = client.control.records("tasks").unwrap();
    let expected: Vec<&str> = expected.iter().filter(|row| row["assignee"].is_null()).map(id).collect();
    assert!(!expected.is_empty());
    assert_eq!(rows.iter().map(id).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn relations_are_found_in_lists_and_by_their_type() {
    let client = Client::with_records(60).await;
    let rows = client.control.records("timeTracking").unwrap();
    let related = rows.iter().find(|row| row["relates_to"][0].is_object()).unwrap();
    let filter = json!({"relates_to": related["relates_to"][0]});
    let found = client.rows("/timeTracking.list", json!({"filter": filter, "page": {"size": 100}})).await;
    assert!(found.iter().any(|row| row["id"] == related["id"]) && found.len() < 60);
    assert!(found[0].get("relates_to").is_none() && found[0].get("materials").is_none());
    let filter = json!({"subject_types": ["todo", "event"]});
    let found = client.rows("/timeTracking.list", json!({"filter": filter, "page": {"size": 100}})).await;
    let expected =
        rows.iter().filter(|row| ["todo", "event"].map(Value::from).contains(&row["subject"]["type"]));
    assert_eq!(sorted(&found).len(), expected.count());
    let unknown = json!({"filter": {"subject_types": ["moon"]}});
    assert_eq!(client.refused("/timeTracking.list", unknown).await.0, 400);
}

#[tokio::test]
async fn filters_see_what_no_answer_shows() {
    let client = Client::with_records(60).await;
    let items = client.control.records("plannableItems").unwrap();
    for (filter, field) in
        [("completion_statuses", "_completion_status"), ("planned_time_statuses", "_planned_time_status")]
    {
        let body = json!({"filter": {filter: [items[0][field]]}, "page": {"size": 100}});
        let found = client.rows("/plannableItems.list", body).await;
        let expected: Vec<Value> =
            items.iter().filter(|item| item[field] == items[0][field]).cloned().collect();
        assert_eq!(sorted(&found), sorted(&expected), "{filter}");
    }
    let done = client.rows("/events.list", json!({"filter": {"done": true}, "page": {"size": 100}})).await;
    assert!(!done.is_empty() && done.len() < 60);
}

#[tokio::test]
async fn phases_of_deals_belong_to_their_pipelines() {
    let client = Client::with_records(60).await;
    let phases = client.control.records("dealPhases").unwrap();
    for deal in client.control.records("deals").unwrap() {
        let phase = phases.iter().find(|phase| phase["id"] == deal["current_phase"]["id"]).unwrap();
        assert_eq!(phase["_parent"]["id"], deal["pipeline"]["id"]);
    }
}

#[tokio::test]
async fn small_lists_are_filtered_by_what_stands_beside_the_filter() {
    let client = Client::with_records(20).await;
    let count = async |path: &str, body: Value| client.rows(path, body).await.len();
    assert_eq!(count("/businessTypes.list", json!({})).await, 8);
    assert_eq!(count("/businessTypes.list", json!({"country": "BE"})).await, 2);
    assert_eq!(count("/levelTwoAreas.list", json!({"country": "NL", "language": "nl"})).await, 6);
    assert_eq!(count("/businessTypes.list", json!({"filter": {"country": "BE"}})).await, 8);
    assert_eq!(client.control.counters().ignored.len(), 1);
}
