//! Pacing: staying inside an app's rate limit, so that it never has to answer 429.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::Result;
use crate::rate_limit::exhausted;

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

/// What is left of a limit, to be carried from one process to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// Requests that may still be sent.
    pub(crate) remaining: u32,
    /// Time until more may be sent.
    pub(crate) reset: Duration,
    /// Whether the app says so; else we count.
    pub(crate) by_the_app: bool,
}

/// Lets requests through as fast as the limit allows.
///
/// Two things hold a request back: a sliding window over our own requests, and what the app says to remain, since
/// others may use the same limit. In a sliding window the reset frees one request and not all of them, so after a stop
/// one request goes ahead and its answer tells how many may follow.
pub struct Pacer {
    limit: Option<usize>,
    state: Mutex<State>,
    answered: Notify,
}

#[derive(Default)]
struct State {
    sent: VecDeque<Instant>,
    in_flight: u32,
    /// Requests that may still leave by what the app said last; `None` while it says nothing.
    allowance: Option<u32>,
    closed_until: Option<Instant>,
}

enum Admission {
    Granted,
    AskAt(Instant),
    AskAfterAnswer,
}

/// The right to send one request, until its answer is there.
pub(super) struct Permit<'a> {
    pacer: &'a Pacer,
    answered: bool,
}

impl Pacer {
    /// A pacer for this many requests in any 60 seconds; `None` follows the app's headers only.
    pub fn new(requests_per_minute: Option<u32>) -> Self {
        let limit = requests_per_minute.map(|limit| limit as usize);
        Self { limit, state: Mutex::default(), answered: Notify::new() }
    }

    /// Begins with what another process knew.
    pub(super) fn remember(&self, known: Known) {
        let now = Instant::now();
        let mut state = self.state();
        if known.remaining == 0 && !known.reset.is_zero() {
            state.closed_until = Some(now + known.reset.min(WINDOW));
        } else if known.by_the_app {
            state.allowance = Some(known.remaining);
        } else if let Some(limit) = self.limit
            && let Some(sent_at) = (now + known.reset).checked_sub(WINDOW)
        {
            let sent = limit.saturating_sub(known.remaining as usize);
            state.sent.extend(std::iter::repeat_n(sent_at.min(now), sent));
        }
    }

    /// What the next process should know.
    pub(super) fn known(&self) -> Option<Known> {
        let now = Instant::now();
        let state = self.state();
        if let Some(until) = state.closed_until.filter(|until| *until > now) {
            return Some(Known { remaining: 0, reset: until - now, by_the_app: true });
        }
        let ends = |sent: &Instant| (*sent + WINDOW + MARGIN).saturating_duration_since(now);
        let reset = state.sent.front().map(ends).unwrap_or_default();
        if let Some(remaining) = state.allowance {
            return Some(Known { remaining, reset, by_the_app: true });
        }
        let counted = state.sent.iter().filter(|sent| !ends(sent).is_zero()).count();
        let remaining = u32::try_from(self.limit?.saturating_sub(counted)).unwrap_or(u32::MAX);
        Some(Known { remaining, reset, by_the_app: false })
    }

