//! The errors of connections that give no token.

use std::time::Duration;

use jiff::Timestamp;

use crate::error::{ConnectorError, ErrorCode};
use crate::oauth::{Connection, ConnectionKey, ConnectionState};

/// Reason of a connection whose refresh token was refused after an answer had been lost: the app may have taken it
/// then, and its successor never arrived.
pub(super) const OUTCOME_UNKNOWN: &str = "rotation_outcome_unknown";

/// Reason of a connection whose refresh token came from elsewhere and is of another account than its access token.
pub(super) const ANOTHER_ACCOUNT: &str = "account_mismatch";

pub(crate) fn not_found(key: &ConnectionKey) -> ConnectorError {
    ConnectorError::new(ErrorCode::NotFound, format!("the vault has no connection `{}`", key.name))
        .app_error_code("oauth.connection_not_found")
        .hint("`login --connection NAME` makes one; `status` lists them")
}

pub(super) fn log_in_again(key: &ConnectionKey, connection: &Connection) -> ConnectorError {
    let why = match connection.renewal.reason.as_deref() {
        Some(ANOTHER_ACCOUNT) => return another_account(key, connection),
        Some(OUTCOME_UNKNOWN) => ": the answer to a refresh was lost, and the refresh token is spent",
        _ => "",
    };
    reauthorization(key, format!("connection `{}` has to be authorized again{why}", key.name))
        .app_error_code("oauth.reauthorization_required")
}

fn another_account(key: &ConnectionKey, connection: &Connection) -> ConnectorError {
    let account = connection.account.as_deref().unwrap_or("unknown");
    let message = format!(
        "connection `{}` is of account {account}, and the refresh token that it was given is of another",
        key.name
    );
    ConnectorError::new(ErrorCode::Conflict, message)
        .app_error_code("oauth.account_mismatch")
        .hint(format!("run `login --connection {}`", key.name))
}

/// Nobody can tell yet whose the tokens are.
pub(super) fn account_unknown(key: &ConnectionKey) -> ConnectorError {
    let message = format!("whose the new tokens of connection `{}` are is not known yet", key.name);
    ConnectorError::new(ErrorCode::ServiceError, message).app_error_code("oauth.account_unknown")
}

pub(super) fn unknown_state(key: &ConnectionKey) -> ConnectorError {
    let message = format!("connection `{}` is in a state that this version does not know", key.name);
    ConnectorError::misconfigured(ErrorCode::UnsupportedOperation, message).hint("update this program")
}

pub(super) fn exhausted(key: &ConnectionKey) -> ConnectorError {
    let message =
        format!("renewing connection `{}` failed on several days in a row and was given up", key.name);
    reauthorization(key, message).app_error_code("oauth.refresh_exhausted")
}

pub(super) fn no_refresh_token(key: &ConnectionKey) -> ConnectorError {
    let message = format!("the token of connection `{}` ends, and there is no refresh token", key.name);
    reauthorization(key, message).app_error_code("oauth.token_expired_no_refresh")
}

pub(super) fn of_no_use(key: &ConnectionKey) -> ConnectorError {
    let message =
        format!("the app's new token for connection `{}` has ended already, or is no other", key.name);
    ConnectorError::new(ErrorCode::InvalidResponse, message).app_error_code("oauth.token_of_no_use")
}

pub(super) fn indeterminate(key: &ConnectionKey, until: Option<Timestamp>) -> ConnectorError {
    let until = until.map_or_else(String::new, |until| format!(" after {until}"));
    ConnectorError::new(
        ErrorCode::ServiceError,
        format!(
            "the answer to a refresh of connection `{}` was lost; it is tried once more{until}, when the access \
             token has ended",
            key.name
        ),
    )
    .app_error_code("oauth.refresh_indeterminate")
}

pub(super) fn cooling_down(
    key: &ConnectionKey,
    connection: &Connection,
    until: Timestamp,
    now: Timestamp,
) -> ConnectorError {
    let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    let error = match connection.state {
        _ if connection.renewal.rejected_client.is_some() => {
            let message = format!(
                "the app refuses the client that connection `{}` is renewed with ({})",
                key.name,
                connection.renewal.reason.as_deref().unwrap_or("no reason known")
            );
            ConnectorError::misconfigured(ErrorCode::Unauthorized, message)
                .app_error_code("oauth.provider_rejected_client")
                .hint("correct the settings client_id and client_secret; the next call tries them at once")
        }
        ConnectionState::RefreshIndeterminate => indeterminate(key, Some(until)),
        _ => {
            let message = format!("renewing connection `{}` failed a moment ago", key.name);
            ConnectorError::new(ErrorCode::ServiceError, message).app_error_code("oauth.cooldown")
        }
    };
    error.retry_after(wait)
}

/// The error of a failed request to the token endpoint, after it was written down.
pub(super) fn of_failure(
    key: &ConnectionKey,
    connection: &Connection,
    error: ConnectorError,
    now: Timestamp,
) -> ConnectorError {
    match connection.state {
        ConnectionState::ReauthorizationRequired => error
            .app_error_code("oauth.reauthorization_required")
            .hint(format!("the grant is gone; run `login --connection {}`", key.name)),
        ConnectionState::Exhausted => exhausted(key).context(error.message().to_owned()),
        state => {
            let error = match state {
                _ if connection.renewal.rejected_client.is_some() => {
                    error.app_error_code("oauth.provider_rejected_client")
                }
                ConnectionState::RefreshIndeterminate => error.app_error_code("oauth.refresh_indeterminate"),
                _ => error,
            };
            let until = connection.renewal.retry_after;
            match until.and_then(|until| Duration::try_from(until.duration_since(now)).ok()) {
                Some(wait) => error.retry_after(wait),
                None => error,
            }
        }
    }
}

pub(super) fn not_kept(key: &ConnectionKey) -> ConnectorError {
    let message =
        format!("the new tokens of connection `{}` could not be written to the vault yet", key.name);
    ConnectorError::new(ErrorCode::ServiceError, message)
        .app_error_code("vault.write_failed")
        .hint("keep this process alive until the database is back: the tokens are nowhere else")
}

/// Said of a token that is handed out although there may be no other after it: the connection needs a login, or nobody
/// knows whether its refresh token is spent.
pub(super) fn of_state(key: &ConnectionKey, connection: &Connection) -> Option<ConnectorError> {
    match connection.state {
        ConnectionState::ReauthorizationRequired => Some(log_in_again(key, connection)),
        ConnectionState::Exhausted => Some(exhausted(key)),
        ConnectionState::RefreshIndeterminate => Some(indeterminate(key, connection.tokens.expires_at)),
        _ => None,
    }
}

fn reauthorization(key: &ConnectionKey, message: String) -> ConnectorError {
    ConnectorError::new(ErrorCode::CredsRevoked, message)
        .hint(format!("run `login --connection {}`", key.name))
}
