//! Lists that are asked for one parent at a time.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::account::id;
use crate::client::Client;

/// Resource, path, and the field that leads to the parent.
const LISTS: [(&str, &str, &str); 15] = [
    ("users.daysOff", "/users.listDaysOff", "user"),
    ("documentTemplates", "/documentTemplates.list", "department"),
    ("notes", "/notes.list", "subject"),
    ("emailTracking", "/emailTracking.list", "subject"),
    ("dealPhases", "/dealPhases.list", "_parent"),
    ("reservations", "/reservations.list", "plannable_item"),
    ("bookkeepingSubmissions", "/bookkeepingSubmissions.list", "subject"),
    ("incomingCreditNotes.payments", "/incomingCreditNotes.listPayments", "_parent"),
    ("incomingInvoices.payments", "/incomingInvoices.listPayments", "_parent"),
    ("receipts.payments", "/receipts.listPayments", "_parent"),
    ("milestones", "/milestones.list", "project"),
    ("projects-v2/projectLines", "/projects-v2/projectLines.list", "_parent"),
    ("projects-v2/projectGroups", "/projects-v2/projectGroups.list", "project"),
    ("tickets.messages", "/tickets.listMessages", "_parent"),
    ("files", "/files.list", "subject"),
];

/// How the rows of one parent are asked for.
fn question(resource: &str, row: &Value, owner: &Value) -> Value {
    let filter = match resource {
        "users.daysOff"
        | "tickets.messages"
        | "incomingCreditNotes.payments"
        | "incomingInvoices.payments"
        | "receipts.payments" => return json!({"id": owner["id"], "page": {"size": 100}}),
        "projects-v2/projectLines" => return json!({"project_id": owner["id"]}),
        "milestones" | "projects-v2/projectGroups" => json!({"project_id": owner["id"]}),
        "documentTemplates" => {
            json!({"department_id": owner["id"], "document_type": row["document_type"]})
        }
        "reservations" => json!({"plannable_item_ids": [owner["id"]]}),
        "dealPhases" => json!({"deal_pipeline_id": owner["id"]}),
        _ => json!({"subject": owner}),
    };
    json!({"filter": filter, "page": {"size": 100}})
}

#[tokio::test]
async fn a_parent_is_answered_with_exactly_its_rows() {
    let client = Client::with_records(120).await;
    client.control.switch(|switches| switches.requests_per_minute = None);
    for (resource, path, field) in LISTS {
        let mut expected: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for row in client.control.records(resource).unwrap() {
            let question = question(resource, &row, &row[field]).to_string();
            expected.entry(question).or_default().push(shown(row));
        }
        assert!(!expected.is_empty(), "{resource}");
        for (question, expected) in expected {
            let rows = client.rows(path, serde_json::from_str(&question).unwrap()).await;
            assert_eq!(sorted(&rows), sorted(&expected), "{question}");
        }
    }
}

/// What the API shows of a row: nothing that is hidden.
fn shown(mut row: Value) -> Value {
    row.as_object_mut().unwrap().retain(|name, _| !name.starts_with('_'));
    row
}

/// Some lists have an order of their own.
fn sorted(rows: &[Value]) -> Vec<String> {
    let mut rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    rows.sort_unstable();
    rows
}

