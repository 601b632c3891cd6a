//! The grants without a browser of ours, as capabilities: client credentials, another device, a token for a token.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TokenSet;
use super::about_tokens::given;
use super::authorization_url::asked_scopes;
use super::device::{self, DevicePoll, INTERVAL};
use super::exchange::{self, TokenExchange};
use super::flow::{TokenResponse, client, settings};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::Result;

/// What a token is when nobody says (RFC 8693, section 3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Request of `handle_client_credentials_request`. Client id and secret come from the settings when absent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientCredentialsRequest {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    #[serde(default)]
    scopes: Vec<String>,
    /// Which of several credentials it is for. There is one.
    #[serde(rename = "credential_id")]
    _credential_id: Option<String>,
}

/// Request of `start_device_authorization`. Client id and secret come from the settings when absent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceRequest {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    #[serde(default)]
    scopes: Vec<String>,
}

/// What to show to whoever agrees, and what to ask with.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DeviceResponse {
    /// To be handed to `poll_device_authorization`. A secret.
    #[serde(serialize_with = "Secret::serialize_exposed")]
    device_code: Secret,
    /// What somebody types in.
    user_code: String,
    /// Where it is typed in.
    verification_uri: String,
    /// The same with the code in it.
    verification_uri_complete: Option<String>,
    /// The codes are worth nothing after this instant.
    expires_at: Timestamp,
    /// Seconds to wait before each question.
    interval: u64,
}

/// Request of `poll_device_authorization`. Client id and secret come from the settings when absent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PollRequest {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    #[schemars(length(min = 1))]
    device_code: Secret,
    /// Seconds that were waited before, as the last answer said; 5 when absent.
    interval: Option<u32>,
}

/// Whether somebody has agreed, and the tokens once it is so.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PollResponse {
    state: DeviceState,
    /// Seconds to wait before the next question.
    interval: Option<u64>,
    tokens: Option<TokenResponse>,
}

/// How far the authorization on another device is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum DeviceState {
    /// Nobody has agreed yet.
    Pending,
    /// Somebody agreed.
    Authorized,
}

/// Request of `exchange_token`. Client id and secret come from the settings when absent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExchangeRequest {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    /// The token that is given; the access token of `auth` when absent.
    subject_token: Option<Secret>,
    /// An access token when absent.
    subject_token_type: Option<String>,
    /// A token of who acts for the subject.
    actor_token: Option<Secret>,
    actor_token_type: Option<String>,
    requested_token_type: Option<String>,
    /// Names of the services that the new token is for.
    #[serde(default)]
    audience: Vec<String>,
    /// Addresses of the services that the new token is for.
    #[serde(default)]
    resource: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
}

/// The new token, and what it is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ExchangeResponse {
    #[serde(flatten)]
    tokens: TokenSet,
    issued_token_type: Option<String>,
}

pub(super) async fn client_credentials(
    context: CallContext,
    request: ClientCredentialsRequest,
) -> Result<TokenResponse> {
    let (oauth, _) = settings(&context)?;
    let client = client(&context, request.client_id, request.client_secret)?;
    let scopes = asked_scopes(oauth, &request.scopes);
    let tokens = exchange::client_credentials(&context, client, scopes).await?;
    Ok(TokenResponse::new(tokens, None))
}

pub(super) async fn start_device(context: CallContext, request: DeviceRequest) -> Result<DeviceResponse> {
    let (oauth, _) = settings(&context)?;
    let client = client(&context, request.client_id, request.client_secret)?;
    let started = device::start(&context, client, asked_scopes(oauth, &request.scopes)).await?;
    Ok(DeviceResponse {
        device_code: started.device_code,
        user_code: started.user_code,
        verification_uri: started.verification_uri,
        verification_uri_complete: started.verification_uri_complete,
        expires_at: started.expires_at,
        interval: started.interval.as_secs(),
    })
}

pub(super) async fn poll_device(context: CallContext, request: PollRequest) -> Result<PollResponse> {
    let client = client(&context, request.client_id, request.client_secret)?;
    let interval = request.interval.map_or(INTERVAL, |seconds| Duration::from_secs(seconds.into()));
    Ok(match device::poll(&context, client, &request.device_code, interval).await? {
        DevicePoll::Pending(interval) => {
            PollResponse { state: DeviceState::Pending, interval: Some(interval.as_secs()), tokens: None }
        }
        DevicePoll::Authorized(tokens) => PollResponse {
            state: DeviceState::Authorized,
            interval: None,
            tokens: Some(TokenResponse::new(*tokens, None)),
        },
    })
}

pub(super) async fn exchange(context: CallContext, request: ExchangeRequest) -> Result<ExchangeResponse> {
    let client = client(&context, request.client_id, request.client_secret)?;
    let subject_token = given(&context, request.subject_token, "subject_token").await?;
    let exchange = TokenExchange {
        subject_token,
        subject_token_type: request.subject_token_type.unwrap_or_else(|| ACCESS_TOKEN.to_owned()),
        actor_token_type: request
            .actor_token
            .as_ref()
            .map(|_| request.actor_token_type.unwrap_or_else(|| ACCESS_TOKEN.to_owned())),
        actor_token: request.actor_token,
        requested_token_type: request.requested_token_type,
        audience: request.audience,
        resource: request.resource,
        scopes: Some(request.scopes.join(" ")).filter(|scopes| !scopes.is_empty()),
    };
    let mut tokens = exchange::token(&context, client, exchange).await?;
    let issued_token_type = tokens.extra.shift_remove("issued_token_type");
    let issued_token_type = issued_token_type.and_then(|kind| kind.as_str().map(str::to_owned));
    Ok(ExchangeResponse { tokens, issued_token_type })
}
