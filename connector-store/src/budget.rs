//! Who may send a request when: the decision, apart from where it is kept and from the clock.

use std::time::Duration;

use connector_core::http::{Admission, Urgency};

/// The minute that the app counts, and more: it counts when a request arrives, and of two requests the first may be on
/// its way for longer than the second.
const SPAN: i64 = 60_000_000 + 800_000;

/// How long a slot is kept for an interactive caller that was told to come back for it.
const PATIENCE: i64 = 2_000_000;

/// How much later than interactive callers backfills come back for the same slot.
const BEHIND: i64 = 50_000;

/// Backfills that wait for the same slot come back within this time, not all at once.
const SPREAD: i64 = 20_000;

/// No refusal is believed for longer: after that, one request asks again.
const LONGEST_CLOSE: i64 = 3_600_000_000;

/// What one scope has sent lately. Instants are microseconds of one clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// When requests were granted, oldest first.
    pub(crate) sent: Vec<i64>,
    /// Nobody may send before.
    pub(crate) closed_until: i64,
    /// An interactive caller waits; backfills yield until then.
    pub(crate) awaited_until: i64,
}

impl Window {
    /// Grants one request of `limit` in the window, or says when to ask again.
    pub(crate) fn admit(&mut self, now: i64, limit: u32, urgency: Urgency) -> Admission {
        self.settle(now);
        let allowed = usize::try_from(allowed(limit, urgency)).unwrap_or(usize::MAX);
        let free_at = match self.sent.len().checked_sub(allowed) {
            Some(over) => self.sent[over] + SPAN,
            None => now,
        };
        let from = free_at.max(self.closed_until);
        let yields = urgency == Urgency::Backfill && self.awaited_until > now;
        if from <= now && !yields {
            self.sent.push(now);
            if urgency == Urgency::Interactive {
                self.awaited_until = 0;
            }
            return Admission::Granted;
        }
        let again = match urgency {
            Urgency::Interactive => {
                self.awaited_until = self.awaited_until.max(from + PATIENCE);
                from
            }
            Urgency::Backfill if yields => {
                from.max(self.awaited_until - PATIENCE).max(now) + BEHIND + spread(now)
            }
            Urgency::Backfill => from + spread(now),
        };
        Admission::Wait(Duration::from_micros((again - now).unsigned_abs()))
    }

    /// Grants nothing for this long.
    pub(crate) fn close(&mut self, now: i64, wait: Duration) {
        let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX).min(LONGEST_CLOSE);
        self.settle(now);
        self.closed_until = self.closed_until.max(now + wait);
    }

    /// Forgets what does not count any more. A clock that was turned back leaves instants that are still to come: they
    /// count as now, so that it costs a minute and not an hour.
    fn settle(&mut self, now: i64) {
        self.sent.retain(|at| at + SPAN > now);
        for at in &mut self.sent {
            *at = now.min(*at);
        }
        self.closed_until = self.closed_until.min(now + LONGEST_CLOSE);
        self.awaited_until = self.awaited_until.min(self.closed_until.max(now + SPAN) + PATIENCE);
    }
}

/// How many requests of the limit these callers may use: backfills leave one in a hundred to those who wait.
fn allowed(limit: u32, urgency: Urgency) -> u32 {
    let reserve = match urgency {
        Urgency::Backfill if limit >= 10 => (limit / 100).max(1),
        _ => 0,
    };
    limit.max(1) - reserve
}

/// The clock's last digits are as good as dice.
fn spread(now: i64) -> i64 {
    now.rem_euclid(SPREAD)
}

#[cfg(test)]
mod tests;
