//! What the declaration promises before anything is sent.

use std::collections::BTreeSet;

use connector_core::ErrorCode;
use connector_core::capability::Capability;
use connector_core::registry;
use serde_json::{Value, json};
use teamleader_sandbox::Options;

use crate::{Connected, response};

#[test]
fn the_connector_is_registered_once_and_builds() {
    let ids: Vec<_> = registry::connectors().iter().map(|connector| connector.app_id).collect();
    assert_eq!(ids, ["teamleader"]);
    let integration = teamleader::integration();
    assert_eq!(integration.oauth_scopes().len(), 11);
    let names: BTreeSet<_> = integration.capabilities().map(Capability::name).collect();
    for stream in integration.streams() {
        assert!(names.contains(&*format!("list_{}", stream.name)), "{}", stream.name);
    }
    for name in [
        "get_company",
        "get_quotation",
        "get_meeting",
        "validate_credentials",
        "get_authorization_url",
        "refresh_access_token",
        "sync",
    ] {
        assert!(names.contains(name), "{name}");
    }
}

#[test]
fn reference_data_is_read_before_what_points_at_it() {
    let integration = teamleader::integration();
    let order: Vec<_> = integration.streams().map(|stream| stream.name).collect();
    let position = |name: &str| order.iter().position(|stream| *stream == name).unwrap();
    for earlier in ["departments", "users", "custom_field_definitions"] {
        for later in ["companies", "contacts", "deals", "invoices", "projects"] {
            assert!(position(earlier) < position(later), "{earlier}, {later}");
        }
    }
}

#[tokio::test]
async fn what_teamleader_would_ignore_is_refused() {
    let connected = Connected::to(Options::default().records(1)).await;
    for request in [
        json!({"filter": {"updatedSince": "2024-05-31T09:00:00Z"}}),
        json!({"filter": {"status": "archived"}}),
        json!({"sort": [{"field": "added"}]}),
        json!({"includes": ["customFields"]}),
    ] {
        let error = connected.call("list_companies", request.clone()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnknownValue, "{request}");
    }
    assert!(connected.control.requests().is_empty());
}

#[tokio::test]
async fn people_are_sent_to_the_authorization_server_without_a_scope() {
    let connected = Connected::to(Options::default().records(1)).await;
    let request = json!({"client_id": "c", "redirect_uri": "http://localhost:9876", "scopes": ["users"]});
    let envelope = |auth_url: &str| json!({"request": request, "settings": {"auth_url": auth_url}});
    let answer =
        connected.call_envelope("get_authorization_url", &envelope("https://example.com")).await.unwrap();
    let url = response::<Value>(&answer)["authorization_url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://example.com/oauth2/authorize?"), "{url}");
    assert!(!url.contains("scope="), "{url}");
    let url = url::Url::parse(&url).unwrap();
    let redirect = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1;
    assert_eq!(redirect, "http://localhost:9876", "no slash is added");
}

#[tokio::test]
async fn secrets_are_not_sent_over_an_open_line() {
    let connected = Connected::to(Options::default().records(1)).await;
    let envelope = json!({
        "request": {"client_id": "c", "client_secret": "s", "refresh_token": "r"},
        "settings": {"auth_url": "http://teamleader.example.com"},
    });
    let error = connected.call_envelope("refresh_access_token", &envelope).await.unwrap_err();
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::InvalidValue, 64));
}
