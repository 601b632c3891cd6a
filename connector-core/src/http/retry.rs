//! What is tried again, how often and after how long.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use tokio::time::Instant;

use crate::error::{ConnectorError, ErrorCode, Result};
use crate::rate_limit::exhausted;

/// How patient a client is. Only failures that pass by themselves are tried again.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Tries after the first one.
    retries: usize,
    /// Longest pause between two tries; an app that asks for longer gets an error instead.
    longest_wait: Duration,
    /// Whether a refused connection and a damaged answer are tried again.
    persistent: bool,
    /// Whether only what the app refused before it looked at it is tried again.
    refused_only: bool,
}

impl RetryPolicy {
    /// For somebody who waits for one answer: a refused connection is told at once, the caller knows best.
    pub const fn interactive() -> Self {
        Self { retries: 3, longest_wait: Duration::from_secs(61), persistent: false, refused_only: false }
    }

    /// For a long run, which outlives a restart of the app.
    pub const fn persistent() -> Self {
        Self { retries: 6, longest_wait: Duration::from_mins(2), persistent: true, refused_only: false }
    }

    /// Nothing is sent twice: for requests that must not be repeated.
    pub const fn never() -> Self {
        Self { retries: 0, longest_wait: Duration::ZERO, persistent: false, refused_only: false }
    }

    /// The same for a request that must not arrive twice.
    pub(super) const fn of_refused(self) -> Self {
        Self { refused_only: true, ..self }
    }

    /// Does what may fail for a while again, if this is for a long run. Somebody who waits for one answer is told.
    pub(crate) async fn patiently<T, F, Fut>(self, attempt: F) -> Result<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let policy = if self.persistent { self } else { Self::never() };
        policy.run_until(None, attempt).await
    }

    /// Tries until it goes well, or it is not worth it, or the next try would come after the deadline.
    pub(super) async fn run_until<T, F, Fut>(self, deadline: Option<Instant>, attempt: F) -> Result<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let in_time = |error: &ConnectorError| {
            deadline.is_none_or(|deadline| Instant::now() + error.wait().unwrap_or_default() < deadline)
        };
        if self.retries == 0 {
            let mut attempt = attempt;
            return attempt().await;
        }
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(30))
            .with_max_times(self.retries)
            .with_jitter();
        attempt
            .retry(backoff.build())
            .when(|error| self.is_worth_it(error) && in_time(error))
            .adjust(|error: &ConnectorError, pause| {
                pause.map(|pause| error.wait().map_or(pause, |wait| wait.max(pause)))
            })
            .notify(|error, pause| tracing::warn!(code = %error.code(), ?pause, "trying again: {error}"))
            .await
            .map_err(|error| {
                if in_time(&error) || !self.is_worth_it(&error) {
                    return error;
                }
                exhausted(error.wait()).context(error.message().to_owned())
            })
    }

    fn is_worth_it(self, error: &ConnectorError) -> bool {
        if error.wait().is_some_and(|wait| wait > self.longest_wait) {
            return false;
        }
        match error.code() {
            code if self.refused_only => code == ErrorCode::RateLimit,
            ErrorCode::ConnectionRejected => self.persistent,
            // Garbled answers pass; a status that nobody expects does not.
            ErrorCode::InvalidResponse => {
                self.persistent && error.http_status().is_none_or(|status| status < 300)
            }
            code => code.metadata().retryable,
        }
    }
}
