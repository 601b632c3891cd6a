//! An account in which people work while it is read.

use std::time::Duration;

use serde_json::{Value, json};
use teamleader_sandbox::{Action, Scheduled};

use crate::client::{Client, ids};

#[tokio::test]
async fn a_row_deleted_between_two_pages_hides_another_one() {
    let client = Client::with_records(30).await;
    let all = ids(&client.control.records("companies").unwrap());
    let action = Action::Delete { resource: "companies".into(), id: all[3].clone() };
    client.control.schedule(Scheduled::after(1, "/companies.list", action));
    let (seen, sizes) = client.walk("/companies.list", 10).await;
    assert_eq!(sizes, [10, 10, 9]);
    assert!(!seen.contains(&all[10]), "the row that moved to the page before");
    assert_eq!(client.refused("/companies.info", json!({"id": all[3]})).await.0, 404);
}

#[tokio::test]
async fn a_row_inserted_between_two_pages_repeats_another_one() {
    let client = Client::with_records(20).await;
    let action = Action::Insert { resource: "deals".into(), fields: serde_json::Map::new() };
    client.control.schedule(Scheduled::after(1, "/deals.list", action));
    let (seen, _) = client.walk("/deals.list", 10).await;
    assert_eq!(seen[9], seen[10], "newest first, so everything moved down by one");
}

#[tokio::test]
async fn a_row_updated_during_a_walk_moves_to_its_end() {
    let client = Client::with_records(30).await;
    let body =
        |number: u32| json!({"sort": [{"field": "updated_at"}], "page": {"size": 10, "number": number}});
    let first = client.rows("/companies.list", body(1)).await;
    let id = first[0]["id"].as_str().unwrap();
    client.control.update("companies", id, json!({"name": "Ünïcode \"quoted\" \\ 🚀"})).unwrap();
    let last = client.rows("/companies.list", body(3)).await;
    assert_eq!(last[9]["id"], id);
    assert_eq!(last[9]["name"], "Ünïcode \"quoted\" \\ 🚀");
    assert!(last[9]["updated_at"].as_str() > first[0]["updated_at"].as_str());
    assert_eq!(last[9]["added_at"], first[0]["added_at"]);
}

#[tokio::test]
async fn a_silent_change_is_not_an_update() {
    let client = Client::with_records(3).await;
    let before = client.control.records("contacts").unwrap().remove(0);
    let id = before["id"].as_str().unwrap();
    client.control.update_silently("contacts", id, json!({"tags": ["new"]})).unwrap();
    let after = client.control.records("contacts").unwrap().remove(0);
    assert_eq!((&after["tags"], &after["updated_at"]), (&json!(["new"]), &before["updated_at"]));
}

#[tokio::test]
async fn changes_keep_what_they_do_not_name_and_carry_fields_nobody_knows() {
    let client = Client::with_records(2).await;
    let id = ids(&client.control.records("invoices").unwrap()).remove(0);
    let before = client.control.record("invoices", &id).unwrap().unwrap();
    client.control.update("invoices", &id, json!({"note": null, "x_new": {"a": 1}})).unwrap();
    let mut after = client.control.record("invoices", &id).unwrap().unwrap();
    assert_eq!(after["x_new"], json!({"a": 1}));
    let row = client
        .rows("/invoices.list", json!({"filter": {"ids": [id]}, "includes": "late_fees"}))
        .await
        .remove(0);
    assert_eq!(row["x_new"], json!({"a": 1}));
    assert_eq!(row["total"], client.control.records("invoices").unwrap()[0]["total"]);
    after.as_object_mut().unwrap().remove("x_new");
    let mut expected = before.clone();
    expected["note"] = Value::Null;
    expected["updated_at"] = after["updated_at"].clone();
    assert_eq!(after, expected);
}

#[tokio::test]
async fn an_object_with_parts_of_its_own_can_become_null() {
    let client = Client::with_records(2).await;
    let id = ids(&client.control.records("invoices").unwrap()).remove(0);
    client.control.update("invoices", &id, json!({"total": null})).unwrap();
    let row = client.rows("/invoices.list", json!({"filter": {"ids": [id]}})).await.remove(0);
    assert!(row["total"].is_null() && row["web_url"].is_string());
}

#[tokio::test]
async fn inserted_rows_are_complete_and_sorted_in() {
    let client = Client::with_records(4).await;
    let id = "11111111-1111-0111-8111-111111111111";
    let fields = json!({"id": id, "name": "Mine", "added_at": "2020-01-01T00:00:00+00:00", "updated_at": "2020-01-02T00:00:00+00:00"});
    assert_eq!(client.control.insert("companies", fields.clone()).unwrap(), id);
    assert!(client.control.insert("companies", fields).is_err());
    let rows = client.rows("/companies.list", json!({"sort": [{"field": "updated_at"}]})).await;
    assert_eq!((&rows[0]["id"], &rows[0]["name"]), (&json!(id), &json!("Mine")));
    assert_eq!(client.control.count("companies").unwrap(), 5);
    assert!(client.control.violations("companies").unwrap().is_empty());
}

#[tokio::test]
async fn orders_stay_right_under_many_changes() {
    let client = Client::with_records(40).await;
    client.control.switch(|switches| switches.requests_per_minute = None);
    let body = json!({"sort": [{"field": "updated_at"}], "page": {"size": 100}});
    for round in 0..40_usize {
        let all = ids(&client.control.records("companies").unwrap());
        let id = &all[(round * 7) % all.len()];
        match round % 3 {
            0 => drop(client.control.insert("companies", json!({})).unwrap()),
            1 => client.control.update("companies", id, json!({"tags": []})).unwrap(),
            _ => client.control.delete("companies", id).unwrap(),
        }
        client.control.advance(Duration::from_secs(1));
        let rows = client.rows("/companies.list", body.clone()).await;
        assert!(rows.iter().map(|row| row["updated_at"].as_str()).is_sorted());
        let (mut seen, mut expected) = (ids(&rows), ids(&client.control.records("companies").unwrap()));
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected);
    }
}
