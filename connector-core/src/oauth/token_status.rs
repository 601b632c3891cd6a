//! How a connection's tokens are, without them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Connection, ConnectionKey, ConnectionState, Renewal};
use crate::error::Result;
use crate::host::Host;

/// Remaining life at which an access token is about to be renewed.
const SHORT_LIFE: SignedDuration = SignedDuration::from_mins(1);

/// What a connection can do for its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// There is none.
    Absent,
    /// There is none, and somebody is about to agree.
    PendingAuthorization,
    /// Its access token works.
    Active,
    /// The access token ends within a minute.
    Expiring,
    /// The access token has ended. The next caller gets a new one, if the app gives one.
    Expired,
    /// The answer to a refresh got lost.
    RefreshIndeterminate,
    /// Somebody must log in again.
    ReauthorizationRequired,
    /// The app refuses the client's id or secret.
    Misconfigured,
    /// Renewing failed for days and is not tried any more: somebody must log in again.
    Exhausted,
    /// There is none any more: somebody took it away.
    Revoked,
}

impl TokenState {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Absent,
        Self::PendingAuthorization,
        Self::Active,
        Self::Expiring,
        Self::Expired,
        Self::RefreshIndeterminate,
        Self::ReauthorizationRequired,
        Self::Misconfigured,
        Self::Exhausted,
        Self::Revoked,
    ];

    /// The state of a connection that is there.
    pub fn of(state: ConnectionState, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        match state {
            ConnectionState::RefreshIndeterminate => Self::RefreshIndeterminate,
            ConnectionState::ReauthorizationRequired => Self::ReauthorizationRequired,
            ConnectionState::Misconfigured => Self::Misconfigured,
            ConnectionState::Exhausted => Self::Exhausted,
            _ => match expires_at.map(|expires_at| expires_at.duration_since(now)) {
                Some(left) if left <= SignedDuration::ZERO => Self::Expired,
                Some(left) if left <= SHORT_LIFE => Self::Expiring,
                _ => Self::Active,
            },
        }
    }

    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::PendingAuthorization => "pending_authorization",
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::RefreshIndeterminate => "refresh_indeterminate",
            Self::ReauthorizationRequired => "reauthorization_required",
            Self::Misconfigured => "misconfigured",
            Self::Exhausted => "exhausted",
            Self::Revoked => "revoked",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// How renewing went.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct RenewalStatus {
    last_refresh_success: Option<Timestamp>,
    last_refresh_failure: Option<Timestamp>,
    consecutive_failures: u32,
    /// The app is not asked again before.
    retry_after: Option<Timestamp>,
    /// Why the state is what it is, as a word for programs.
    reason: Option<String>,
}

impl From<Renewal> for RenewalStatus {
    fn from(renewal: Renewal) -> Self {
        Self {
            last_refresh_success: renewal.succeeded_at,
            last_refresh_failure: renewal.failed_at,
            consecutive_failures: renewal.failures,
            retry_after: renewal.retry_after,
            reason: renewal.reason,
        }
    }
}

/// How the tokens of a connection are.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenStatus {
    /// What it can do for its callers.
    pub state: TokenState,
    expires_at: Option<Timestamp>,
    refresh_expires_at: Option<Timestamp>,
    scope: Vec<String>,
    /// Counts the versions of the connection; 0 where there is none.
    pub generation: u64,
    #[serde(flatten)]
    renewal: RenewalStatus,
}

impl TokenStatus {
    /// Of a connection that is there.
    pub fn of(connection: Connection, now: Timestamp) -> Self {
        let tokens = connection.tokens;
        let scope = tokens.scope.as_deref().unwrap_or_default();
        Self {
            state: TokenState::of(connection.state, tokens.expires_at, now),
            expires_at: tokens.expires_at,
            refresh_expires_at: tokens.refresh_expires_at,
            scope: scope.split_whitespace().map(ToOwned::to_owned).collect(),
            generation: connection.generation,
            renewal: connection.renewal.into(),
        }
    }

    /// Where there is none.
    pub fn without_connection(state: TokenState) -> Self {
        Self {
            state,
            expires_at: None,
            refresh_expires_at: None,
            scope: Vec::new(),
            generation: 0,
            renewal: RenewalStatus::default(),
        }
    }
}

/// How the tokens of a connection of the vault are. Nothing is renewed for it.
///
/// # Errors
/// When the vault cannot be read.
pub async fn token_status(host: &Arc<dyn Host>, key: &ConnectionKey) -> Result<TokenStatus> {
    let Some(tokens) = host.tokens().await? else {
        return Ok(TokenStatus::without_connection(TokenState::Absent));
    };
    if let Some(connection) = tokens.store().load(key).await? {
        return Ok(TokenStatus::of(connection, Timestamp::now()));
    }
    let is_pending = match host.authorizations().await? {
        Some(authorizations) => authorizations.is_waiting(key).await?,
        None => false,
    };
    let state = match is_pending {
        true => TokenState::PendingAuthorization,
        false if tokens.store().was_removed(key).await? => TokenState::Revoked,
        false => TokenState::Absent,
    };
    Ok(TokenStatus::without_connection(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_follows_from_the_connection_and_the_clock() {
        let now = Timestamp::now();
        let of = |state, seconds| TokenState::of(state, Some(now + SignedDuration::from_secs(seconds)), now);
        assert_eq!(of(ConnectionState::Active, 3600), TokenState::Active);
        assert_eq!(of(ConnectionState::Active, 61), TokenState::Active);
        assert_eq!(of(ConnectionState::Active, 60), TokenState::Expiring);
        assert_eq!(of(ConnectionState::Active, 0), TokenState::Expired);
        assert_eq!(TokenState::of(ConnectionState::Active, None, now), TokenState::Active);
        assert_eq!(of(ConnectionState::Exhausted, 3600), TokenState::Exhausted);
        assert_eq!(of(ConnectionState::Misconfigured, 0), TokenState::Misconfigured);
    }

    #[test]
    fn states_go_by_the_names_that_answers_have() {
        for state in TokenState::ALL {
            assert_eq!(TokenState::from_name(state.name()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
        assert_eq!(TokenState::from_name("Active"), None);
    }
}
