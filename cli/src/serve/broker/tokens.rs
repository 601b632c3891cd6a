//! Handing out access tokens.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use connector_core::oauth::{IssueOptions, IssuedToken, access_token};
use connector_core::{ConnectorError, ErrorCode};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use super::asked::{Allowed, Asked, Done};
use super::connecting;
use super::refusal::Refusal;
use super::subject::Subject;
use crate::serve::access::Scope;
use crate::serve::{Server, metrics};

/// Remaining life of a token when the caller does not say.
const USUAL_LIFE: Duration = Duration::from_mins(1);

/// A token that was renewed this lately is not renewed because somebody insists. As long as the coordinator waits after a
/// first failure: an app that refuses a token half a minute after it gave it will not like the next one better, and callers
/// that insist with every request would spend refresh tokens as fast as the app takes it.
const BETWEEN_FORCED: SignedDuration = SignedDuration::from_secs(30);

/// What an app sends beside its tokens and callers need. Nothing else leaves: who knows what an app adds one day.
const SHARED_EXTRA: [&str; 2] = ["api_domain", "instance_url"];

const READ: &str = "token.read";

/// A token, as callers get it.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    access_token: &'a str,
    token_type: &'a str,
    expires_at: Option<Timestamp>,
    expires_in: Option<u32>,
    scope: &'a [String],
    refreshed: bool,
    generation: u64,
    extra: Map<String, Value>,
    warning: Option<Warning<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'a str>,
}

/// Why there may be no token the next time.
#[derive(Serialize)]
struct Warning<'a> {
    error_code: String,
    message: &'a str,
}

pub(super) async fn read(State(_): State<Arc<Server>>, mut asked: Asked) -> Response {
    let outcome = match asked.allowed(Scope::TokenRead) {
        Ok(allowed) => hand_out(&allowed).await,
        Err(refusal) => Err(refusal),
    };
    asked.end(READ, outcome).await
}

async fn hand_out(allowed: &Allowed) -> Result<Done, Refusal> {
    let min_ttl = allowed.parameters.seconds("min_ttl")?.unwrap_or(USUAL_LIFE);
    let is_insisted_on = allowed.parameters.flag("force_refresh")?;
    let is_too_early = is_insisted_on && was_just_renewed(allowed).await?;
    let options = IssueOptions { min_ttl, force_refresh: is_insisted_on && !is_too_early };
    let name = allowed.subject.vault_name();
    match access_token(&allowed.integration, &allowed.lent(), &name, options).await {
        Ok(mut issued) => {
            if is_too_early && !issued.refreshed && issued.warning.is_none() {
                issued.warning = Some(too_early());
            }
            done(allowed, &issued, None).await
        }
        Err(error) => Err(connecting::with_way_out(allowed, error.into()).await),
    }
}

async fn was_just_renewed(allowed: &Allowed) -> Result<bool, ConnectorError> {
    let renewed_at = allowed.load().await?.and_then(|connection| connection.renewal.succeeded_at);
    // A clock that was put back must not forbid renewing for hours.
    let is_lately =
        |at| (SignedDuration::ZERO..BETWEEN_FORCED).contains(&Timestamp::now().duration_since(at));
    Ok(renewed_at.is_some_and(is_lately))
}

fn too_early() -> ConnectorError {
    let message =
        format!("the token was renewed within the last {} seconds: it stays", BETWEEN_FORCED.as_secs());
    ConnectorError::new(ErrorCode::RateLimit, message).app_error_code("broker.renewed_just_now")
}

/// The answer with a token; `issued_token_type` says what it is, where it was exchanged.
pub(super) async fn done(
    allowed: &Allowed,
    issued: &IssuedToken,
    issued_token_type: Option<&str>,
) -> Result<Done, Refusal> {
    let token_fp = allowed.server.broker.fingerprint(&allowed.host, &issued.access_token).await?;
    let body = Body {
        subject: &allowed.subject,
        access_token: issued.access_token.expose(),
        token_type: &issued.token_type,
        expires_at: issued.expires_at,
        expires_in: issued.expires_at.map(seconds_until),
        scope: &issued.scope,
        refreshed: issued.refreshed,
        generation: issued.generation,
        extra: shared(&issued.extra),
        warning: issued.warning.as_ref().map(warning),
        issued_token_type,
    };
    metrics::count_token(allowed.integration.app_id(), issued.refreshed);
    Ok(Done {
        response: Json(body).into_response(),
        refreshed: issued.refreshed,
        generation: Some(issued.generation),
        token_fp: Some(token_fp),
    })
}

fn warning(error: &ConnectorError) -> Warning<'_> {
    let code = error.app_code().and_then(|code| code.split_once('.'));
    let error_code = code.map_or_else(|| error.code().to_string(), |(_, code)| code.to_owned());
    Warning { error_code, message: error.message() }
}

fn shared(extra: &Map<String, Value>) -> Map<String, Value> {
    let is_shared = |name: &&str| extra.contains_key(*name);
    SHARED_EXTRA
        .iter()
        .copied()
        .filter(is_shared)
        .map(|name| (name.to_owned(), extra[name].clone()))
        .collect()
}

/// Whole seconds, rounded down: nobody counts on a token that has ended.
fn seconds_until(instant: Timestamp) -> u32 {
    let left = instant.duration_since(Timestamp::now()).as_secs().max(0);
    u32::try_from(left).unwrap_or(u32::MAX)
}
