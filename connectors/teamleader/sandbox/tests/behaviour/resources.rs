//! Every resource: it lists and pages, and info agrees with the list.

use serde_json::{Value, json};
use teamleader_sandbox::Sandbox;

use crate::client::Client;

/// Lists that cannot be asked without naming a parent.
const PER_PARENT: [&str; 13] = [
    "users.daysOff",
    "documentTemplates",
    "notes",
    "emailTracking",
    "levelTwoAreas",
    "mailTemplates",
    "bookkeepingSubmissions",
    "incomingCreditNotes.payments",
    "incomingInvoices.payments",
    "receipts.payments",
    "projects-v2/projectLines",
    "tickets.messages",
    "files",
];

#[tokio::test]
async fn every_list_shows_all_rows_page_by_page() {
    let client = Client::with_records(30).await;
    client.control.switch(|switches| switches.requests_per_minute = None);
    for resource in Sandbox::resources().filter(|resource| !PER_PARENT.contains(resource)) {
        let path = format!("/{resource}.list");
        // Users who left are hidden unless asked for.
        let filter =
            if resource == "users" { json!({"status": ["active", "deactivated"]}) } else { json!({}) };
        let page = |number: u32| json!({"filter": filter, "page": {"size": 20, "number": number}});
        let mut rows = client.rows(&path, page(1)).await;
        let count = client.control.count(resource).unwrap();
        while rows.len() < count && rows.len() % 20 == 0 {
            rows.extend(client.rows(&path, page(u32::try_from(rows.len() / 20 + 1).unwrap())).await);
        }
        assert_eq!(rows.len(), count, "{resource}");
        assert!(rows.iter().all(|row| shown(row).all(|name| !name.starts_with('_'))), "{resource}");
    }
}

fn shown(row: &Value) -> impl Iterator<Item = &String> {
    row.as_object().unwrap().keys()
}

#[tokio::test]
async fn info_shows_what_the_list_shows_and_more() {
    let client = Client::with_records(10).await;
    let mut with_info = Vec::new();
    for resource in Sandbox::resources() {
        let path = format!("/{resource}.info");
        if client.post(&path, json!({})).await.status() == 404 {
            continue;
        }
        with_info.push(resource);
        let body = if resource == "files" {
            json!({"filter": {"subject": client.control.records("files").unwrap()[0]["subject"]}})
        } else {
            json!({})
        };
        let row = client.rows(&format!("/{resource}.list"), body).await.remove(0);
        let info = client.ok(&path, json!({"id": row["id"]})).await;
        // The info of some resources has no envelope.
        let info = info.get("data").unwrap_or(&info);
        assert!(shown(info).all(|name| !name.starts_with('_')), "{resource}");
        for name in shown(&row).filter(|name| info.get(name).is_some()) {
            agree(&row[name], &info[name], &format!("{resource}.{name}"));
        }
    }
    let few = [
        "departments",
        "quotations",
        "orders",
        "meetings",
        "calls",
        "tasks",
        "timeTracking",
        "plannableItems",
        "creditNotes",
        "subscriptions",
        "products",
        "milestones",
        "projects-v2/projectGroups",
        "projects-v2/tasks",
        "projects-v2/materials",
        "tickets",
        "files",
    ];
    assert!(few.iter().all(|resource| with_info.contains(resource)), "{with_info:?}");
}

/// Objects may have more fields in info.
fn agree(listed: &Value, informed: &Value, path: &str) {
    match (listed, informed) {
        (Value::Object(listed), Value::Object(informed)) => {
            for (name, value) in listed {
                agree(value, &informed[name], &format!("{path}.{name}"));
            }
        }
        _ => assert_eq!(listed, informed, "{path}"),
    }
}

#[tokio::test]
async fn objects_may_have_fields_that_only_info_shows() {
    let client = Client::with_records(10).await;
    let row = client.rows("/invoices.list", json!({})).await.remove(0);
    let id = row["id"].as_str().unwrap();
    assert!(row["invoicee"].get("email").is_none());
    client.control.update("invoices", id, json!({"note": "Nieuw"})).unwrap();
    let info = client.ok("/invoices.info", json!({"id": id})).await["data"].clone();
    assert_eq!(info["note"], "Nieuw");
    assert!(info["invoicee"].get("email").is_some() && info["total"].get("withheld_taxes").is_some());
    let row = client.rows("/invoices.list", json!({"filter": {"ids": [id]}})).await.remove(0);
    assert!(row["invoicee"].get("email").is_none() && row["invoicee"].get("name").is_some());
}

#[tokio::test]
async fn info_of_tracked_time_tells_whether_it_may_be_changed() {
    let client = Client::with_records(2).await;
    let row = client.rows("/timeTracking.list", json!({})).await.remove(0);
    assert_eq!(client.ok("/timeTracking.info", json!({"id": row["id"]})).await["meta"]["updatable"], true);
}

#[tokio::test]
async fn rows_without_an_id_are_changed_and_deleted_by_a_hidden_one() {
    let client = Client::with_records(10).await;
    let tags = async || -> Vec<String> {
        let rows = client.rows("/tags.list", json!({})).await;
        rows.iter().map(|row| row["tag"].as_str().unwrap().to_owned()).collect()
    };
    let before = tags().await;
    let id = client.control.insert("tags", json!({"tag": "Nieuw"})).unwrap();
    assert!(tags().await.contains(&"Nieuw".to_owned()));
    client.control.update("tags", &id, json!({"tag": "Oud"})).unwrap();
    assert!(tags().await.contains(&"Oud".to_owned()));
    client.control.delete("tags", &id).unwrap();
    assert_eq!(tags().await, before);
}

#[tokio::test]
async fn a_list_with_one_order_ignores_the_other() {
    let client = Client::with_records(10).await;
    let ascending = client.rows("/tags.list", json!({})).await;
    let body = json!({"sort": [{"field": "tag", "order": "desc"}]});
    assert_eq!(client.rows("/tags.list", body).await, ascending);
    assert!(client.control.counters().ignored.contains_key("tags.list sort.tag"));
}

#[tokio::test]
async fn the_default_of_a_list_is_told_in_its_meta() {
    let client = Client::with_records(10).await;
    let answer = client.ok("/dealPipelines.list", json!({"includes": "pagination"})).await;
    assert_eq!(answer["meta"]["default"], answer["data"][0]["id"]);
    assert!(client.ok("/dealPipelines.list", json!({})).await.get("meta").is_none());
}

#[tokio::test]
async fn what_is_no_longer_active_is_hidden_by_a_switch() {
    let client = Client::with_records(10).await;
    let count = async |filter: Value| client.rows("/departments.list", json!({"filter": filter})).await.len();
    let archived = client.control.records("departments").unwrap()[1]["id"].as_str().unwrap().to_owned();
    client.control.update("departments", &archived, json!({"status": "archived"})).unwrap();
    let all = count(json!({})).await;
    assert_eq!(all, client.control.count("departments").unwrap());
    client.control.switch(|switches| switches.active_only = vec!["departments".into()]);
    assert!(count(json!({})).await < all);
    assert_eq!(count(json!({"status": ["active", "archived"]})).await, all);
}

#[tokio::test]
async fn resources_without_info_do_not_have_the_path() {
    let client = Client::with_records(1).await;
    for path in [
        "/teams.info",
        "/users.daysOff.list",
        "/users.daysOff.info",
        "/tags.info",
        "/expenses.info",
        "/receipts.list",
        "/incomingInvoices.list",
    ] {
        assert_eq!(client.post(path, json!({})).await.status(), 404, "{path}");
    }
}
