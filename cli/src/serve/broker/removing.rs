//! Taking a connection away: at the app first, then here.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use connector_core::oauth::authorization::remove as remove_connection;
use connector_core::{ConnectorError, ErrorCode};
use serde_json::json;

use super::asked::{Allowed, Asked, Done, detached};
use super::refusal::Refusal;
use crate::serve::Server;
use crate::serve::access::Scope;

const DELETE: &str = "connection.delete";

pub(super) async fn remove(State(_): State<Arc<Server>>, mut asked: Asked) -> Response {
    detached(async move {
        let outcome = match asked.allowed(Scope::ConnectionWrite) {
            Ok(allowed) => forget(&asked, &allowed).await,
            Err(refusal) => Err(refusal),
        };
        asked.end(DELETE, outcome).await
    })
    .await
}

async fn forget(asked: &Asked, allowed: &Allowed) -> Result<Done, Refusal> {
    let key = allowed.subject.key();
    let vault = allowed.host.vault()?;
    if !vault.list(&key.app_id).await?.iter().any(|known| known.name == key.name) {
        let error = ConnectorError::new(ErrorCode::NotFound, "there is no such connection");
        return Err(Refusal::new(StatusCode::NOT_FOUND, "connection_not_found", error));
    }
    asked.begin(DELETE).await?;
    let removed = remove_connection(&allowed.integration, &allowed.lent(), &key.name).await?;
    if let Some(error) = &removed.failure {
        tracing::warn!(%error, "the app does not take the tokens back");
    }
    Ok(Done::new(if removed.revoked_at_provider == Some(true) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        (StatusCode::ACCEPTED, Json(json!({"revoked_at_provider": false}))).into_response()
    }))
}
