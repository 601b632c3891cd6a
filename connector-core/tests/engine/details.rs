//! Details: one request for each record that is new or changed, and for no other.

use serde_json::json;

use crate::app::App;

#[tokio::test]
async fn only_new_and_changed_records_are_asked_for_one_by_one() {
    let app = App::with_companies(12);
    app.sync(json!({"streams": ["companies"], "details": ["companies"]})).await;
    let gets = |requests: Vec<String>| requests.iter().filter(|request| request.starts_with("get")).count();
    assert_eq!(gets(app.take_requests()), 12);
    assert_eq!(app.sink.database().tables["companies"]["c001"].document["lines"], json!(["one"]));

    app.put_company("c001", "renamed");
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(gets(app.take_requests()), 1, "details stay as they were chosen");
    let stream = &report["streams"][0];
    assert_eq!((&stream["updated"], &stream["unchanged"]), (&json!(1), &json!(11)));
    let stored = app.sink.database().tables["companies"]["c001"].document.clone();
    assert_eq!((&stored["name"], &stored["lines"]), (&json!("renamed"), &json!(["one"])));
}

#[tokio::test]
async fn rows_from_a_time_without_details_get_theirs() {
    let app = App::with_companies(5);
    app.sync(json!({"streams": ["companies"]})).await;
    app.take_requests();
    let report = app.sync(json!({"streams": ["companies"], "details": true})).await;
    assert_eq!(report["streams"][0]["updated"], 5);
    assert_eq!(app.take_requests().iter().filter(|request| request.starts_with("get")).count(), 5);
}

#[tokio::test]
async fn a_stream_without_details_is_refused() {
    let app = App::with_companies(1);
    let error = app.try_run("sync", json!({"details": ["users"]})).await.unwrap_err();
    assert_eq!(error.code(), connector_core::ErrorCode::InvalidValue);
}

#[tokio::test]
async fn a_full_read_that_is_asked_for_finds_what_no_list_shows() {
    let app = App::with_companies(3);
    app.sync(json!({"streams": ["companies"], "details": true})).await;
    app.account().more_lines = true;
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(report["streams"][0]["updated"], 0, "the list is as it was");
    let report = app.sync(json!({"streams": ["companies"], "mode": "full"})).await;
    assert_eq!(report["streams"][0]["updated"], 3);
    let stored = app.sink.database().tables["companies"]["c001"].document.clone();
    assert_eq!(stored["lines"], json!(["one", "two"]));
    let report = app.sync(json!({"streams": ["companies"], "mode": "full"})).await;
    assert_eq!(report["streams"][0]["unchanged"], 3);
}

#[tokio::test]
async fn an_app_that_knows_no_single_record_loses_no_row_that_its_list_has() {
    let app = App::with_companies(30);
    app.account().forgetful = true;
    let report = app.sync(json!({"streams": ["companies"], "details": true})).await;
    assert_eq!(
        (&report["streams"][0]["inserted"], &report["streams"][0]["deleted"]),
        (&json!(30), &json!(0))
    );
    app.account().forgetful = false;
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(report["streams"][0]["updated"], 30, "what lacks details is asked for again");

    app.account().forgetful = true;
    for number in 0..30 {
        app.put_company(&format!("c{number:03}"), "renamed");
    }
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(report["streams"][0]["deleted"], 0);
    assert_eq!(app.sink.live("companies").len(), 30);
    let stored = app.sink.database().tables["companies"]["c001"].document.clone();
    assert_eq!(stored["lines"], json!(["one"]), "details that were there stay");
}