    /// Waits until a request may leave, and counts it.
    ///
    /// # Errors
    /// With a deadline, at once where the wait would go beyond it.
    pub(super) async fn permit(&self, deadline: Option<Instant>) -> Result<Permit<'_>> {
        self.permit_within(self.limit, deadline).await
    }

    /// The same by what the app said alone: somebody else counts.
    pub(super) async fn permit_by_answers(&self, deadline: Option<Instant>) -> Result<Permit<'_>> {
        self.permit_within(None, deadline).await
    }

    async fn permit_within(&self, limit: Option<usize>, deadline: Option<Instant>) -> Result<Permit<'_>> {
        loop {
            // Before asking, so that an answer in between is not missed.
            let answered = self.answered.notified();
            match self.admit(limit) {
                Admission::Granted => {
                    return Ok(Permit { pacer: self, answered: false });
                }
                Admission::AskAt(instant) if deadline.is_some_and(|deadline| instant > deadline) => {
                    return Err(exhausted(Some(instant.saturating_duration_since(Instant::now()))));
                }
                Admission::AskAt(instant) => tokio::time::sleep_until(instant).await,
                Admission::AskAfterAnswer => answered.await,
            }
        }
    }

    fn admit(&self, limit: Option<usize>) -> Admission {
        let now = Instant::now();
        let mut state = self.state();
        if let Some(until) = state.closed_until {
            if until > now {
                return Admission::AskAt(until);
            }
            state.closed_until = None;
            state.allowance = Some(1);
        }
        if state.allowance == Some(0) {
            if state.in_flight > 0 {
                return Admission::AskAfterAnswer;
            }
            state.allowance = Some(1);
        }
        if let Some(limit) = limit {
            while state.sent.front().is_some_and(|sent| *sent + WINDOW + MARGIN <= now) {
                state.sent.pop_front();
            }
            if state.sent.len() >= limit
                && let Some(oldest) = state.sent.front()
            {
                return Admission::AskAt(*oldest + WINDOW + MARGIN);
            }
            state.sent.push_back(now);
        }
        state.allowance = state.allowance.map(|allowance| allowance.saturating_sub(1));
        state.in_flight += 1;
        Admission::Granted
    }

    fn settle(&self, rate_limit: Option<RateLimit>, refused: bool) {
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        match rate_limit {
            Some(RateLimit { remaining, reset }) if remaining == 0 || refused => {
                // Nobody's reset is farther away than the window, whatever their clock says.
                let until = Instant::now() + reset.min(WINDOW) + MARGIN;
                state.closed_until = state.closed_until.max(Some(until));
            }
            // What is on its way may not be counted yet.
            Some(RateLimit { remaining, .. }) => {
                state.allowance = Some(remaining.saturating_sub(state.in_flight));
            }
            None => {}
        }
        drop(state);
        self.answered.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// Takes the app's word. `refused`: it answered 429.
    pub(super) fn answered(mut self, rate_limit: Option<RateLimit>, refused: bool) {
        self.answered = true;
        self.pacer.settle(rate_limit, refused);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.pacer.settle(None, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// An app with a sliding window of its own, which says what remains.
    struct App {
        limit: usize,
        counted: Mutex<VecDeque<Instant>>,
        refused: AtomicU32,
    }

    impl App {
        fn new(limit: usize) -> Self {
            Self { limit, counted: Mutex::default(), refused: AtomicU32::new(0) }
        }

        fn answer(&self) -> (RateLimit, bool) {
            let now = Instant::now();
            let mut counted = self.counted.lock().unwrap();
            while counted.front().is_some_and(|at| *at + WINDOW <= now) {
                counted.pop_front();
            }
            let refused = counted.len() >= self.limit;
            if refused {
                self.refused.fetch_add(1, Ordering::Relaxed);
            } else {
                counted.push_back(now);
            }
            let remaining = u32::try_from(self.limit - counted.len()).unwrap();
            let reset = counted.front().map_or(Duration::ZERO, |at| *at + WINDOW - now);
            (RateLimit { remaining, reset }, refused)
        }
    }

    async fn send(pacer: &Pacer, app: &App, requests: u32) {
        for _ in 0..requests {
            let permit = pacer.permit(None).await.unwrap();
            tokio::time::sleep(Duration::from_millis(40)).await;
            let (rate_limit, refused) = app.answer();
            permit.answered(Some(rate_limit), refused);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_sixty_seconds_hold_more_than_the_limit() {
        let pacer = Pacer::new(Some(5));
        let app = App::new(5);
        let start = Instant::now();
        send(&pacer, &app, 23).await;
        assert_eq!(app.refused.load(Ordering::Relaxed), 0);
        assert!(start.elapsed() < Duration::from_mins(5), "and it is not slower than it must be");
    }

    #[tokio::test(start_paused = true)]
    async fn several_at_a_time_follow_the_headers_of_a_limit_that_others_use_too() {
        let pacer = Arc::new(Pacer::new(None));
        let app = Arc::new(App::new(20));
        for _ in 0..11 {
            app.answer();
        }
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (pacer, app) = (Arc::clone(&pacer), Arc::clone(&app));
                tokio::spawn(async move { send(&pacer, &app, 15).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(app.refused.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reset_far_away_is_not_believed_beyond_the_window() {
        let pacer = Pacer::new(None);
        let far = RateLimit { remaining: 0, reset: Duration::from_hours(24) };
        pacer.permit(None).await.unwrap().answered(Some(far), false);
        let start = Instant::now();
        drop(pacer.permit(None).await.unwrap());
        assert!(start.elapsed() >= WINDOW && start.elapsed() <= WINDOW + 2 * MARGIN);
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_process_knew_holds_back_the_next() {
        let first = Pacer::new(Some(3));
        for _ in 0..3 {
            drop(first.permit(None).await.unwrap());
        }
        let known = first.known().unwrap();
        assert_eq!((known.remaining, known.by_the_app), (0, false));
        let next = Pacer::new(Some(3));
        next.remember(known);
        let soon = Some(Instant::now() + Duration::from_secs(5));
        let error = next.permit(soon).await.map(drop).unwrap_err();
        assert_eq!(error.code(), ErrorCode::BudgetExhausted);
        assert!(error.wait() > Some(Duration::from_secs(50)));
        let start = Instant::now();
        drop(next.permit(None).await.unwrap());
        assert!(start.elapsed() > Duration::from_secs(50));
    }

    #[tokio::test(start_paused = true)]
    async fn half_of_a_limit_is_left_to_the_next_process() {
        let next = Pacer::new(Some(4));
        next.remember(Known { remaining: 2, reset: Duration::from_secs(30), by_the_app: false });
        assert_eq!(next.known().map(|known| known.remaining), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_never_answered_does_not_hold_up_the_others() {
        let pacer = Pacer::new(None);
        let one = RateLimit { remaining: 1, reset: Duration::from_secs(30) };
        pacer.permit(None).await.unwrap().answered(Some(one), false);
        drop(pacer.permit(None).await.unwrap());
        tokio::time::timeout(Duration::from_secs(1), pacer.permit(None)).await.unwrap().unwrap();
    }
}
