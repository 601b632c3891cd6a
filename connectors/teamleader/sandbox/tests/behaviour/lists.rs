//! Lists: pages, filters, sorts, includes.

use serde_json::{Value, json};

use crate::client::{Client, ids};

#[tokio::test]
async fn a_walk_over_250_rows_takes_pages_of_100_100_and_50() {
    let client = Client::with_records(250).await;
    let (seen, sizes) = client.walk("/companies.list", 100).await;
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(seen, ids(&client.control.records("companies").unwrap()));
}

#[tokio::test]
async fn a_page_holds_20_rows_unless_asked_and_none_past_the_end() {
    let client = Client::with_records(45).await;
    assert_eq!(client.rows("/contacts.list", json!({})).await.len(), 20);
    assert_eq!(client.rows("/contacts.list", json!({"page": {"size": 20, "number": 3}})).await.len(), 5);
    assert_eq!(client.rows("/contacts.list", json!({"page": {"size": 20, "number": 4}})).await.len(), 0);
}

#[tokio::test]
async fn pages_outside_the_allowed_range_are_refused() {
    let client = Client::with_records(5).await;
    let (status, titles) = client.refused("/deals.list", json!({"page": {"size": 101, "number": 0}})).await;
    assert_eq!((status, titles.len()), (400, 2));
    client.control.switch(|switches| switches.clamp_page_size = true);
    assert_eq!(client.rows("/deals.list", json!({"page": {"size": 101}})).await.len(), 5);
}

#[tokio::test]
async fn departments_ignore_the_page_and_return_everything() {
    let client = Client::with_records(50).await;
    let rows = client.rows("/departments.list", json!({"page": {"size": 1, "number": 7}})).await;
    assert_eq!(rows.len(), 4);
}

#[tokio::test]
async fn an_invented_filter_returns_all_rows_and_is_counted() {
    let client = Client::with_records(12).await;
    let body =
        json!({"filter": {"invented": 1}, "sort": [{"field": "nothing"}], "includes": "moon", "other": 1});
    assert_eq!(client.rows("/companies.list", body).await.len(), 12);
    let ignored = client.control.counters().ignored;
    let names: Vec<_> = ignored.keys().map(String::as_str).collect();
    let expected = ["body.other", "filter.invented", "includes.moon", "sort.nothing"];
    assert_eq!(names, expected.map(|name| format!("companies.list {name}")));
}

#[tokio::test]
async fn bad_values_of_known_filters_are_reported_one_by_one() {
    let client = Client::with_records(3).await;
    let filter = json!({"ids": ["x"], "status": "gone", "updated_since": "2024-01-01", "tags": "one"});
    let (status, titles) = client.refused("/companies.list", json!({ "filter": filter })).await;
    assert_eq!(status, 400);
    let expected = [
        "ids invalid uuid",
        "updated_since must be a valid date",
        "tags must be an array",
        "status must be in `{ \"active\", \"deactivated\" }`",
    ];
    assert_eq!(titles, expected);
}

#[tokio::test]
async fn updated_since_includes_the_second_it_names() {
    let client = Client::with_records(60).await;
    let rows = client.control.records("invoices").unwrap();
    for since in rows.iter().map(|row| row["updated_at"].as_str().unwrap()) {
        let body = json!({"filter": {"updated_since": since}, "page": {"size": 100}});
        let expected = rows.iter().filter(|row| row["updated_at"].as_str().unwrap() >= since).count();
        client.control.switch(|switches| switches.requests_per_minute = None);
        assert_eq!(client.rows("/invoices.list", body).await.len(), expected, "{since}");
    }
}

#[tokio::test]
async fn updated_since_understands_offsets_and_works_where_rows_hide_the_time() {
    let mut client = Client::with_records(3).await;
    let id = ids(&client.control.records("projects").unwrap()).remove(1);
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    client.control.set_clock(now);
    client.control.freeze_clock(true);
    client.token = client.control.issue_tokens().access_token;
    client.control.update("projects", &id, json!({"title": "new"})).unwrap();
    let body = |since: &str| json!({"filter": {"updated_since": since}});
    let rows = client.rows("/projects.list", body("2026-03-01T14:00:00+02:00")).await;
    assert_eq!(ids(&rows), [id]);
    assert!(rows[0].get("updated_at").is_none());
    assert!(client.rows("/projects.list", body("2026-03-01T12:00:01+00:00")).await.is_empty());
}

