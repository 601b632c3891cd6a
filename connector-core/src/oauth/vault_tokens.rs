//! Capabilities about a connection of the vault: its access token, and how it is.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::issue::{IssueOptions, IssuedToken, access_token};
use super::token_status::{TokenStatus, token_status};
use super::{ConnectionKey, MARGIN};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::dispatch::DEFAULT_CONNECTION;
use crate::error::{ConnectorError, ErrorCode, Result};

/// Request of `retrieve_token`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetrieveRequest {
    /// Name of the connection, as `acme` or `acme/second`; `default` when absent.
    connection: Option<String>,
    /// Seconds that the token must have left; 60 when absent.
    min_ttl: Option<u32>,
    /// Another token than the present one.
    #[serde(default)]
    force_refresh: bool,
}

/// An access token that works now.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RetrievedToken {
    connection: String,
    #[serde(serialize_with = "Secret::serialize_exposed")]
    access_token: Secret,
    token_type: String,
    /// Absent when it does not end.
    expires_at: Option<Timestamp>,
    scope: Vec<String>,
    /// Whether the app was asked for it just now.
    refreshed: bool,
    /// Version of the connection that it is of.
    generation: u64,
    /// Why there may be no other after it.
    warning: Option<TokenWarning>,
}

/// Why there may be no other token after this one.
#[derive(Debug, Serialize, JsonSchema)]
struct TokenWarning {
    error_code: String,
    message: String,
}

/// Request of `token_status`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusRequest {
    /// Name of the connection, as `acme` or `acme/second`; `default` when absent.
    connection: Option<String>,
}

pub(super) async fn retrieve(context: CallContext, request: RetrieveRequest) -> Result<RetrievedToken> {
    let host = context.host();
    if !host.reveals_tokens() {
        let message = "tokens of the vault are not handed out as a capability here";
        return Err(ConnectorError::new(ErrorCode::PermissionDenied, message)
            .hint("ask the token broker, which keeps an audit log: GET /{app}/{connector}/binb-token"));
    }
    let connection = request.connection.unwrap_or_else(|| DEFAULT_CONNECTION.to_owned());
    let options = IssueOptions {
        min_ttl: request.min_ttl.map_or(MARGIN, |seconds| Duration::from_secs(seconds.into())),
        force_refresh: request.force_refresh,
    };
    let IssuedToken { access_token, token_type, expires_at, scope, refreshed, generation, warning, .. } =
        access_token(context.integration(), host, &connection, options).await?;
    let warning = warning.map(|error| TokenWarning {
        error_code: error.app_code().map_or_else(|| error.code().to_string(), str::to_owned),
        message: error.message().to_owned(),
    });
    Ok(RetrievedToken {
        connection,
        access_token,
        token_type,
        expires_at,
        scope,
        refreshed,
        generation,
        warning,
    })
}

pub(super) async fn status(context: CallContext, request: StatusRequest) -> Result<TokenStatus> {
    let key = ConnectionKey {
        app_id: context.integration().app_id().to_owned(),
        name: request.connection.unwrap_or_else(|| DEFAULT_CONNECTION.to_owned()),
    };
    token_status(context.host(), &key).await
}
