//! An authorization that somebody agrees to on another device (RFC 8628): no browser of this machine, and no callback.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    BeginAuthorization, FinishedAuthorization, NewTokens, check_name, known_settings, new_state,
    nothing_is_kept, settled,
};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::{Host, StopSignal};
use crate::integration::Integration;
use crate::oauth::authorization_url::asked_scopes;
use crate::oauth::device::{self, DeviceAuthorization, DevicePoll};
use crate::oauth::exchange::Client;
use crate::oauth::{AccountProof, ConnectionKey, Grant, PendingAuthorization, flow, to_the_end};
use crate::settings;

/// Longest pause that is made of an app that cannot be asked.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

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
    /// Pause between two questions whether somebody did.
    pub interval: Duration,
}

/// A login that somebody may agree to on another device now.
pub struct DeviceLogin {
    prompt: DevicePrompt,
    waiting: Waiting,
}

/// What it takes to ask whether somebody agreed, and to keep the tokens.
struct Waiting {
    integration: Arc<Integration>,
    host: Arc<dyn Host>,
    context: CallContext,
    client: Client,
    state: Secret,
    pending: PendingAuthorization,
}

/// What came of asking.
enum Asked {
    Agreed(Box<FinishedAuthorization>),
    /// Nobody did yet; the next question comes after this pause.
    NotYet(Duration),
    /// The app could not be asked.
    Unanswered(ConnectorError),
}

/// Begins to connect an account that somebody agrees to on another device. What is only for browsers in `request` counts
/// for nothing.
///
/// # Errors
/// `unsupported_operation` where the app offers no such way, and all that [`super::begin`] can fail with.
pub async fn begin_on_another_device(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    request: BeginAuthorization,
) -> Result<DeviceLogin> {
    let key = ConnectionKey { app_id: integration.app_id().to_owned(), name: request.connection };
    check_name(&**host, &key).await?;
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
    let DeviceAuthorization {
        device_code,
        user_code,
        verification_uri,
        verification_uri_complete,
        expires_at,
        interval,
    } = started;
    let pending = PendingAuthorization {
        flow_id: Uuid::new_v4(),
        key,
        redirect_uri: String::new(),
        code_verifier: device_code,
        expected_issuer: None,
        requires_issuer: false,
        session_binding: None,
        settings,
        scope,
        may_change_account: request.may_change_account,
        return_to: None,
        expires_at,
    };
    // Nobody comes back for it: what would keep the tokens from being kept is found before somebody agrees, and everybody
    // can tell that the connection is being made.
    let store = host.authorizations().await?.ok_or_else(nothing_is_kept)?;
    let state = new_state(integration)?;
    store.put(&state, &pending).await?;
    let (integration, host) = (Arc::clone(integration), Arc::clone(host));
    Ok(DeviceLogin {
        prompt: DevicePrompt { user_code, verification_uri, verification_uri_complete, expires_at, interval },
        waiting: Waiting { integration, host, context, client, state, pending },
    })
}

impl DeviceLogin {
    /// What to show to whoever agrees.
    pub fn prompt(&self) -> &DevicePrompt {
        &self.prompt
    }

    /// Waits until somebody agreed, and keeps the tokens. A stop ends the waiting, and no question that was sent: its
    /// answer may be the tokens, and comes once.
    ///
    /// # Errors
    /// `request_timeout` when nobody agreed in time or the program was told to stop, and all that [`super::finish`] can
    /// fail with.
    pub async fn finish(self, stop: StopSignal) -> Result<FinishedAuthorization> {
        let waiting = Arc::new(self.waiting);
        let finished = waiting.agreed(self.prompt.interval, stop).await;
        waiting.end().await;
        finished
    }
}

impl Waiting {
    async fn agreed(
        self: &Arc<Self>,
        mut interval: Duration,
        mut stop: StopSignal,
    ) -> Result<FinishedAuthorization> {
        loop {
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = stop.given() => {
                    let message = "stopped while waiting for somebody to agree";
                    return Err(ConnectorError::new(ErrorCode::RequestTimeout, message));
                }
            }
            let waiting = Arc::clone(self);
            interval = match to_the_end(async move { waiting.ask(interval).await }).await? {
                Asked::Agreed(finished) => return Ok(*finished),
                Asked::NotYet(interval) => interval,
                Asked::Unanswered(error) => {
                    tracing::warn!(%error, "the app cannot be asked whether somebody has agreed");
                    (interval * 2).min(LONGEST_PAUSE).max(interval)
                }
            };
            if Timestamp::now() >= self.pending.expires_at {
                return Err(ConnectorError::new(ErrorCode::RequestTimeout, "nobody agreed in time")
                    .app_error_code("oauth.expired_token")
                    .hint("start again"));
            }
        }
    }

    /// Asks once, and keeps the tokens if there are some.
    async fn ask(&self, interval: Duration) -> Result<Asked> {
        let pending = &self.pending;
        let polled = device::poll(&self.context, self.client.clone(), &pending.code_verifier, interval).await;
        let tokens = match polled {
            Ok(DevicePoll::Authorized(tokens)) => *tokens,
            Ok(DevicePoll::Pending(interval)) => return Ok(Asked::NotYet(interval)),
            Err(error) if error.code().metadata().retryable => return Ok(Asked::Unanswered(error)),
            Err(error) => return Err(error),
        };
        let new = NewTokens {
            key: pending.key.clone(),
            tokens,
            settings: pending.settings.clone(),
            may_change_account: pending.may_change_account,
            proof: AccountProof::Whole,
        };
        let finished = super::kept(&self.integration, &self.host, new, None).await?;
        Ok(Asked::Agreed(Box::new(finished)))
    }

    /// Nobody is about to agree any more.
    async fn end(&self) {
        let taken = async {
            let store = self.host.authorizations().await?.ok_or_else(nothing_is_kept)?;
            store.take(&self.state).await
        };
        if let Err(error) = taken.await {
            let connection = &self.pending.key.name;
            tracing::warn!(connection, %error, "that nobody waits for a code any more could not be written down");
        }
    }
}
