//! Rows of two accounts do not stand in one table, also where a token of the caller's own is used.

use serde_json::json;

use crate::app::App;

#[tokio::test]
async fn a_table_with_rows_of_another_account_is_left_alone() {
    let app = App::with_companies(5);
    app.account().users = vec![json!({"id": "u1"})];
    app.sink.database().account = Some("account-1".into());
    app.account().id = "account-2".into();
    for capability in ["sync", "verify"] {
        let request = json!({"streams": ["companies", "users"]});
        let (report, code) = app.run(capability, request).await;
        assert_eq!(code, 69, "{report}");
        assert_eq!(report["streams"][0]["error"]["app_error_code"], "sync.account_mismatch", "{report}");
        assert_eq!(app.take_requests(), ["who"], "{capability}");
    }
    assert!(app.sink.live("companies").is_empty());

    app.account().id = "account-1".into();
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(report["streams"][0]["inserted"], 5, "{report}");
}

#[tokio::test]
async fn an_app_is_not_asked_whose_rows_come_where_nobody_knows_whose_there_are() {
    let app = App::with_companies(5);
    app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(app.take_requests(), ["page 1", "page 2"]);
}
