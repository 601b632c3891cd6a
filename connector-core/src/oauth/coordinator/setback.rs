//! What a failed refresh makes of a connection: its state, and when the app is asked again.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::jitter::jittered;
use super::refusal::OUTCOME_UNKNOWN;
use crate::error::{ConnectorError, ErrorCode};
use crate::oauth::store::ANSWER_LOST;
use crate::oauth::{Connection, ConnectionState, TokenFailure};

/// Pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// Failures on so many days in a row end the attempts: by then the app has most often forgotten the grant.
const MOST_DAYS: u32 = 4;

/// A failed refresh.
pub(super) struct Setback<'a> {
    pub(super) failure: TokenFailure,
    pub(super) error: &'a ConnectorError,
    /// Nobody knew before this attempt whether the app had taken the refresh token already.
    pub(super) was_unsure: bool,
    /// The client that was used.
    pub(super) client: &'a str,
    pub(super) now: Timestamp,
}

impl Setback<'_> {
    /// The connection as it is afterwards; its tokens stay.
    pub(super) fn of(&self, connection: &Connection) -> Connection {
        let mut after = connection.clone();
        self.count(&mut after);
        after.renewal.retry_after = None;
        after.renewal.rejected_client = None;
        match self.failure {
            TokenFailure::Permanent => {
                after.state = ConnectionState::ReauthorizationRequired;
                after.renewal.reason = Some(self.why_refused().to_owned());
            }
            TokenFailure::Configuration => {
                after.state = self.state_unless_unsure(ConnectionState::Misconfigured);
                after.renewal.reason = Some(self.why_rejected().to_owned());
                after.renewal.rejected_client = Some(self.client.to_owned());
                self.pause(&mut after);
            }
            TokenFailure::Transient => {
                let before = after.state;
                let is_mended = before == ConnectionState::Misconfigured;
                after.state =
                    self.state_unless_unsure(if is_mended { ConnectionState::Active } else { before });
                after.renewal.reason = Some(self.error.code().metadata().name.to_owned());
                self.pause(&mut after);
                exhaust(&mut after);
            }
            TokenFailure::LostAnswer => {
                after.state = ConnectionState::RefreshIndeterminate;
                after.renewal.reason = Some(ANSWER_LOST.to_owned());
                // The first time there is nothing to wait for but the end of the access token.
                if self.was_unsure {
                    self.pause(&mut after);
                    exhaust(&mut after);
                }
            }
        }
        after
    }

    /// That nobody knows what became of the refresh token outlasts failures that tell nothing about it.
    fn state_unless_unsure(&self, state: ConnectionState) -> ConnectionState {
        if self.was_unsure { ConnectionState::RefreshIndeterminate } else { state }
    }

    fn count(&self, connection: &mut Connection) {
        let renewal = &mut connection.renewal;
        let day = |instant: Timestamp| instant.to_zoned(TimeZone::UTC).date();
        if renewal.failed_at.is_none_or(|last| day(last) != day(self.now)) || renewal.failures == 0 {
            renewal.failing_days = renewal.failing_days.saturating_add(1);
        }
        renewal.failures = renewal.failures.saturating_add(1);
        renewal.failing_since.get_or_insert(self.now);
        renewal.failed_at = Some(self.now);
    }

    fn pause(&self, connection: &mut Connection) {
        let pause = self.error.wait().unwrap_or_else(|| jittered(pause_after(connection.renewal.failures)));
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        connection.renewal.retry_after = self.now.checked_add(pause).ok();
    }

    fn why_refused(&self) -> &'static str {
        match self.error.code() {
            _ if self.was_unsure => OUTCOME_UNKNOWN,
            ErrorCode::PermissionDenied => "access_denied",
            _ => "invalid_grant",
        }
    }

    fn why_rejected(&self) -> &'static str {
        match self.error.code() {
            ErrorCode::Unauthorized => "invalid_client",
            code => code.metadata().name,
        }
    }
}

fn pause_after(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

fn exhaust(connection: &mut Connection) {
    if connection.renewal.failing_days >= MOST_DAYS {
        connection.state = ConnectionState::Exhausted;
        connection.renewal.retry_after = None;
    }
}
