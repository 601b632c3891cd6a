//! The rate limit: a log of the last minute's requests.

use std::collections::{HashMap, VecDeque};

use uuid::Uuid;

use crate::clock::Millis;

const WINDOW: Millis = 60_000;

/// What a limit without an end is shown as.
const UNLIMITED: u32 = 1_000_000;

/// One log per account; there is one client.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    logs: HashMap<Uuid, VecDeque<Millis>>,
}

/// How things stand after a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) accepted: bool,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// When the oldest counted request leaves the window.
    pub(crate) reset: Millis,
}

impl Limiter {
    pub(crate) fn request(
        &mut self,
        account: Uuid,
        now: Millis,
        limit: Option<u32>,
        count_refused: bool,
    ) -> Standing {
        let Some(limit) = limit else {
            return Standing { accepted: true, limit: UNLIMITED, remaining: UNLIMITED, reset: now + WINDOW };
        };
        let log = self.logs.entry(account).or_default();
        // The clock may have been set back: what lies ahead is not part of the window either.
        log.retain(|at| *at > now - WINDOW && *at <= now);
        let used = u32::try_from(log.len()).unwrap_or(u32::MAX);
        let accepted = used < limit;
        if accepted || count_refused {
            log.push_back(now);
        }
        let remaining = limit.saturating_sub(u32::try_from(log.len()).unwrap_or(u32::MAX));
        let reset = log.front().copied().unwrap_or(now) + WINDOW;
        Standing { accepted, limit, remaining, reset }
    }
}
