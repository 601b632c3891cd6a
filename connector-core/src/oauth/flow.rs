//! The authorization code flow as capabilities: authorization URL, callback, refresh.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::authorization_url::{AuthorizationRequest, authorization_url, scopes};
use super::exchange::Client;
use super::{OAuthClient, TokenSet, callback, discovery, exchange};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::ErasedOAuth;

/// Request of `get_authorization_url`. What is absent comes from the settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UrlRequest {
    client_id: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    redirect_uri: Option<String>,
    /// Comes back with the callback; made when absent.
    state: Option<String>,
    /// What else the address says. What OAuth itself says cannot be replaced.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    /// The same, as agents for Lumos connectors name it.
    form_data: Option<BTreeMap<String, String>>,
    /// Which of several credentials it is for. There is one.
    #[serde(rename = "credential_id")]
    _credential_id: Option<String>,
}

/// Where people go to agree, and what the callback needs.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UrlResponse {
    authorization_url: String,
    /// To be handed to `handle_authorization_callback` (PKCE, RFC 7636). A secret until then.
    #[serde(serialize_with = "Secret::serialize_exposed")]
    code_verifier: Secret,
    /// To be compared with the callback's.
    state: String,
}

/// Request of `handle_authorization_callback`. Client id and secret come from the settings when absent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackRequest {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    /// The whole address that the app sent people back to.
    redirect_uri_with_code: Secret,
    /// The state of the authorization URL; the callback's must be the same.
    state: Option<String>,
    /// The verifier of the authorization URL.
    code_verifier: Option<Secret>,
    /// Which of several credentials it is for. There is one.
    #[serde(rename = "credential_id")]
    _credential_id: Option<String>,
}

/// Request of `refresh_access_token`. Client id and secret come from the settings when absent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshRequest {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    #[schemars(length(min = 1))]
    refresh_token: Secret,
    /// Comes back with the answer.
    state: Option<String>,
    /// Which of several credentials it is for. There is one.
    #[serde(rename = "credential_id")]
    _credential_id: Option<String>,
}

/// The tokens, and the state that came back.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenResponse {
    #[serde(flatten)]
    tokens: TokenSet,
    state: Option<String>,
}

impl TokenResponse {
    /// Agents know the kind of token in small letters alone (RFC 6749 takes either).
    pub(super) fn new(mut tokens: TokenSet, state: Option<String>) -> Self {
        if tokens.token_type == "Bearer" {
            tokens.token_type.make_ascii_lowercase();
        }
        Self { tokens, state }
    }
}

/// The integration's OAuth settings and our registration.
pub(super) fn settings(context: &CallContext) -> Result<(&ErasedOAuth, OAuthClient)> {
    let oauth = context.integration().oauth().ok_or_else(|| {
        ConnectorError::new(ErrorCode::UnsupportedOperation, "the integration has no OAuth")
    })?;
    Ok((oauth, (oauth.client)(context.settings_any())?))
}

/// Our registration as one call uses it, with what its request says in place of the settings.
pub(super) fn client(context: &CallContext, id: Option<String>, secret: Option<Secret>) -> Result<Client> {
    let (_, registration) = settings(context)?;
    let credential = registration.secret(secret)?;
    exchange::client(&registration, registration.id(id)?, Some(&credential))
}

pub(super) async fn get_authorization_url(context: CallContext, request: UrlRequest) -> Result<UrlResponse> {
    let (oauth, registration) = settings(&context)?;
    exchange::client(&registration, registration.id(request.client_id.clone())?, None)?;
    let request = AuthorizationRequest {
        client_id: request.client_id,
        redirect_uri: request.redirect_uri,
        scopes: request.scopes,
        state: request.state.map(Secret::new),
        parameters: request.parameters.into_iter().chain(request.form_data.unwrap_or_default()).collect(),
    };
    let made = authorization_url(&context, oauth, &registration, request).await?;
    Ok(UrlResponse {
        authorization_url: made.url.into(),
        code_verifier: made.code_verifier,
        state: made.state.expose().to_owned(),
    })
}

pub(super) async fn handle_callback(context: CallContext, request: CallbackRequest) -> Result<TokenResponse> {
    let (oauth, registration) = settings(&context)?;
    let expected = callback::Expected {
        state: request.state.as_deref(),
        issuer: registration.issuer.as_deref(),
        promises_issuer: discovery::promises_issuer(&context, &registration).await,
        redirect_uri: registration.redirect_uri.as_deref(),
    };
    let returned = callback::read(request.redirect_uri_with_code.expose(), expected)?;
    let client = client(&context, request.client_id, request.client_secret)?;
    let client = client.requesting(scopes(oauth, &[]));
    let verifier = request.code_verifier.map(|verifier| verifier.expose().to_owned());
    let code = returned.code.expose().to_owned();
    let tokens = exchange::code(&context, client, code, returned.redirect_uri, verifier).await?;
    Ok(TokenResponse::new(tokens, returned.state))
}

pub(super) async fn refresh_access_token(
    context: CallContext,
    request: RefreshRequest,
) -> Result<TokenResponse> {
    let client = client(&context, request.client_id, request.client_secret)?;
    let mut tokens = exchange::refresh(&context, client, &request.refresh_token).await?;
    tokens.refresh_token = tokens.refresh_token.or(Some(request.refresh_token));
    Ok(TokenResponse::new(tokens, request.state))
}
