//! Whether the app may be asked for new tokens now, as far as the connection's row tells.

use jiff::Timestamp;

use super::need::Need;
use super::refusal;
use crate::auth::Secret;
use crate::error::{ConnectorError, Result};
use crate::oauth::{Connection, ConnectionKey, ConnectionState};

/// What may be done.
pub(super) enum Decision {
    /// The app may be asked.
    Ask {
        refresh_token: Secret,
        /// Nobody knows whether the app took this refresh token before.
        is_unsure: bool,
    },
    /// It may not. A token that is still valid is better than nothing.
    Wait(ConnectorError),
}

/// `client` names the client's id and secret that would be used; `left_open` tells that a process died with an attempt.
///
/// # Errors
/// When it does not help to wait: somebody must log in again.
pub(super) fn decide(
    key: &ConnectionKey,
    connection: &Connection,
    need: &Need,
    client: &str,
    left_open: bool,
    now: Timestamp,
) -> Result<Decision> {
    match connection.state {
        ConnectionState::ReauthorizationRequired => return Err(refusal::log_in_again(key, connection)),
        ConnectionState::Exhausted => return Err(refusal::exhausted(key)),
        ConnectionState::Unknown => return Err(refusal::unknown_state(key)),
        _ => {}
    }
    let Some(refresh_token) = &connection.tokens.refresh_token else {
        return Ok(Decision::Wait(refusal::no_refresh_token(key)));
    };
    let is_unsure = left_open || connection.state == ConnectionState::RefreshIndeterminate;
    if is_unsure && need.is_served_by(connection, now) {
        return Ok(Decision::Wait(refusal::indeterminate(key, connection.tokens.expires_at)));
    }
    let has_new_client =
        connection.renewal.rejected_client.as_deref().is_some_and(|rejected| rejected != client);
    match connection.renewal.retry_after {
        Some(until) if until > now && !has_new_client => {
            Ok(Decision::Wait(refusal::cooling_down(key, connection, until, now)))
        }
        _ => Ok(Decision::Ask { refresh_token: refresh_token.clone(), is_unsure }),
    }
}
