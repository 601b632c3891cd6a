//! The sandbox clock: follows the real one until a test sets, moves or freezes it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A time in milliseconds since 1970, by the sandbox clock.
pub(crate) type Millis = i64;

/// An anchor plus the monotonic time since it, so that no correction of the real clock disturbs a test.
#[derive(Debug)]
pub(crate) struct Clock {
    anchor: Millis,
    since: Instant,
    frozen: bool,
}

impl Clock {
    pub(crate) fn real() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { anchor: millis(now), since: Instant::now(), frozen: false }
    }

    pub(crate) fn now(&self) -> Millis {
        let passed = if self.frozen { Duration::ZERO } else { self.since.elapsed() };
        self.anchor.saturating_add(millis(passed))
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.now().div_euclid(1000)
    }

    pub(crate) fn set(&mut self, to: Millis) {
        self.anchor = to;
        self.since = Instant::now();
    }

    pub(crate) fn advance(&mut self, by: Millis) {
        self.anchor = self.anchor.saturating_add(by);
    }

    pub(crate) fn freeze(&mut self, frozen: bool) {
        let now = self.now();
        self.set(now);
        self.frozen = frozen;
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
