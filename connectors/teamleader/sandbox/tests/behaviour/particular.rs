//! What single resources do that others do not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::account::{everything, id};
use crate::client::{Client, ids};

async fn found(client: &Client, path: &str, filter: Value) -> BTreeSet<String> {
    let rows = client.rows(path, json!({"filter": filter, "page": {"size": 100}})).await;
    rows.iter().map(Value::to_string).collect()
}

#[tokio::test]
async fn the_lines_of_a_project_are_its_tasks_materials_and_groups() {
    let client = Client::with_records(60).await;
    client.control.switch(|switches| switches.requests_per_minute = None);
    let kinds = [
        ("projects-v2/tasks", "nextgenTask"),
        ("projects-v2/materials", "nextgenMaterial"),
        ("projects-v2/projectGroups", "nextgenProjectGroup"),
    ];
    let mut parts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (resource, kind) in kinds {
        for part in client.control.records(resource).unwrap() {
            let group = part.get("group").cloned().unwrap_or_default();
            let line = json!({"line": {"type": kind, "id": part["id"]}, "group": group});
            parts.entry(part["project"]["id"].to_string()).or_default().insert(line.to_string());
        }
    }
    let mut lines = 0;
    for project in client.control.records("projects-v2/projects").unwrap() {
        let expected = parts.remove(&project["id"].to_string()).unwrap_or_default();
        let rows = client.rows("/projects-v2/projectLines.list", json!({"project_id": project["id"]})).await;
        assert_eq!(rows.iter().map(Value::to_string).collect::<BTreeSet<_>>(), expected);
        lines += rows.len();
    }
    assert_eq!(lines, 180);
}

#[tokio::test]
async fn lines_are_found_by_what_they_are_and_by_who_works_on_them() {
    let client = Client::with_records(60).await;
    let tasks = client.control.records("projects-v2/tasks").unwrap();
    let task = tasks.iter().find(|task| task["assignees"][0].is_object()).unwrap();
    let lines = async |filter: Value| {
        let body = json!({"project_id": task["project"]["id"], "filter": filter});
        client.rows("/projects-v2/projectLines.list", body).await
    };
    let all = lines(json!({})).await;
    let only = lines(json!({"types": ["nextgenTask"]})).await;
    assert!(only.iter().all(|line| line["line"]["type"] == "nextgenTask") && only.len() <= all.len());
    let own = lines(json!({"assignees": [task["assignees"][0]["assignee"]]})).await;
    assert!(own.iter().any(|line| line["line"]["id"] == task["id"]));
}

#[tokio::test]
async fn expenses_are_found_by_kind_state_and_day() {
    let client = Client::with_records(60).await;
    let rows = client.control.records("expenses").unwrap();
    let expected = |keep: &dyn Fn(&Value) -> bool| rows.iter().filter(|row| keep(row)).count();
    let count = async |filter: Value| found(&client, "/expenses.list", filter).await.len();
    let receipts = count(json!({"source_types": ["receipt"]})).await;
    assert_eq!(receipts, expected(&|row| row["source"]["type"] == "receipt"));
    assert_eq!(receipts, 20);
    let paid = count(json!({"payment_statuses": ["paid", "credited"]})).await;
    assert_eq!(paid, expected(&|row| row["payment_status"] == "paid"));
    let empty = count(json!({"paid_at": {"operator": "is_empty"}})).await;
    assert_eq!(empty, expected(&|row| row["paid_at"].is_null()));
    let day = rows[30]["document_date"].as_str().unwrap();
    let before = count(json!({"document_date": {"operator": "before", "value": day}})).await;
    assert_eq!(before, expected(&|row| row["document_date"].as_str().is_some_and(|date| date < day)));
    let bad = json!({"filter": {"document_date": {"operator": "near"}, "source_types": ["bill"]}});
    assert_eq!(client.refused("/expenses.list", bad).await.1.len(), 2);
}

#[tokio::test]
async fn payments_of_an_expense_come_with_their_sum() {
    let client = Client::with_records(30).await;
    let payments = client.control.records("receipts.payments").unwrap();
    let receipt = &payments[0]["_parent"]["id"];
    let answer = client.ok("/receipts.listPayments", json!({"id": receipt})).await;
    let amounts =
        answer["data"].as_array().unwrap().iter().map(|row| row["payment"]["amount"].as_f64().unwrap());
    let sum: f64 = amounts.sum();
    assert!((answer["meta"]["total"]["amount"].as_f64().unwrap() - sum).abs() < 0.005);
}

#[tokio::test]
async fn the_default_payment_term_is_told() {
    let client = Client::with_records(1).await;
    let answer = client.ok("/paymentTerms.list", json!({})).await;
    assert!(
        ids(answer["data"].as_array().unwrap())
            .contains(&answer["meta"]["default"].as_str().unwrap().to_owned())
    );
}

#[tokio::test]
async fn credit_notes_before_a_day_leave_that_day_out() {
    let client = Client::with_records(30).await;
    let rows = client.control.records("creditNotes").unwrap();
    let day = rows[10]["credit_note_date"].as_str().unwrap();
    let count = async |filter: Value| found(&client, "/creditNotes.list", filter).await.len();
    let dated = rows.iter().filter(|row| row["credit_note_date"].is_string()).count();
    let before = count(json!({"credit_note_date_before": day})).await;
    let after = count(json!({"credit_note_date_after": day})).await;
    assert_eq!(before + after, dated);
}

