//! A server of a connector with an authorization server that nobody asks, and connections in its vault.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use connector_core::Secret;
use connector_core::auth::AuthKind;
use connector_core::integration::Integration;
use connector_core::oauth::{
    AccountProof, Connection, ConnectionKey, ConnectionState, OAuth, OAuthClient, Renewal, TokenSet,
};
use connector_store::AuditEntry;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::serve::Server;
use crate::serve::request_log::RequestId;
use crate::serve::testing::{answer, request, server_of};

pub(super) const ACCESS_TOKEN: &str = "access-token-of-acme";
pub(super) const REFRESH_TOKEN: &str = "refresh-token-of-acme";

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Settings {
    client_id: Option<String>,
    client_secret: Option<Secret>,
}

fn integration() -> Arc<Integration> {
    let oauth = OAuth::new(|settings: &Settings| {
        let client = OAuthClient::new("https://app.example/authorize", "https://app.example/token");
        Ok(client.client_id(settings.client_id.clone()).client_secret(settings.client_secret.clone()))
    });
    let integration =
        Integration::builder::<Settings>("example", "1.0.0").auth(&[AuthKind::Oauth]).oauth(oauth).build();
    Arc::new(integration.unwrap())
}

/// A server of the connector `example`.
pub(super) fn server() -> Arc<Server> {
    server_of(vec![integration()])
}

pub(super) fn key_of(name: &str) -> ConnectionKey {
    ConnectionKey { app_id: "example".to_owned(), name: name.to_owned() }
}

/// A connection whose access token lives so many seconds from now.
pub(super) fn connection(seconds: i64) -> Connection {
    let tokens: TokenSet = serde_json::from_value(json!({
        "access_token": ACCESS_TOKEN,
        "refresh_token": REFRESH_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "expires_at": Timestamp::now() + SignedDuration::from_secs(seconds),
        "scope": "read write",
        "extra": {"instance_url": "https://acme.example", "internal": "not for callers"},
    }))
    .unwrap();
    let settings = Map::from_iter([
        ("client_id".to_owned(), json!("client")),
        ("client_secret".to_owned(), json!("secret-of-the-client")),
    ]);
    Connection {
        tokens,
        settings,
        account: Some("account".to_owned()),
        proof: AccountProof::Whole,
        state: ConnectionState::Active,
        renewal: Renewal::default(),
        generation: 0,
    }
}

pub(super) async fn save(server: &Server, name: &str, connection: &Connection) {
    let host = &server.app("example").unwrap().host;
    host.vault().unwrap().save(&key_of(name), connection).await.unwrap();
}

/// An answer with everything that can be looked at.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    pub(super) body: Value,
}

impl Answered {
    /// The broker's word for an error.
    pub(super) fn code(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["error"]["app_error_code"].as_str().unwrap_or_default())
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Asks with a key; without one when it is empty.
pub(super) async fn ask(server: &Arc<Server>, method: &str, path: &str, key: &str, body: &Value) -> Answered {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let mut request = request(method, path, key, &text);
    if key.is_empty() {
        request.headers_mut().remove("authorization");
    }
    request.extensions_mut().insert(RequestId("request-1".into()));
    let response = answer(server, request).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let body = serde_json::from_str(&text).unwrap_or_default();
    Answered { status, headers, text, body }
}

pub(super) async fn get(server: &Arc<Server>, path: &str, key: &str) -> Answered {
    ask(server, "GET", path, key, &Value::Null).await
}

/// What is in the audit log.
pub(super) async fn audited(server: &Server) -> Vec<AuditEntry> {
    assert_eq!(server.broker.audit.verify().await.unwrap().broken, None);
    let entries = server.broker.audit.entries(0, 1000).await.unwrap();
    entries.into_iter().map(|record| record.entry).collect()
}
