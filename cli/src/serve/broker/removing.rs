//! Taking a connection away: at the app first, then here.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use connector_core::{ConnectorError, ErrorCode};
use serde_json::{Value, json};

use super::asked::{Allowed, Asked, Done, detached};
use super::asking::ask;
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
    let is_revoked = revoke(allowed).await;
    vault.delete(&key).await?;
    allowed.forget_tokens().await?;
    Ok(Done::new(if is_revoked {
        StatusCode::NO_CONTENT.into_response()
    } else {
        (StatusCode::ACCEPTED, Json(json!({"revoked_at_provider": false}))).into_response()
    }))
}

/// Takes the tokens back at the app: the refresh token first, with which all that came of it goes at most apps.
/// Whatever goes wrong, the connection is removed here.
async fn revoke(allowed: &Allowed) -> bool {
    const REVOKE: &str = "revoke_token";
    if allowed.integration.capability(REVOKE).is_none() {
        return false;
    }
    let connection = match allowed.load().await {
        Ok(Some(connection)) => connection,
        Ok(None) => return false,
        Err(error) => {
            tracing::warn!(?error, "the tokens cannot be taken back: they cannot be read");
            return false;
        }
    };
    let access_token = Some(connection.tokens.access_token).filter(|token| !token.expose().is_empty());
    let tokens = [(connection.tokens.refresh_token, "refresh_token"), (access_token, "access_token")];
    let mut is_revoked = true;
    for (token, kind) in tokens {
        let Some(token) = token else { continue };
        let request = json!({"token": token.expose(), "token_type_hint": kind});
        if let Err(error) = ask::<Value>(allowed, REVOKE, request, connection.settings.clone()).await {
            tracing::warn!(?error, kind, "the app does not take a token back");
            is_revoked = false;
        }
    }
    is_revoked
}
