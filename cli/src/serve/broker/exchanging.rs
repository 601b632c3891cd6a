//! Tokens for services behind the app, in exchange for that of a connection (RFC 8693).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use connector_core::oauth::{IssueOptions, IssuedToken, TokenSet, access_token};
use connector_core::{ConnectorError, ErrorCode};
use serde::Deserialize;
use serde_json::json;

use super::asked::{Allowed, Asked, Done};
use super::asking::ask;
use super::connecting::with_way_out;
use super::posted::{Posted, Several};
use super::refusal::Refusal;
use super::tokens;
use crate::serve::Server;
use crate::serve::access::Scope;

const EXCHANGE: &str = "token.exchange";

/// The capability that does it, where the connector's app offers it.
const CAPABILITY: &str = "exchange_token";

/// What the new token is to be for.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Exchange {
    audience: Several,
    resource: Several,
    scope: Several,
}

/// What the app gave.
#[derive(Deserialize)]
struct Exchanged {
    #[serde(flatten)]
    tokens: TokenSet,
    issued_token_type: Option<String>,
}

pub(super) async fn exchange(State(_): State<Arc<Server>>, mut asked: Asked, mut posted: Posted) -> Response {
    asked.name(posted.connection());
    let outcome = match asked.allowed(Scope::TokenRead) {
        Ok(allowed) => hand_out(&allowed, posted).await,
        Err(refusal) => Err(refusal),
    };
    asked.end(EXCHANGE, outcome).await
}

async fn hand_out(allowed: &Allowed, posted: Posted) -> Result<Done, Refusal> {
    let Exchange { audience, resource, scope } =
        posted.read("at most audience, resource, scope (texts or lists of texts) and connection")?;
    if allowed.integration.capability(CAPABILITY).is_none() {
        let message = "the app of this connector exchanges no tokens";
        return Err(ConnectorError::new(ErrorCode::UnsupportedOperation, message).into());
    }
    let name = allowed.subject.vault_name();
    let current =
        match access_token(&allowed.integration, &allowed.lent(), &name, IssueOptions::default()).await {
            Ok(current) => current,
            Err(error) => return Err(with_way_out(allowed, error.into()).await),
        };
    let request = json!({
        "subject_token": current.access_token.expose(),
        "audience": audience.into_list(),
        "resource": resource.into_list(),
        "scopes": scope.into_list(),
    });
    let settings = allowed.load().await?.map(|connection| connection.settings).unwrap_or_default();
    let Exchanged { tokens, issued_token_type } = ask(allowed, CAPABILITY, request, settings).await?;
    let scope = tokens.scope.as_deref().unwrap_or_default();
    let issued = IssuedToken {
        scope: scope.split_whitespace().map(ToOwned::to_owned).collect(),
        access_token: tokens.access_token,
        token_type: tokens.token_type,
        expires_at: tokens.expires_at,
        extra: tokens.extra,
        ..current
    };
    tokens::done(allowed, &issued, issued_token_type.as_deref()).await
}
