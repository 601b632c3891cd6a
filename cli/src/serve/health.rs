//! Whether the server lives, and whether it can work. Anyone may ask, so nothing secret is told, and asking often costs
//! no more than asking once.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use connector_core::Result;
use connector_store::KeyRole;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::Server;

/// What was found is told for this long.
const FRESH: Duration = Duration::from_secs(2);

/// A store that takes longer cannot be worked with.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

pub(super) fn routes() -> Router<Arc<Server>> {
    let live = get(async || ([(CACHE_CONTROL, "no-store")], Json("OK")));
    Router::new()
        .route("/health/live", live.clone())
        .route("/healthz", live)
        .route("/health/ready", get(ready))
        .route("/readyz", get(ready))
}

/// What was found last, and when.
#[derive(Default)]
pub(crate) struct Health(Mutex<Option<(Instant, Readiness)>>);

/// Whether the server can work, and what a person must do.
#[derive(Debug, Clone, Serialize)]
struct Readiness {
    status: &'static str,
    store: &'static str,
    vault: &'static str,
    /// Connections that somebody must do something about. They do not make the server unready: it is what they are
    /// mended with.
    connections: Vec<Needy>,
}

/// A connection that somebody must do something about.
#[derive(Debug, Clone, Serialize)]
struct Needy {
    app_id: String,
    connection: String,
    state: &'static str,
    message: String,
}

async fn ready(State(server): State<Arc<Server>>) -> Response {
    let readiness = server.health.readiness(&server).await;
    let status = if readiness.status == "ready" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CACHE_CONTROL, "no-store")], Json(readiness)).into_response()
}

impl Health {
    async fn readiness(&self, server: &Server) -> Readiness {
        let mut last = self.0.lock().await;
        if let Some((at, readiness)) = &*last
            && at.elapsed() < FRESH
        {
            return readiness.clone();
        }
        let readiness = look(server).await;
        *last = Some((Instant::now(), readiness.clone()));
        readiness
    }
}

async fn look(server: &Server) -> Readiness {
    let found = timeout(LONGEST_LOOK, needy(server)).await;
    let (store, connections) = match found {
        Ok(Ok(connections)) => ("ok", connections),
        Ok(Err(error)) => {
            tracing::warn!(?error, "the store cannot be read");
            ("unreachable", Vec::new())
        }
        Err(_) => ("too slow", Vec::new()),
    };
    let vault = match timeout(LONGEST_LOOK, vault(server)).await {
        Ok(Ok(vault)) => vault,
        Ok(Err(error)) => {
            tracing::warn!(?error, "the vault cannot be looked at");
            "no key"
        }
        Err(_) => "too slow",
    };
    let status = if store == "ok" && vault == "ok" { "ready" } else { "not_ready" };
    Readiness { status, store, vault, connections }
}

/// Whether there is a key, and it opens anything of what was sealed: a store that was put back without its key, or a key
/// of another store, serves nobody.
async fn vault(server: &Server) -> Result<&'static str> {
    let Some(app) = server.apps.values().next() else { return Ok("ok") };
    app.host.require_vault_key()?;
    let status = server.store.vault_status(app.host.vault_keys()?).await?;
    let mut sealing = status.keys.iter().filter(|key| key.connections > 0).peekable();
    let is_useless = sealing.peek().is_some() && sealing.all(|key| key.role == KeyRole::Missing);
    Ok(if is_useless { "wrong key" } else { "ok" })
}

async fn needy(server: &Server) -> Result<Vec<Needy>> {
    let mut needy = Vec::new();
    for app_id in server.apps.keys() {
        let connections = server.store.connections(app_id).await?;
        for connection in connections.into_iter().filter(|connection| connection.state.needs_login()) {
            needy.push(Needy {
                app_id: app_id.clone(),
                message: format!("reconnect needed: {}", connection.name),
                connection: connection.name,
                state: connection.state.name(),
            });
        }
    }
    Ok(needy)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use connector_core::Secret;
    use connector_core::oauth::{Connection, ConnectionKey, ConnectionState, Renewal};
    use connector_store::VaultKey;
    use serde_json::{Map, Value, json};

    use crate::serve::testing::{json_answer, server};

    async fn get(server: &std::sync::Arc<crate::serve::Server>, path: &str) -> (u16, Value) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let (status, answer) = json_answer(server, request).await;
        (status.as_u16(), answer)
    }

    fn revoked() -> Connection {
        let tokens = json!({"access_token": "a-secret", "token_type": "Bearer"});
        Connection {
            tokens: serde_json::from_value(tokens).unwrap(),
            settings: Map::new(),
            account: None,
            proof: connector_core::oauth::AccountProof::Whole,
            state: ConnectionState::ReauthorizationRequired,
            renewal: Renewal::default(),
            generation: 0,
        }
    }

    #[tokio::test]
    async fn a_connection_that_somebody_must_mend_is_named_and_the_server_stays_ready() {
        let server = server();
        for path in ["/health/live", "/healthz"] {
            assert_eq!(get(&server, path).await, (200, json!("OK")));
        }
        let vault = server.apps["example"].host.vault().unwrap();
        let key = ConnectionKey { app_id: "example".to_owned(), name: "acme".to_owned() };
        vault.save(&key, &revoked()).await.unwrap();
        let (status, readiness) = get(&server, "/health/ready").await;
        assert_eq!(status, 200);
        assert_eq!(readiness["connections"][0]["message"], "reconnect needed: acme");
        assert!(!readiness.to_string().contains("a-secret"));
        assert_eq!(get(&server, "/readyz").await, (200, readiness));
    }

    #[tokio::test]
    async fn a_server_whose_key_opens_nothing_is_not_ready() {
        let server = server();
        let another = VaultKey::parse(&Secret::new("07".repeat(32))).unwrap();
        let key = ConnectionKey { app_id: "example".to_owned(), name: "acme".to_owned() };
        server.store.vault(another).save(&key, &revoked()).await.unwrap();
        let (status, readiness) = get(&server, "/health/ready").await;
        assert_eq!((status, &readiness["vault"]), (503, &json!("wrong key")), "{readiness}");
    }
}