#[tokio::test]
async fn ids_find_rows_whatever_their_order_and_pass_over_unknown_ones() {
    let client = Client::with_records(30).await;
    let all = ids(&client.control.records("companies").unwrap());
    let unknown = "00000000-0000-0000-0000-000000000000";
    let body = |ids: Value| json!({"filter": {"ids": ids}});
    let rows = client.rows("/companies.list", body(json!([all[7], unknown, all[3], all[7]]))).await;
    assert_eq!(ids(&rows), [all[3].clone(), all[7].clone()]);
    assert!(client.rows("/companies.list", body(json!([]))).await.is_empty());
}

#[tokio::test]
async fn users_that_left_are_hidden_unless_asked_for() {
    let client = Client::with_records(25).await;
    let count = async |filter: Value| {
        client.rows("/users.list", json!({"filter": filter, "page": {"size": 100}})).await.len()
    };
    assert_eq!(count(json!({})).await, 20);
    assert_eq!(count(json!({"status": ["active", "deactivated"]})).await, 25);
}

#[tokio::test]
async fn rows_come_in_the_order_asked_for_or_the_default_one() {
    let client = Client::with_records(80).await;
    let column = async |path: &str, sort: Value, name: &str| -> Vec<String> {
        let body = if sort.is_null() { json!({}) } else { json!({"sort": [sort]}) };
        let rows = client.rows(path, body).await;
        rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
    };
    let ascending = column("/companies.list", json!({"field": "updated_at"}), "updated_at").await;
    assert!(ascending.is_sorted());
    let descending = json!({"field": "updated_at", "order": "desc"});
    assert!(column("/companies.list", descending, "updated_at").await.is_sorted_by(|a, b| a >= b));
    assert!(column("/deals.list", Value::Null, "created_at").await.is_sorted_by(|a, b| a >= b));
    assert!(column("/events.list", Value::Null, "starts_at").await.is_sorted());
    assert!(column("/projects.list", Value::Null, "due_on").await.is_sorted());
    let names = column("/companies.list", json!({"field": "name", "order": "asc"}), "name").await;
    assert!(names.iter().map(|name| name.to_lowercase()).is_sorted());
}

#[tokio::test]
async fn fields_of_includes_and_of_info_appear_only_where_they_belong() {
    let client = Client::with_records(5).await;
    let plain = client.rows("/companies.list", json!({})).await.remove(0);
    assert!(plain.get("custom_fields").is_none() && plain.get("price_list").is_none());
    assert!(plain.get("primary_address").is_some() && plain.get("remarks").is_none());

    let full =
        client.rows("/companies.list", json!({"includes": "custom_fields,price_list"})).await.remove(0);
    assert_eq!(full["custom_fields"].as_array().unwrap().len(), 17);
    assert!(full.get("price_list").is_some());

    let info = client.ok("/companies.info", json!({"id": plain["id"]})).await["data"].clone();
    assert!(info.get("remarks").is_some() && info.get("addresses").is_some());
    assert!(info.get("primary_address").is_none() && info.get("price_list").is_none());
    assert_eq!(info["custom_fields"], full["custom_fields"]);

    let fee = |row: &Value| row["total"].get("fixed_late_fee").is_some();
    assert!(!fee(&client.rows("/invoices.list", json!({})).await[0]));
    assert!(fee(&client.rows("/invoices.list", json!({"includes": "late_fees"})).await[0]));
    assert!(fee(&client.rows("/invoices.list", json!({"includes": "totals.fixed_late_fee"})).await[0]));
}

#[tokio::test]
async fn totals_are_told_only_where_the_service_tells_them() {
    let client = Client::with_records(42).await;
    let body = json!({"includes": "pagination", "page": {"size": 10, "number": 2}});
    let projects = client.ok("/projects-v2/projects.list", body.clone()).await;
    assert_eq!(projects["meta"], json!({"page": {"size": 10, "number": 2}, "matches": 42}));
    assert!(client.ok("/contacts.list", body.clone()).await.get("meta").is_none());
    client.control.switch(|switches| switches.meta_everywhere = true);
    assert_eq!(client.ok("/contacts.list", body).await["meta"]["matches"], 42);
}

