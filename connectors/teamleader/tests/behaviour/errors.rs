//! What callers get to hear when something goes wrong.

use connector_core::{ConnectorError, ErrorCode};
use serde_json::json;
use teamleader_sandbox::{Fault, FaultKind, Framing, RefreshError};

use crate::Connected;

async fn refused(connected: &Connected, capability: &str) -> ConnectorError {
    let answer = connected.call(capability, json!({})).await;
    answer.expect_err("Teamleader refuses")
}

#[tokio::test]
async fn a_record_that_is_gone_is_not_found() {
    let connected = Connected::to_small_account().await;
    let request = json!({"id": "8f1f3a52-6d3c-0b1e-9c57-2f6e1d4b7a90"});
    let error = connected.call("get_company", request).await.unwrap_err();
    assert_eq!((error.code(), error.app_code()), (ErrorCode::NotFound, Some("teamleader.not_found")));
    let error = connected.call("get_company", json!({"id": "seven"})).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::BadRequest);
    assert!(error.message().contains("id"), "{error}");
}

#[tokio::test]
async fn an_address_that_teamleader_does_not_know_says_nothing_about_the_record() {
    let connected = Connected::to_small_account().await;
    let envelope = json!({
        "request": {"id": "8f1f3a52-6d3c-0b1e-9c57-2f6e1d4b7a90"},
        "auth": {"oauth": {"access_token": connected.token}},
        "settings": {"api_url": format!("{}/v3", connected.sandbox.url())},
    });
    let error = connected.call_envelope("get_company", &envelope).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_module_that_the_account_lacks_is_a_matter_of_permission() {
    let connected = Connected::to_small_account().await;
    connected.control.switch(|switches| switches.forbidden = vec!["projects".into()]);
    let error = refused(&connected, "list_legacy_projects").await;
    assert_eq!(error.code(), ErrorCode::PermissionDenied);
    assert!(error.hint_text().unwrap().contains("module"));
}

#[tokio::test]
async fn a_token_that_ended_is_unauthorized() {
    let connected = Connected::to_small_account().await;
    connected.control.expire_access_tokens();
    let error = refused(&connected, "list_users").await;
    assert_eq!(error.code(), ErrorCode::Unauthorized);
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_never_the_end_of_the_list() {
    for fault in [
        FaultKind::Html,
        FaultKind::EmptyBody,
        FaultKind::DataNull,
        FaultKind::DataMissing,
        FaultKind::truncated(Framing::Complete),
    ] {
        let connected = Connected::to_small_account().await;
        connected.control.add_fault(Fault::on("/companies.list", fault.clone()));
        let error = refused(&connected, "list_companies").await;
        assert_eq!(error.code(), ErrorCode::InvalidResponse, "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn fields_and_values_that_nobody_documented_are_taken_as_they_come() {
    let connected = Connected::to_small_account().await;
    connected.control.add_fault(Fault::on("/deals.list", FaultKind::ExtraFields));
    let status = FaultKind::Value { field: "status".into(), value: json!("dormant") };
    connected.control.add_fault(Fault::on("/deals.list", status));
    let deals = connected.all("deals", json!({})).await;
    assert_eq!(deals.len(), 30);
    assert!(deals.iter().all(|deal| deal["status"] == "dormant"));
}

#[tokio::test]
async fn a_spent_refresh_token_asks_for_a_new_login_in_every_form() {
    for form in [RefreshError::Legacy, RefreshError::Grant, RefreshError::Rfc] {
        let connected = Connected::to_small_account().await;
        connected.control.switch(|switches| switches.refresh_error = form);
        let envelope = |token: &str| {
            json!({
                "request": {
                    "client_id": connected.sandbox.client_id(),
                    "client_secret": connected.sandbox.client_secret(),
                    "refresh_token": token,
                },
                "settings": {"auth_url": connected.sandbox.url()},
            })
        };
        let token = connected.control.issue_tokens().refresh_token;
        connected.call_envelope("refresh_access_token", &envelope(&token)).await.unwrap();
        let error = connected.call_envelope("refresh_access_token", &envelope(&token)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::CredsRevoked, "{form:?}: {error}");
        assert!(error.hint_text().unwrap().contains("log in again"));
    }
}

#[tokio::test]
async fn a_wrong_client_secret_is_the_operators_to_mend() {
    let connected = Connected::to_small_account().await;
    let token = connected.control.issue_tokens().refresh_token;
    let envelope = json!({
        "request": {
            "client_id": connected.sandbox.client_id(),
            "client_secret": "wrong",
            "refresh_token": token,
        },
        "settings": {"auth_url": connected.sandbox.url()},
    });
    let error = connected.call_envelope("refresh_access_token", &envelope).await.unwrap_err();
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::Unauthorized, 78));
    assert!(error.hint_text().unwrap().contains("client_secret"));
}
