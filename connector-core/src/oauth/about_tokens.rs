//! Asking about a token and giving it back, as capabilities.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::exchange;
use super::flow::client;
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};

/// Request of `revoke_token` and `introspect_token`. Client id and secret come from the settings when absent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    /// The token; the access token of `auth` when absent.
    token: Option<Secret>,
    /// `access_token` or `refresh_token`: where the app looks first.
    token_type_hint: Option<String>,
}

/// What became of the token.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RevokeResponse {
    /// Whether the app took it back.
    revoked_at_provider: bool,
}

/// What the app knows of the token.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct IntrospectResponse {
    /// Whether it works.
    active: bool,
    /// When it ends, in seconds since 1970.
    exp: Option<Value>,
    /// What it may be used for.
    scope: Option<Value>,
    /// Whom it was made for.
    client_id: Option<Value>,
    /// What else the app says.
    extra: Map<String, Value>,
}

pub(super) async fn revoke(context: CallContext, request: TokenRequest) -> Result<RevokeResponse> {
    let client = client(&context, request.client_id, request.client_secret)?;
    let token = given(&context, request.token, "token").await?;
    exchange::revoke(&context, client, &token, request.token_type_hint.as_deref()).await?;
    Ok(RevokeResponse { revoked_at_provider: true })
}

pub(super) async fn introspect(context: CallContext, request: TokenRequest) -> Result<IntrospectResponse> {
    let client = client(&context, request.client_id, request.client_secret)?;
    let token = given(&context, request.token, "token").await?;
    let kind = request.token_type_hint.as_deref();
    let mut told = exchange::introspect(&context, client, &token, kind).await?;
    Ok(IntrospectResponse {
        active: told.shift_remove("active").is_some_and(|active| active == true),
        exp: told.shift_remove("exp"),
        scope: told.shift_remove("scope"),
        client_id: told.shift_remove("client_id"),
        extra: told,
    })
}

/// The token of the request, else that of the call's credentials.
pub(super) async fn given(context: &CallContext, token: Option<Secret>, name: &str) -> Result<Secret> {
    let token = match token {
        Some(token) => Some(token),
        None => context.access_token().await?,
    };
    token.filter(|token| !token.expose().is_empty()).ok_or_else(|| {
        let message = format!("{name} is missing: neither /request/{name} nor a token in /auth is there");
        ConnectorError::new(ErrorCode::IntegrationMissingParameter, message)
    })
}