#[tokio::test]
async fn filters_find_rows_by_what_they_show() {
    let client = Client::with_records(40).await;
    client.control.switch(|switches| switches.requests_per_minute = None);
    let deals = client.control.records("deals").unwrap();
    for deal in &deals {
        let filters = [
            json!({"customer": deal["lead"]["customer"]}),
            json!({"status": [deal["status"]]}),
            json!({"phase_id": deal["current_phase"]["id"]}),
            json!({"term": deal["title"].as_str().unwrap().to_uppercase()}),
            json!({"estimated_closing_date": deal["estimated_closing_date"]}),
            json!({"created_before": deal["created_at"]}),
        ];
        for filter in filters {
            let rows = client.rows("/deals.list", json!({"filter": filter, "page": {"size": 100}})).await;
            assert!(ids(&rows).contains(&deal["id"].as_str().unwrap().to_owned()), "{filter}");
        }
    }
    let open = client.rows("/deals.list", json!({"filter": {"status": ["open"]}})).await;
    assert!(!open.is_empty() && open.iter().all(|deal| deal["status"] == "open"));
}

#[tokio::test]
async fn filters_see_what_only_info_shows() {
    let client = Client::with_records(30).await;
    let contacts = client.control.records("contacts").unwrap();
    let record = |id: &Value| client.control.record("contacts", id.as_str().unwrap()).unwrap().unwrap();
    let contact =
        contacts.iter().map(|row| record(&row["id"])).find(|row| row["companies"][0].is_object()).unwrap();
    let company = &contact["companies"][0]["company"]["id"];
    let rows = client.rows("/contacts.list", json!({"filter": {"company_id": company}})).await;
    assert!(rows.iter().any(|row| row["id"] == contact["id"]));
    assert!(rows.len() < 30);
}

#[tokio::test]
async fn sideloads_stand_beside_the_rows_by_type() {
    let client = Client::with_records(20).await;
    let answer = client.ok("/deals.list", json!({"include": "lead.customer,responsible_user"})).await;
    let companies = answer["included"]["company"].as_array().unwrap();
    assert!(companies.iter().all(|company| company["name"].is_string()));
    assert!(!answer["included"]["user"].as_array().unwrap().is_empty());
    client.control.switch(|switches| switches.sideloading = false);
    assert!(client.ok("/deals.list", json!({"include": "lead.customer"})).await.get("included").is_none());
}

#[tokio::test]
async fn get_means_the_same_as_post_until_it_is_switched_off() {
    let client = Client::with_records(30).await;
    let id = ids(&client.control.records("companies").unwrap()).remove(4);
    let get = async |path: String| {
        client.http.get(client.url(&path)).bearer_auth(&client.token).send().await.unwrap()
    };
    let body: Value = get("/companies.list?page[size]=7&page[number]=2".into()).await.json().await.unwrap();
    assert_eq!(body, client.ok("/companies.list", json!({"page": {"size": 7, "number": 2}})).await);
    let body: Value = get(format!("/companies.list?filter[ids][]={id}")).await.json().await.unwrap();
    assert_eq!(body["data"][0]["id"], *id);
    assert_eq!(get(format!("/companies.info?id={id}")).await.status(), 200);
    client.control.switch(|switches| switches.get_allowed = false);
    assert_eq!(get("/companies.list".into()).await.status(), 405);
}

#[tokio::test]
async fn older_versions_show_options_as_texts() {
    let client = Client::with_records(1).await;
    client.control.switch(|switches| switches.client_version = "2021-09-01".into());
    let rows = client.rows("/customFieldDefinitions.list", json!({"page": {"size": 100}})).await;
    let select = rows.iter().find(|row| row["type"] == "single_select").unwrap();
    assert!(select["configuration"]["options"][0].is_string());
}

#[tokio::test]
async fn older_versions_call_some_fields_by_older_names() {
    let client = Client::with_records(1).await;
    client.control.switch(|switches| switches.client_version = "2021-09-01".into());
    let subscription = client.rows("/subscriptions.list", json!({})).await.remove(0);
    assert!(subscription.get("remark").is_some() && subscription.get("note").is_none());
    assert!(subscription["periodicity"]["unit"].is_string() && subscription.get("billing_cycle").is_none());
    let meeting = client.rows("/meetings.list", json!({})).await.remove(0);
    assert!(meeting["name"].is_string() && meeting.get("title").is_none());
}

#[tokio::test]
async fn definitions_of_deals_are_asked_as_deal_and_answered_as_sale() {
    let client = Client::with_records(1).await;
    let body = json!({"filter": {"context": "deal"}, "page": {"size": 100}});
    let rows = client.rows("/customFieldDefinitions.list", body).await;
    assert_eq!(rows.len(), 17);
    assert!(rows.iter().all(|row| row["context"] == "sale"));
}
