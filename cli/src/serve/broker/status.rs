//! How a connection is, without its secrets.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use connector_core::oauth::{Connection, ConnectionState, Renewal};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::asked::{Allowed, Asked, Done};
use super::refusal::Refusal;
use super::subject::Subject;
use crate::serve::Server;
use crate::serve::access::Scope;

/// Remaining life at which an access token is about to be renewed.
const SHORT_LIFE: SignedDuration = SignedDuration::from_mins(1);

const READ: &str = "status.read";

/// What a connection can do for its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TokenState {
    /// There is none.
    Absent,
    /// There is none, and somebody is about to agree.
    PendingAuthorization,
    Active,
    /// The access token ends within a minute.
    Expiring,
    /// The access token has ended. The next caller gets a new one, if the app gives one.
    Expired,
    RefreshIndeterminate,
    ReauthorizationRequired,
    Misconfigured,
    Exhausted,
    /// There is none any more: somebody took it away.
    Revoked,
}

impl TokenState {
    const ALL: [Self; 10] = [
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
    pub(super) fn of(state: ConnectionState, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
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

    pub(super) const fn name(self) -> &'static str {
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
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// How renewing went.
#[derive(Debug, Default, Serialize)]
pub(super) struct Renewing {
    last_refresh_success: Option<Timestamp>,
    last_refresh_failure: Option<Timestamp>,
    consecutive_failures: u32,
    retry_after: Option<Timestamp>,
    reason: Option<String>,
}

impl From<Renewal> for Renewing {
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

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    state: TokenState,
    expires_at: Option<Timestamp>,
    refresh_expires_at: Option<Timestamp>,
    scope: Vec<String>,
    generation: u64,
    #[serde(flatten)]
    renewing: Renewing,
}

pub(super) async fn read(State(_): State<Arc<Server>>, mut asked: Asked) -> Response {
    let outcome = match asked.allowed(Scope::StatusRead) {
        Ok(allowed) => tell(&allowed).await,
        Err(refusal) => Err(refusal),
    };
    asked.end(READ, outcome).await
}

async fn tell(allowed: &Allowed) -> Result<Done, Refusal> {
    let body = match allowed.load().await? {
        Some(connection) => of_connection(&allowed.subject, connection),
        None => of_none(allowed).await?,
    };
    let generation = (body.generation > 0).then_some(body.generation);
    Ok(Done { generation, ..Done::new(Json(body).into_response()) })
}

async fn of_none(allowed: &Allowed) -> Result<Body<'_>, Refusal> {
    let key = allowed.subject.key();
    let is_pending = allowed.server.broker.devices.wait_for(&key)
        || allowed.server.store.is_being_authorized(&key).await?;
    let state = match is_pending {
        true => TokenState::PendingAuthorization,
        false if allowed.host.vault()?.was_removed(&key).await? => TokenState::Revoked,
        false => TokenState::Absent,
    };
    Ok(Body {
        subject: &allowed.subject,
        state,
        expires_at: None,
        refresh_expires_at: None,
        scope: Vec::new(),
        generation: 0,
        renewing: Renewing::default(),
    })
}

fn of_connection(subject: &Subject, connection: Connection) -> Body<'_> {
    let tokens = connection.tokens;
    let scope = tokens.scope.as_deref().unwrap_or_default();
    Body {
        subject,
        state: TokenState::of(connection.state, tokens.expires_at, Timestamp::now()),
        expires_at: tokens.expires_at,
        refresh_expires_at: tokens.refresh_expires_at,
        scope: scope.split_whitespace().map(ToOwned::to_owned).collect(),
        generation: connection.generation,
        renewing: connection.renewal.into(),
    }
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
