//! Views with custom fields: made of what is there, whatever else is not.

use serde_json::{Value, json};

use crate::app::App;

fn definition(id: &str, context: &str) -> Value {
    json!({"id": id, "context": context, "type": "text", "label": "Size"})
}

/// An account whose notes are stored and whose companies are not.
async fn with_notes_alone() -> App {
    let app = App::with_companies(1);
    app.put_note("n1", "c000");
    app.sync(json!({"streams": ["companies"]})).await;
    app.sync(json!({"streams": ["notes"]})).await;
    app.sink.database().tables.remove("companies");
    app.account().users = vec![definition("d1", "company"), definition("d2", "note")];
    app
}

#[tokio::test]
async fn a_stream_that_was_never_read_keeps_no_other_from_its_view() {
    let app = with_notes_alone().await;
    let report = app.sync(json!({"streams": ["users"]})).await;
    assert_eq!(app.sink.database().views, ["notes_with_custom_fields"]);
    assert!(report["streams"][0].get("warnings").is_none(), "{report}");
}

#[tokio::test]
async fn after_an_error_the_database_is_not_asked_for_views() {
    let app = App::with_companies(60);
    app.account().users = vec![definition("d1", "company")];
    app.sync(json!({"streams": ["users", "companies"]})).await;
    assert_eq!(std::mem::take(&mut app.sink.database().views), ["companies_with_custom_fields"]);
    app.account().companies.retain(|id, _| id.as_str() >= "c021");
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(report["streams"][0]["error"]["error_code"], "conflict", "{report}");
    assert!(app.sink.database().views.is_empty());
}
