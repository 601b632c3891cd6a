//! Connecting accounts: by somebody who agrees on the app's page, or with tokens from elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use connector_core::oauth::authorization::{BeginAuthorization, ImportedTokens, import as import_tokens};
use connector_core::{ConnectorError, ErrorCode, Secret};
use serde::Deserialize;
use serde_json::json;

use super::asked::{Allowed, Asked, Done, detached};
use super::posted::{Posted, Several};
use super::refusal::Refusal;
use crate::serve::Server;
use crate::serve::access::Scope;
use crate::serve::oauth::begin_for;

const AUTHORIZE: &str = "connection.authorize";
const IMPORT: &str = "connection.import";

/// What a caller may say about an authorization.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Authorization {
    redirect_uri: Option<String>,
    scope: Several,
    parameters: BTreeMap<String, String>,
}

pub(super) async fn authorize(
    State(_): State<Arc<Server>>,
    mut asked: Asked,
    mut posted: Posted,
) -> Response {
    asked.name(posted.connection());
    let outcome = match asked.allowed(Scope::ConnectionWrite) {
        Ok(allowed) => begin(&allowed, posted).await,
        Err(refusal) => Err(refusal),
    };
    asked.end(AUTHORIZE, outcome).await
}

async fn begin(allowed: &Allowed, posted: Posted) -> Result<Done, Refusal> {
    let expected = "at most redirect_uri, scope, parameters (an object of texts) and connection";
    let Authorization { redirect_uri, scope, parameters } = posted.read(expected)?;
    let scopes = scope.into_list();
    let connection = allowed.subject.vault_name();
    let request =
        BeginAuthorization { connection, redirect_uri, scopes, parameters, ..BeginAuthorization::default() };
    let started = begin_for(&allowed.server, allowed.app()?, request).await?;
    let body = json!({
        "authorization_url": started.authorization_url,
        "flow_id": started.flow_id,
        "expires_at": started.expires_at,
    });
    Ok(Done::new(Json(body).into_response()))
}

/// Adds to the refusal of a token where somebody can agree anew, for callers that may begin that.
pub(super) async fn with_way_out(allowed: &Allowed, mut refusal: Refusal) -> Refusal {
    let subject = &allowed.subject;
    let is_for_a_person = refusal.status == StatusCode::FAILED_DEPENDENCY;
    if !is_for_a_person
        || !allowed.caller.allows(Scope::ConnectionWrite, &subject.app_id, &subject.connector_type)
    {
        return refusal;
    }
    refusal.authorization_url = match allowed.server.broker.ways_out.of(&subject.key()) {
        Some(url) => Some(url),
        None => new_way_out(allowed).await,
    };
    refusal
}

/// Each is a row in the store, and callers ask again and again: it is kept as long as it is worth something.
async fn new_way_out(allowed: &Allowed) -> Option<String> {
    let connection = allowed.subject.vault_name();
    let request = BeginAuthorization { connection, ..BeginAuthorization::default() };
    match begin_for(&allowed.server, allowed.app().ok()?, request).await {
        Ok(started) => {
            let url = started.authorization_url;
            allowed.server.broker.ways_out.keep(allowed.subject.key(), url.clone(), started.expires_at);
            Some(url)
        }
        Err(error) => {
            tracing::debug!(?error, "no authorization could be begun");
            None
        }
    }
}

/// Tokens that were got elsewhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    refresh_token: Secret,
    access_token: Option<Secret>,
    expires_in: Option<u32>,
}

pub(super) async fn import(State(_): State<Arc<Server>>, mut asked: Asked, mut posted: Posted) -> Response {
    asked.name(posted.connection());
    detached(async move {
        let outcome = match asked.allowed(Scope::ConnectionWrite) {
            Ok(allowed) => take_over(&asked, &allowed, posted).await,
            Err(refusal) => Err(refusal),
        };
        asked.end(IMPORT, outcome).await
    })
    .await
}

async fn take_over(asked: &Asked, allowed: &Allowed, posted: Posted) -> Result<Done, Refusal> {
    let expected = "refresh_token, and at most access_token, expires_in (seconds) and connection beside it";
    let import: Import = posted.read(expected)?;
    let is_empty = |token: &Secret| token.expose().trim().is_empty();
    if is_empty(&import.refresh_token) || import.access_token.as_ref().is_some_and(is_empty) {
        let error = ConnectorError::new(ErrorCode::InvalidValue, "a token must not be empty");
        return Err(Refusal::invalid_request(error));
    }
    allowed.host.require_vault_key()?;
    asked.begin(IMPORT).await?;
    let Import { refresh_token, access_token, expires_in } = import;
    let connection = allowed.subject.vault_name();
    let imported = ImportedTokens { connection, refresh_token, access_token, expires_in };
    import_tokens(&allowed.integration, &allowed.lent(), imported).await?;
    Ok(Done::new(StatusCode::NO_CONTENT.into_response()))
}
