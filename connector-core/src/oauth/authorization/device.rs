//! An authorization that somebody agrees to on another device (RFC 8628): no browser of this machine, and no callback.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    BeginAuthorization, FinishedAuthorization, NewTokens, known_settings, new_state, nothing_is_kept, settled,
};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::Host;
use crate::integration::Integration;
use crate::oauth::authorization_url::asked_scopes;
use crate::oauth::device::{self, DeviceAuthorization, DevicePoll};
use crate::oauth::under_way::UnderWay;
use crate::oauth::{ConnectionKey, Grant, PendingAuthorization, flow};
use crate::settings;

/// What somebody needs to agree on another device.
#[derive(Debug, Clone)]
pub struct DevicePrompt {
    /// What is typed in.
    pub user_code: String,
    /// Where it is typed in.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: Option<String>,
    /// The end of the time to agree.
    pub expires_at: Timestamp,
}

/// Connects an account that somebody agrees to on another device, and waits until they did. What is only for browsers in
/// `request` counts for nothing.
///
/// # Errors
/// `unsupported_operation` where the app offers no such way, and all that [`super::begin`] and [`super::finish`] can
/// fail with.
pub async fn agree_on_another_device(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    request: BeginAuthorization,
    show: &(dyn Fn(&DevicePrompt) + Sync),
) -> Result<FinishedAuthorization> {
    let key = ConnectionKey { app_id: integration.app_id().to_owned(), name: request.connection };
    let known = known_settings(&**host, &key).await;
    let settings = settings::gather(integration, request.settings, &**host, known);
    let context = settled(integration, &settings).await?;
    let (oauth, _) = flow::settings(&context)?;
    if !oauth.grants.contains(&Grant::DeviceCode) {
        let name = &integration.description().user_friendly_name;
        let message = format!("{name} offers no login with a code on another device");
        return Err(ConnectorError::new(ErrorCode::UnsupportedOperation, message)
            .hint("`login --no-browser` works without a browser on this machine"));
    }
    let scope = asked_scopes(oauth, &request.scopes);
    let client = flow::client(&context, None, None)?.requesting(scope.clone());
    let started = device::start(&context, client.clone(), scope.clone()).await?;
    let pending = PendingAuthorization {
        flow_id: Uuid::new_v4(),
        key: key.clone(),
        redirect_uri: String::new(),
        code_verifier: started.device_code.clone(),
        expected_issuer: None,
        requires_issuer: false,
        session_binding: None,
        settings: settings.clone(),
        scope,
        may_change_account: request.may_change_account,
        return_to: None,
        expires_at: started.expires_at,
    };
    // Nobody comes back for it: what would keep the tokens from being kept is found before somebody agrees.
    let store = host.authorizations().await?.ok_or_else(nothing_is_kept)?;
    store.put(&new_state(integration)?, &pending).await?;
    let DeviceAuthorization {
        device_code,
        user_code,
        verification_uri,
        verification_uri_complete,
        expires_at,
        mut interval,
    } = started;
    show(&DevicePrompt { user_code, verification_uri, verification_uri_complete, expires_at });
    let (tokens, _under_way) = loop {
        tokio::time::sleep(interval).await;
        let under_way = UnderWay::begin();
        match device::poll(&context, client.clone(), &device_code, interval).await? {
            DevicePoll::Authorized(tokens) => break (*tokens, under_way),
            DevicePoll::Pending(next) if Timestamp::now() < expires_at => interval = next,
            DevicePoll::Pending(_) => {
                return Err(ConnectorError::new(ErrorCode::RequestTimeout, "nobody agreed in time")
                    .app_error_code("oauth.expired_token")
                    .hint("start again"));
            }
        }
    };
    let new = NewTokens { key, tokens, settings, may_change_account: request.may_change_account };
    super::kept(integration, host, new, None).await
}
