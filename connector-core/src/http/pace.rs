//! Pacing: staying inside an app's rate limit, so that it never has to answer 429.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The window in which requests are counted.
const WINDOW: Duration = Duration::from_mins(1);

/// Added to the window: the app counts from when a request arrives, which varies more than when it leaves.
const MARGIN: Duration = Duration::from_millis(300);

/// What an app says about its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests that are still allowed in the running window.
    pub remaining: u32,
    /// Time until a further one is allowed.
    pub reset: Duration,
}

/// Lets requests through as fast as the limit allows: a sliding window of our own requests, and a full stop when the
/// app says that nothing remains, since others may use the same limit.
pub struct Pacer {
    limit: Option<usize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sent: VecDeque<Instant>,
    closed_until: Option<Instant>,
}

impl Pacer {
    /// A pacer for this many requests in any 60 seconds; `None` follows the app's headers only.
    pub fn new(requests_per_minute: Option<u32>) -> Self {
        Self {
            limit: requests_per_minute.map(|limit| limit as usize),
            state: Mutex::default(),
        }
    }

    /// Waits until a request may leave, and counts it.
    pub async fn wait(&self) {
        while let Some(until) = self.admit() {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Counts a request that may leave now; otherwise says when to ask again.
    fn admit(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = state.closed_until {
            if until > now {
                return Some(until);
            }
            state.closed_until = None;
        }
        let limit = self.limit?;
        while state
            .sent
            .front()
            .is_some_and(|sent| *sent + WINDOW + MARGIN <= now)
        {
            state.sent.pop_front();
        }
        if state.sent.len() >= limit {
            return state.sent.front().map(|oldest| *oldest + WINDOW + MARGIN);
        }
        state.sent.push_back(now);
        None
    }

    /// Takes the app's word. `refused`: it answered 429.
    pub fn observe(&self, rate_limit: Option<RateLimit>, refused: bool) {
        let Some(RateLimit { remaining, reset }) = rate_limit else {
            return;
        };
        if remaining == 0 || refused {
            let until = Instant::now() + reset.min(WINDOW) + MARGIN;
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.closed_until = state.closed_until.max(Some(until));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_sixty_seconds_hold_more_than_the_limit() {
        let pacer = Pacer::new(Some(5));
        let mut sent = Vec::new();
        for _ in 0..23 {
            pacer.wait().await;
            sent.push(Instant::now());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        for window in sent.windows(6) {
            assert!(window[5] - window[0] > WINDOW);
        }
        assert!(
            *sent.last().unwrap() - sent[0] < Duration::from_secs(5 * 61),
            "and it is not slower than it must be"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn when_nothing_remains_it_waits_for_the_reset() {
        let pacer = Pacer::new(None);
        pacer.observe(
            Some(RateLimit {
                remaining: 0,
                reset: Duration::from_secs(20),
            }),
            false,
        );
        let start = Instant::now();
        pacer.wait().await;
        assert!(start.elapsed() >= Duration::from_secs(20));
        pacer.wait().await;
        assert!(start.elapsed() < Duration::from_secs(21));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reset_far_away_is_not_believed_beyond_the_window() {
        let pacer = Pacer::new(None);
        pacer.observe(
            Some(RateLimit {
                remaining: 0,
                reset: Duration::from_hours(24),
            }),
            false,
        );
        let start = Instant::now();
        pacer.wait().await;
        assert!(start.elapsed() <= WINDOW + 2 * MARGIN);
    }
}
