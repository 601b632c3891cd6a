//! Verify: what is missing, extra and different, exactly, and mended when asked.

use serde_json::{Value, json};

use crate::app::App;

async fn diverged() -> App {
    let app = App::with_companies(25);
    app.sync(json!({"streams": ["companies"]})).await;
    app.put_company("new", "b");
    app.put_company("c003", "renamed");
    app.account().companies.remove("c004");
    app.account().hidden.push("c005".into());
    app
}

#[tokio::test]
async fn what_was_just_read_is_equal() {
    let app = App::with_companies(25);
    app.sync(json!({"streams": ["companies"]})).await;
    let of_a_read = app.take_requests();
    let (report, code) = app.run("verify", json!({"streams": ["companies"]})).await;
    assert_eq!((&report["status"], code), (&json!("equal"), 0));
    assert_eq!(report["streams"][0]["compared"], 25);
    assert_eq!(app.take_requests(), of_a_read);
}

#[tokio::test]
async fn every_difference_is_named_and_nothing_is_changed() {
    let app = diverged().await;
    let (report, code) = app.run("verify", json!({"streams": ["companies"]})).await;
    assert_eq!((&report["status"], code), (&json!("different"), 69));
    let stream = &report["streams"][0];
    assert_eq!(stream["missing"], json!(["new"]));
    assert_eq!(stream["different"], json!(["c003"]));
    assert_eq!(stream["extra"], json!(["c004"]), "c005 is there, only not listed");
    assert_eq!(app.sink.live("companies").len(), 25);
}

#[tokio::test]
async fn a_repair_mends_what_it_names() {
    let app = diverged().await;
    let (report, code) = app.run("verify", json!({"streams": ["companies"], "repair": true})).await;
    assert_eq!((&report["status"], code), (&json!("repaired"), 0));
    assert_eq!(report["streams"][0]["missing_count"], 1);
    let (report, _) = app.run("verify", json!({"streams": ["companies"]})).await;
    assert_eq!(report["status"], "equal");
}

#[tokio::test]
async fn what_was_changed_by_hand_is_found_and_mended() {
    let app = App::with_companies(5);
    app.sync(json!({"streams": ["companies"]})).await;
    let change = |app: &App| {
        let mut database = app.sink.database();
        let table = database.tables.get_mut("companies").unwrap();
        table.get_mut("c001").unwrap().columns.insert("name".into(), "x".into());
        table.get_mut("c003").unwrap().document["name"] = json!("x");
    };
    change(&app);
    let (report, code) = app.run("verify", json!({"streams": ["companies"]})).await;
    assert_eq!((&report["streams"][0]["different"], code), (&json!(["c001", "c003"]), 69));
    let (report, _) = app.run("verify", json!({"streams": ["companies"], "repair": true})).await;
    assert_eq!(
        (&report["status"], &report["streams"][0]["different_count"]),
        (&json!("repaired"), &json!(2))
    );
    let (report, _) = app.run("verify", json!({"streams": ["companies"]})).await;
    assert_eq!(report["status"], "equal");
}

#[tokio::test]
async fn rows_with_details_are_equal_although_the_list_says_less() {
    let app = App::with_companies(5);
    app.sync(json!({"streams": ["companies"], "details": ["companies"]})).await;
    app.put_company("c001", "renamed");
    let (report, _) = app.run("verify", json!({"streams": ["companies"]})).await;
    assert_eq!(report["streams"][0]["different"], json!(["c001"]));
}

#[tokio::test]
async fn rows_that_may_be_another_connections_are_not_called_extra() {
    let app = diverged().await;
    app.sink.database().shared_with = Some("other".into());
    let (report, code) = app.run("verify", json!({"streams": ["companies"], "repair": true})).await;
    assert_eq!((&report["status"], code), (&json!("repaired"), 0));
    let stream = &report["streams"][0];
    assert_eq!((&stream["extra_count"], &stream["different"]), (&json!(0), &json!(["c003"])));
    assert_eq!(stream["warnings"].as_array().unwrap().len(), 1);
    assert!(stream["warnings"][0].as_str().unwrap().contains("connection `other`"));
    assert_eq!(app.sink.live("companies").len(), 26);
}

#[tokio::test]
async fn a_list_that_is_walked_again_counts_each_record_once() {
    let app = App::with_companies(23);
    app.account().most_in_a_page = Some(5);
    let first = app.sync(json!({"streams": ["companies"]})).await;
    let counts = |report: &Value| {
        ["received", "inserted", "updated", "unchanged"].map(|name| report["streams"][0][name].clone())
    };
    assert_eq!(counts(&first), [23, 23, 0, 0], "{first}");
    assert!(first["streams"][0]["warnings"][0].as_str().unwrap().contains("no more than 5"), "{first}");
    app.put_company("c003", "changed");
    let second = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(counts(&second), [23, 0, 1, 22], "{second}");
    app.put_company("c001", "changed");
    let (verdict, _) = app.run("verify", json!({"streams": ["companies"]})).await;
    let found = &verdict["streams"][0];
    assert_eq!((&found["compared"], &found["different_count"]), (&json!(23), &json!(1)), "{verdict}");
}

#[tokio::test]
async fn what_is_gone_from_an_app_with_small_pages_is_found() {
    let app = App::with_companies(23);
    app.account().most_in_a_page = Some(5);
    app.sync(json!({"streams": ["companies"]})).await;
    app.account().companies.remove("c004");
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(report["streams"][0]["deleted"], 1, "{report}");
}
