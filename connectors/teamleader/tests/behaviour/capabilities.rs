//! What streams do not give.

use connector_core::ErrorCode;
use serde_json::{Value, json};

use crate::{Connected, response};

/// The response, which has to fit the schema that `info` shows.
async fn answered(connected: &Connected, name: &str, request: Value) -> Value {
    let answer = connected.call(name, request).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    let response: Value = response(&answer);
    let schema = connected.integration.capability(name).expect("a capability").response_schema();
    connector_core::schema::check(&schema, &response, "").unwrap_or_else(|error| panic!("{name}: {error}"));
    response
}

#[tokio::test]
async fn who_agreed_is_told_as_teamleader_tells_it() {
    let connected = Connected::to_small_account().await;
    let me = answered(&connected, "get_me", json!({})).await;
    assert_eq!(me["account"]["id"], connected.control.account().to_string());
    assert_eq!(me["email_verification_status"], "confirmed");
    assert_eq!(me["preferences"]["invoiceable"], false);
}

#[tokio::test]
async fn the_projects_module_is_told_as_teamleader_tells_it() {
    let connected = Connected::to_small_account().await;
    for status in ["legacy", "projects-v2", "projects-v3"] {
        connected.control.switch(|switches| switches.projects_status = status.into());
        assert_eq!(answered(&connected, "get_projects_module", json!({})).await["status"], status);
    }
}

#[tokio::test]
async fn requests_that_cannot_succeed_are_not_sent() {
    const ID: &str = "8f1f3a52-6d3c-0b1e-9c57-2f6e1d4b7a90";
    let connected = Connected::to_small_account().await;
    let period = json!({"start_date": "2024-01-01", "end_date": "2024-13-01"});
    for (name, request, code, said) in [
        ("get_ticket_message", json!({"message_id": ""}), ErrorCode::InvalidValue, "/request/message_id"),
        ("get_ticket_message", json!({}), ErrorCode::BadRequest, "/request/message_id"),
        ("download_file", json!({"id": ""}), ErrorCode::InvalidValue, "/request/id"),
        ("download_invoice", json!({"id": ID, "format": "docx"}), ErrorCode::UnknownValue, "ubl/e-fff"),
        (
            "download_credit_note",
            json!({"id": ID, "format": "ubl/xrechnung"}),
            ErrorCode::UnknownValue,
            "pdf",
        ),
        ("download_quotation", json!({"id": ID, "format": "ubl/e-fff"}), ErrorCode::UnknownValue, "pdf"),
        ("get_exchange_rates", json!({"base": "XXX"}), ErrorCode::UnknownValue, "EUR"),
        ("get_total_user_availability", json!({"period": period}), ErrorCode::InvalidValue, "end_date"),
        ("get_cloud_platform_url", json!({"type": "deal", "id": ID}), ErrorCode::UnknownValue, "quotation"),
        ("migrate_id", json!({"type": "contact", "id": ID}), ErrorCode::InvalidValue, "/request/id"),
        ("migrate_id", json!({"type": "nextgenTask", "id": 1}), ErrorCode::UnknownValue, "contact"),
        ("get_current_timer", json!({"id": ID}), ErrorCode::UnknownValue, "/request/id"),
    ] {
        let error = connected.call(name, request.clone()).await.unwrap_err();
        assert_eq!(error.code(), code, "{name} {request}: {error}");
        assert!(error.message().contains(said), "{name} {request}: {error}");
    }
    assert!(connected.control.requests().is_empty());
}

#[tokio::test]
async fn events_are_not_asked_for_over_an_open_line_or_by_an_unknown_name() {
    let connected = Connected::to_small_account().await;
    let open_line = json!({"url": "http://example.com/hooks", "types": ["deal.won"]});
    let error = connected.call("register_webhooks", open_line).await.unwrap_err();
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::InvalidValue, 64));
    for capability in ["register_webhooks", "unregister_webhooks"] {
        let unknown = json!({"url": "https://example.com/hooks", "types": ["quotation.accepted"]});
        let error = connected.call(capability, unknown).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnknownValue);
        assert!(error.message().contains(r#""creditNote.booked""#), "{error}");
    }
    assert!(connected.control.requests().is_empty());
}
