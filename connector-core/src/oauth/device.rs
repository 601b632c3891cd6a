//! Agreeing on another device (RFC 8628): a code that somebody types in there, and asking until it was done.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::TokenSet;
use super::answer::invalid;
use super::client::Endpoint;
use super::endpoint::{Client, Form, post};
use super::exchange::tokens;
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::Result;

/// Pause between two questions when the server does not name one, and what is added when it asks for a longer one.
pub(super) const INTERVAL: Duration = Duration::from_secs(5);

/// Life of a code of which the server does not tell it.
const LIFE: Duration = Duration::from_mins(10);

/// The grant type of device codes.
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What somebody needs to agree on another device, and we to learn of it.
#[derive(Debug)]
pub(super) struct DeviceAuthorization {
    /// What we ask with. A secret.
    pub(super) device_code: Secret,
    /// What is typed in.
    pub(super) user_code: String,
    /// Where it is typed in.
    pub(super) verification_uri: String,
    /// The same with the code in it.
    pub(super) verification_uri_complete: Option<String>,
    /// The code is worth nothing after this instant.
    pub(super) expires_at: Timestamp,
    /// Pause before each question.
    pub(super) interval: Duration,
}

/// What came of asking.
#[derive(Debug)]
pub(super) enum DevicePoll {
    /// Nobody has agreed yet; ask again after this pause.
    Pending(Duration),
    /// Somebody agreed.
    Authorized(Box<TokenSet>),
}

/// Asks for a code that somebody can type in.
pub(super) async fn start(
    context: &CallContext,
    client: Client,
    scopes: Option<String>,
) -> Result<DeviceAuthorization> {
    let form = Form::default().with_some("scope", scopes);
    let (answer, sent_at) = post(context, &client, Endpoint::Device, form).await?;
    read(&answer.members()?, sent_at)
}

/// Asks once whether somebody has agreed. `interval` is the pause that was kept before.
///
/// # Errors
/// `permission_denied` when the person said no, `creds_revoked` when the code has expired.
pub(super) async fn poll(
    context: &CallContext,
    client: Client,
    device_code: &Secret,
    interval: Duration,
) -> Result<DevicePoll> {
    let form = Form::default().with("grant_type", DEVICE_CODE).with("device_code", device_code.expose());
    match tokens(context, client, form).await {
        Ok(tokens) => Ok(DevicePoll::Authorized(Box::new(tokens))),
        Err(error) => match error.app_code() {
            Some("oauth.authorization_pending") => Ok(DevicePoll::Pending(interval)),
            Some("oauth.slow_down") => Ok(DevicePoll::Pending(interval + INTERVAL)),
            Some("oauth.expired_token" | "oauth.invalid_grant") => {
                Err(error.hint("nobody agreed in time: start again"))
            }
            _ => Err(error),
        },
    }
}

fn read(members: &Map<String, Value>, sent_at: Timestamp) -> Result<DeviceAuthorization> {
    let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let required =
        |name: &str| text(name).ok_or_else(|| invalid(&format!("the authorization server sent no {name}")));
    let seconds = |name: &str| {
        let value = members.get(name)?;
        let seconds = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
        Some(Duration::from_secs(seconds.min(24 * 3600)))
    };
    // Google's name for it differs by one letter.
    let page = text("verification_uri").or_else(|| text("verification_url"));
    Ok(DeviceAuthorization {
        device_code: Secret::new(required("device_code")?),
        user_code: required("user_code")?.to_owned(),
        verification_uri: page.map_or_else(|| required("verification_uri"), Ok)?.to_owned(),
        verification_uri_complete: text("verification_uri_complete").map(str::to_owned),
        expires_at: sent_at + seconds("expires_in").unwrap_or(LIFE),
        interval: seconds("interval").filter(|interval| !interval.is_zero()).unwrap_or(INTERVAL),
    })
}
