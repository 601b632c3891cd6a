//! What a caller and a connector tell each other about an app's rate limit, and how long a caller waits.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::error::{ConnectorError, ErrorCode};
use crate::http::Known;

/// Nobody waits longer; a clock that is wrong must not stop a call for ever.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// The `rate_limit` part of a request.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RateLimitRequest {
    /// How often the caller tried before. It is the caller's own affair: nothing follows from it.
    pub caller_retry_attempt: Option<i64>,
    /// `current_state` of the previous answer: what is left of the limit, by the app's id.
    pub last_known_state: Option<BTreeMap<String, RateLimitState>>,
    /// Whether requests are tried again. Nothing makes this connector exceed an app's limit.
    pub caller_override_mode: Option<RateLimitMode>,
    /// Seconds after which the caller waits no longer: the call ends before, with `budget_exhausted`.
    pub max_execution_time: Option<i64>,
}

/// What a caller wants to happen near the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitMode {
    /// Requests wait for the limit, and are tried again.
    Enforce,
    /// The same here.
    RetryOnly,
    /// Nothing is tried again.
    Bypass,
    /// The same here.
    EnforceNoRetry,
}

/// What is left of a limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RateLimitState {
    /// Requests that may still be sent.
    pub remaining: Option<i64>,
    /// Requests that may be sent in a window.
    pub limit: Option<i64>,
    /// When more may be sent, in seconds since 1970.
    pub reset: Option<i64>,
    /// Length of the window.
    pub window_seconds: Option<i64>,
    /// Seconds that the next request waits.
    pub current_delay: Option<i64>,
    /// Who says so.
    pub source: Option<RateLimitSource>,
}

/// Who says what is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitSource {
    /// The app, with its answers.
    ApiHeaders,
    /// Our own count.
    SdkCounter,
}

/// The `rate_limit` part of an answer, where the request had one.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct RateLimitResponse {
    /// What is left of the limit, by the app's id: the caller's next `last_known_state`.
    pub current_state: BTreeMap<String, RateLimitState>,
}

impl RateLimitRequest {
    /// When the caller waits no longer, for a request that came now.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let seconds = u64::try_from(self.max_execution_time?).unwrap_or(0);
        Instant::now().checked_add(Duration::from_secs(seconds))
    }

    /// Whether the caller tries again by itself.
    pub(crate) fn forbids_retries(&self) -> bool {
        let mode = self.caller_override_mode;
        matches!(mode, Some(RateLimitMode::Bypass | RateLimitMode::EnforceNoRetry))
    }

    /// What the caller remembers of the app's limit.
    pub(crate) fn known(&self, app_id: &str) -> Option<Known> {
        let state = self.last_known_state.as_ref()?.get(app_id)?;
        let remaining = u32::try_from(state.remaining?.max(0)).unwrap_or(u32::MAX);
        let reset = state.reset.map_or(0, |reset| reset.saturating_sub(Timestamp::now().as_second()));
        let reset = Duration::from_secs(u64::try_from(reset).unwrap_or(0)).min(LONGEST_WAIT);
        Some(Known { remaining, reset, by_the_app: state.source == Some(RateLimitSource::ApiHeaders) })
    }
}

impl RateLimitResponse {
    pub(crate) fn of(app_id: &str, limit: Option<u32>, known: Option<Known>) -> Self {
        let state = known.map(|known| RateLimitState {
            remaining: Some(known.remaining.into()),
            limit: limit.map(Into::into),
            reset: Some(Timestamp::now().as_second().saturating_add_unsigned(whole_seconds(known.reset))),
            window_seconds: Some(60),
            current_delay: Some(if known.remaining == 0 {
                i64::try_from(whole_seconds(known.reset)).unwrap_or(i64::MAX)
            } else {
                0
            }),
            source: Some(if known.by_the_app {
                RateLimitSource::ApiHeaders
            } else {
                RateLimitSource::SdkCounter
            }),
        });
        Self { current_state: state.into_iter().map(|state| (app_id.to_owned(), state)).collect() }
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The error of a call whose caller waits no longer. `wait` is how long the app's limit asks to wait, where that is why.
pub(crate) fn exhausted(wait: Option<Duration>) -> ConnectorError {
    let message = match wait {
        Some(_) => "the app's rate limit asks to wait longer than `max_execution_time` allows",
        None => "the time of `max_execution_time` is over",
    };
    let error = ConnectorError::new(ErrorCode::BudgetExhausted, message).hint(
        "send the same request again, with the same page token; a write may have been done, and its app knows",
    );
    wait.into_iter().fold(error, ConnectorError::retry_after)
}