#[tokio::test]
async fn milestones_are_found_by_the_day_they_are_due() {
    let client = Client::with_records(40).await;
    let rows = client.control.records("milestones").unwrap();
    let day = rows[20]["due_on"].as_str().unwrap();
    for (filter, expected) in [
        (
            json!({"due_before": day}),
            rows.iter().filter(|row| row["due_on"].as_str().unwrap() <= day).count(),
        ),
        (json!({"due_after": day}), rows.iter().filter(|row| row["due_on"].as_str().unwrap() >= day).count()),
    ] {
        assert_eq!(found(&client, "/milestones.list", filter).await.len(), expected);
    }
}

#[tokio::test]
async fn tickets_are_found_by_the_statuses_they_do_not_have() {
    let client = Client::with_records(40).await;
    let statuses = client.control.records("ticketStatus").unwrap();
    let closed = statuses.iter().find(|status| status["status"] == "closed").unwrap();
    let open = json!({"exclude": {"status_ids": [closed["id"]]}});
    let rows = client.rows("/tickets.list", json!({"filter": open, "page": {"size": 100}})).await;
    assert!(rows.iter().all(|row| row["closed_at"].is_null()) && !rows.is_empty() && rows.len() < 40);
}

#[tokio::test]
async fn tickets_and_their_messages_come_without_an_envelope() {
    let client = Client::with_records(10).await;
    let ticket = ids(&client.control.records("tickets").unwrap()).remove(0);
    let info = client.ok("/tickets.info", json!({"id": ticket})).await;
    assert_eq!((&info["id"], info.get("data")), (&json!(ticket), None));
    client.control.switch(|switches| switches.bare_info.clear());
    assert_eq!(client.ok("/tickets.info", json!({"id": ticket})).await["data"]["id"], ticket);

    let message = client.control.records("tickets.messages").unwrap().remove(0);
    let answer = client.ok("/tickets.getMessage", json!({"message_id": message["message_id"]})).await;
    assert_eq!((&answer["ticket"], &answer["raw_body"]), (&message["_parent"], &message["body"]));
    assert!(answer.get("_parent").is_none());
    assert_eq!(client.refused("/tickets.getMessage", json!({})).await.1, ["message_id must be present"]);
    let unknown = json!({"message_id": "00000000-0000-0000-0000-000000000000"});
    assert_eq!(client.refused("/tickets.getMessage", unknown).await.0, 404);
}

#[tokio::test]
async fn a_file_is_downloaded_as_large_as_it_says_it_is() {
    let client = Client::with_records(5).await;
    let file = client.control.records("files").unwrap().remove(0);
    let answer = client.ok("/files.download", json!({"id": file["id"]})).await;
    assert!(answer["data"]["expires_at"].is_string());
    let fetched = client.http.get(answer["data"]["location"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(fetched.headers()["content-type"], *file["mime_type"].as_str().unwrap());
    assert_eq!(fetched.bytes().await.unwrap().len() as u64, file["size"].as_u64().unwrap());
    for (path, resource) in [("/quotations.download", "quotations"), ("/creditNotes.download", "creditNotes")]
    {
        let id = ids(&client.control.records(resource).unwrap()).remove(0);
        let answer = client.ok(path, json!({"id": id, "format": "pdf"})).await;
        assert!(answer["data"]["location"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn documents_have_grouped_lines_of_products_that_exist() {
    let client = Client::with_records(30).await;
    let products = ids(&client.control.records("products").unwrap());
    for resource in ["invoices", "creditNotes", "subscriptions"] {
        let rows = everything(&client.control, resource);
        let groups = rows.iter().flat_map(|row| row["grouped_lines"].as_array().unwrap());
        let lines: Vec<&Value> = groups.flat_map(|group| group["line_items"].as_array().unwrap()).collect();
        assert!(lines.len() >= 30, "{resource}");
        let named = lines.iter().filter_map(|line| line["product"]["id"].as_str());
        assert!(named.clone().count() > 0 && named.clone().all(|id| products.iter().any(|it| it == id)));
    }
}

#[tokio::test]
async fn a_change_of_an_expense_is_told_as_what_it_is() {
    let client = Client::with_records(6).await;
    client.control.switch(|switches| switches.webhook_drop_percent = 100);
    let types =
        ["incomingInvoice.updated", "incomingInvoice.approved", "receipt.deleted", "ticketMessage.added"];
    client.post("/webhooks.register", json!({"url": "http://127.0.0.1:9/hook", "types": types})).await;
    let rows = client.control.records("expenses").unwrap();
    let by_kind = |kind: &str| rows.iter().find(|row| row["source"]["type"] == kind).unwrap();
    let (invoice, receipt) = (by_kind("incomingInvoice"), by_kind("receipt"));
    client.control.update_silently("expenses", id(invoice), json!({"review_status": "pending"})).unwrap();
    client.control.update("expenses", id(invoice), json!({"review_status": "approved"})).unwrap();
    client.control.delete("expenses", id(receipt)).unwrap();
    let message = client.control.insert("tickets.messages", json!({})).unwrap();
    let told: Vec<Value> = client.control.webhook_messages().into_iter().map(|told| told.payload).collect();
    let kinds: Vec<&Value> = told.iter().map(|payload| &payload["type"]).collect();
    assert_eq!(
        kinds,
        ["incomingInvoice.updated", "incomingInvoice.approved", "receipt.deleted", "ticketMessage.added"]
    );
    assert_eq!((&told[0]["subject"], &told[2]["subject"]), (&invoice["source"], &receipt["source"]));
    assert_eq!(told[3]["subject"], json!({"type": "ticketMessage", "id": message}));
}
