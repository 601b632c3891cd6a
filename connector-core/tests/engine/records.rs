//! Single records, and rejects that are tried again.

use serde_json::json;

use crate::app::App;

#[tokio::test]
async fn named_records_are_read_and_those_that_are_gone_are_marked() {
    let app = App::with_companies(4);
    app.sync(json!({"streams": ["companies"]})).await;
    app.put_company("c001", "renamed");
    app.put_company("new", "b");
    app.account().companies.remove("c002");
    app.take_requests();
    let records = json!({"companies": ["c001", "new", "c002", "never", "c001"]});
    let report = app.sync(json!({"records": records})).await;
    let stream = &report["streams"][0];
    assert_eq!(
        (&stream["inserted"], &stream["updated"], &stream["deleted"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(app.take_requests(), ["ids", "get c002", "get never"]);
    assert_eq!(app.sink.live("companies"), ["c000", "c001", "c003", "new"]);
}

#[tokio::test]
async fn single_records_of_a_stream_that_has_none_are_refused() {
    let app = App::default();
    let (report, code) = app.run("sync", json!({"records": {"users": ["u1"]}})).await;
    assert_eq!((&report["streams"][0]["error"]["error_code"], code), (&json!("unsupported_operation"), 64));
}

#[tokio::test]
async fn rejects_are_stored_once_nothing_stands_in_the_way() {
    let app = App::with_companies(3);
    app.sink.database().refused = vec!["c001".into()];
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!((&report["status"], &report["streams"][0]["rejected"]), (&json!("partial"), &json!(1)));

    let (report, code) = app.run("retry_rejects", json!({})).await;
    assert_eq!((&report["streams"][0]["rejected"], code), (&json!(1), 0));
    app.sink.database().refused.clear();
    let (report, _) = app.run("retry_rejects", json!({})).await;
    assert_eq!((&report["streams"][0]["stored"], &report["streams"][0]["rejected"]), (&json!(1), &json!(0)));
    assert_eq!(app.sink.live("companies").len(), 3);
    let (report, _) = app.run("retry_rejects", json!({})).await;
    assert_eq!(report["streams"], json!([]));
}
