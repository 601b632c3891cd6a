//! Pacing: staying inside an app's rate limit, so that it never has to answer 429.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
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

/// Requests of other processes that may be granted after one of ours and reach the app before it.
const ON_THE_WAY: u32 = 4;

/// Lets requests through as fast as the limit allows.
///
/// Two things hold a request back: a sliding window over our own requests, and what the app says to remain, since
/// others may use the same limit. In a sliding window the reset frees one request and not all of them, so after a stop
/// one request goes ahead and its answer tells how many may follow.
///
/// Where the window and the app both say that nothing remains, the window says when that ends: it counts to the
/// millisecond, and an app's reset may be a second off.
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

impl State {
    /// Drops what does not count any more.
    fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|sent| *sent + WINDOW + MARGIN <= now) {
            self.sent.pop_front();
        }
    }
}

enum Admission {
    Granted,
    AskAt(Instant),
    AskAfterAnswer,
}

/// The right to send one request, until its answer is there.
pub(super) struct Permit<'a> {
    pacer: &'a Pacer,
    /// What a shared budget had left when it granted this.
    left: Option<u32>,
    answered: bool,
}

impl Pacer {
    /// A pacer for this many requests in any 60 seconds; `None` follows the app's headers only.
    pub fn new(requests_per_minute: Option<u32>) -> Self {
        let limit = requests_per_minute.map(|limit| limit as usize);
        Self { limit, state: Mutex::default(), answered: Notify::new() }
    }

    /// Waits until a request may leave, and counts it.
    pub(super) async fn permit(&self) -> Permit<'_> {
        self.permit_within(self.limit).await
    }

    /// The same by what the app said alone: somebody else counts.
    pub(super) async fn permit_by_answers(&self) -> Permit<'_> {
        self.permit_within(None).await
    }

    async fn permit_within(&self, limit: Option<usize>) -> Permit<'_> {
        loop {
            // Before asking, so that an answer in between is not missed.
            let answered = self.answered.notified();
            match self.admit(limit) {
                Admission::Granted => {
                    return Permit { pacer: self, left: None, answered: false };
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
            state.forget(now);
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

    fn settle(&self, rate_limit: Option<RateLimit>, refused: bool, left: Option<u32>) {
        let now = Instant::now();
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.forget(now);
        let is_full = match left {
            Some(left) => left <= ON_THE_WAY,
            None => self.limit.is_some_and(|limit| state.sent.len() >= limit),
        };
        match rate_limit {
            Some(RateLimit { remaining, reset }) if refused || (remaining == 0 && !is_full) => {
                // Nobody's reset is farther away than the window, whatever their clock says.
                let until = now + reset.min(WINDOW) + MARGIN;
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
    /// The same right, granted by a shared budget that has so many requests left.
    pub(super) fn expecting(mut self, left: u32) -> Self {
        self.left = Some(left);
        self
    }

    /// Takes the app's word. `refused`: it answered 429.
    pub(super) fn answered(mut self, rate_limit: Option<RateLimit>, refused: bool) {
        self.answered = true;
        self.pacer.settle(rate_limit, refused, self.left);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.pacer.settle(None, false, self.left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            let permit = pacer.permit().await;
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

    /// How long a request waits after an answer that nothing remains, where a budget has this many left.
    async fn wait_when_nothing_remains(left: u32) -> Duration {
        let pacer = Pacer::new(Some(200));
        let nothing = RateLimit { remaining: 0, reset: Duration::from_secs(30) };
        pacer.permit_by_answers().await.expecting(left).answered(Some(nothing), false);
        let start = Instant::now();
        drop(pacer.permit_by_answers().await);
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_shared_budget_is_doubted_only_where_the_app_has_less_left() {
        assert_eq!(wait_when_nothing_remains(0).await, Duration::ZERO, "the budget knows when there is more");
        assert_eq!(wait_when_nothing_remains(100).await, Duration::from_secs(30) + MARGIN);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_window_of_our_own_ends_when_it_ends() {
        let pacer = Pacer::new(Some(2));
        let start = Instant::now();
        for remaining in [1, 0] {
            let late = RateLimit { remaining, reset: WINDOW };
            tokio::time::sleep(Duration::from_secs(1)).await;
            pacer.permit().await.answered(Some(late), false);
        }
        drop(pacer.permit().await);
        assert_eq!(start.elapsed(), Duration::from_secs(1) + WINDOW + MARGIN);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reset_far_away_is_not_believed_beyond_the_window() {
        let pacer = Pacer::new(None);
        let far = RateLimit { remaining: 0, reset: Duration::from_hours(24) };
        pacer.permit().await.answered(Some(far), false);
        let start = Instant::now();
        drop(pacer.permit().await);
        assert!(start.elapsed() >= WINDOW && start.elapsed() <= WINDOW + 2 * MARGIN);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_never_answered_does_not_hold_up_the_others() {
        let pacer = Pacer::new(None);
        let one = RateLimit { remaining: 1, reset: Duration::from_secs(30) };
        pacer.permit().await.answered(Some(one), false);
        drop(pacer.permit().await);
        tokio::time::timeout(Duration::from_secs(1), pacer.permit()).await.unwrap();
    }
}
