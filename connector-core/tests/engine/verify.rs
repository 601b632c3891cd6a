//! Verify: what is missing, extra and different, exactly, and mended when asked.

use serde_json::json;

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