#[tokio::test]
async fn some_parents_have_several_rows_and_most_have_none() {
    let client = Client::with_records(1_000).await;
    let mut notes: BTreeMap<String, usize> = BTreeMap::new();
    for note in client.control.records("notes").unwrap() {
        *notes.entry(note["subject"]["id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let companies = client.control.records("companies").unwrap();
    let counts: Vec<usize> =
        companies.iter().map(|row| notes.get(id(row)).copied().unwrap_or_default()).collect();
    assert!(counts.iter().filter(|count| **count == 0).count() > 500);
    assert!(counts.iter().filter(|count| **count > 1).count() > 100);
}

#[tokio::test]
async fn lists_of_one_parent_follow_what_is_inserted_moved_and_deleted() {
    let client = Client::with_records(20).await;
    let companies = client.control.records("companies").unwrap();
    let subject = |place: usize| json!({"type": "company", "id": companies[place]["id"]});
    let contents = async |place: usize| -> Vec<String> {
        let rows = client.rows("/notes.list", json!({"filter": {"subject": subject(place)}})).await;
        rows.iter().map(|row| row["content"].as_str().unwrap().to_owned()).collect()
    };
    let (mut first, mut second) = (contents(1).await, contents(2).await);
    let fields = json!({"subject": subject(1), "content": "Belt terug"});
    let note = client.control.insert("notes", fields).unwrap();
    first.push("Belt terug".into());
    assert_eq!(contents(1).await, first);
    client.control.update("notes", &note, json!({"subject": subject(2)})).unwrap();
    second.push(first.pop().unwrap());
    assert_eq!((contents(1).await, contents(2).await), (first.clone(), second.clone()));
    client.control.delete("notes", &note).unwrap();
    second.pop();
    assert_eq!((contents(1).await, contents(2).await), (first, second));
}

#[tokio::test]
async fn a_list_that_needs_a_parent_is_refused_without_one() {
    let client = Client::with_records(5).await;
    let needed: [(&str, &[&str]); 13] = [
        ("/users.listDaysOff", &["id must be present"]),
        ("/documentTemplates.list", &["department_id must be present", "document_type must be present"]),
        ("/notes.list", &["subject must be present"]),
        ("/emailTracking.list", &["subject must be present"]),
        ("/levelTwoAreas.list", &["country must be present"]),
        ("/bookkeepingSubmissions.list", &["subject must be present"]),
        ("/incomingInvoices.listPayments", &["id must be present"]),
        ("/incomingCreditNotes.listPayments", &["id must be present"]),
        ("/receipts.listPayments", &["id must be present"]),
        ("/projects-v2/projectLines.list", &["project_id must be present"]),
        ("/tickets.listMessages", &["id must be present"]),
        ("/files.list", &["subject must be present"]),
        ("/mailTemplates.list", &["type must be present"]),
    ];
    for (path, titles) in needed {
        let expected: Vec<String> = titles.iter().map(ToString::to_string).collect();
        assert_eq!(client.refused(path, json!({})).await, (400, expected), "{path}");
    }
    let nulls = json!({"filter": {"subject": null}});
    assert_eq!(client.refused("/notes.list", nulls).await.0, 400);
    let unknown =
        json!({"filter": {"subject": {"type": "moon", "id": "eab232c6-49b2-0b7e-a977-5e1148dad471"}}});
    assert_eq!(client.refused("/notes.list", unknown).await.0, 400);
    assert!(client.control.counters().ignored.is_empty());
}

#[tokio::test]
async fn a_parent_that_is_gone_has_no_rows_or_is_refused() {
    let client = Client::with_records(20).await;
    let company = client.control.records("companies").unwrap().remove(3);
    let user = client.control.records("users").unwrap().remove(3);
    client.control.delete("companies", id(&company)).unwrap();
    client.control.delete("users", id(&user)).unwrap();
    let notes = json!({"filter": {"subject": {"type": "company", "id": company["id"]}}});
    let days = json!({"id": user["id"]});
    client.ok("/notes.list", notes.clone()).await;
    client.ok("/users.listDaysOff", days.clone()).await;
    client.control.switch(|switches| switches.unknown_parent_refused = true);
    assert_eq!(client.refused("/notes.list", notes).await, (400, vec!["Invalid subject".to_owned()]));
    assert_eq!(client.refused("/users.listDaysOff", days).await.0, 404);
    let other = client.control.records("users").unwrap().remove(0);
    client.ok("/users.listDaysOff", json!({"id": other["id"]})).await;
}

#[tokio::test]
async fn hidden_parents_are_shown_by_the_control_alone() {
    let client = Client::with_records(20).await;
    let phase = client.control.records("dealPhases").unwrap().remove(0);
    assert_eq!(phase["_parent"]["type"], "dealPipeline");
    let rows = client.rows("/dealPhases.list", json!({})).await;
    assert!(rows.iter().all(|row| row.get("_parent").is_none() && row["name"].is_string()));
}
