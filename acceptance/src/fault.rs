//! What goes wrong between a connector and its app, and when: decided by the request, so that it is the same every time.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use url::form_urlencoded;

/// Something that goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Answered with this status and an empty object; the app is not asked.
    Status(u16),
    /// 429, to be tried again after so many seconds.
    Throttled(u32),
    /// The connection is closed without an answer.
    Closed,
    /// The answer ends in the middle.
    Truncated,
    /// The answer says that it is JSON, and is not.
    Garbage,
    /// The answer comes late.
    Slow(Duration),
    /// The answer does not come.
    Held,
    /// Answered with 500 and everything that the request said, its credentials included.
    Echo,
}

/// Which requests something goes wrong with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plan {
    /// Nothing goes wrong.
    Quiet,
    Always(Fault),
    /// With the first try of each request.
    FirstTry(Fault),
    /// With the first try of some requests at each path, each time something else.
    Mixed,
    /// Every request after so many gets no answer.
    HeldAfter(usize),
}

/// What the mixed plan has in store. One in many is a 429: each holds everything up for a second.
const MIXED: [Fault; 13] = [
    Fault::Status(503),
    Fault::Closed,
    Fault::Truncated,
    Fault::Slow(Duration::from_millis(150)),
    Fault::Garbage,
    Fault::Status(502),
    Fault::Throttled(1),
    Fault::Closed,
    Fault::Truncated,
    Fault::Status(500),
    Fault::Garbage,
    Fault::Slow(Duration::from_millis(50)),
    Fault::Status(503),
];

/// Requests at each path that it has something for: an app with one path is in trouble too, and one where each record
/// takes a request is not in trouble all the time.
const MIXED_AT_A_PATH: usize = 3;

/// A plan under way.
#[derive(Debug)]
pub(crate) struct Schedule {
    plan: Plan,
    tries: Mutex<HashMap<u64, usize>>,
}

impl Schedule {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan, tries: Mutex::default() }
    }

    /// What goes wrong with this request, which is the `number`th of all.
    pub(crate) fn next(&self, number: usize, request: &Request<Bytes>) -> Option<Fault> {
        match self.plan {
            Plan::Quiet => None,
            // Authorization servers say with codes of their own what statuses mean.
            Plan::Always(Fault::Status(_)) if asks_for_token(request) => None,
            Plan::Always(fault) => Some(fault),
            Plan::FirstTry(fault) => {
                let key = digest((request.method(), request.uri().to_string(), request.body()));
                self.is_first(key).then_some(fault)
            }
            Plan::Mixed => {
                let request_key = digest((request.method(), request.uri().to_string(), request.body()));
                let path = digest(request.uri().path());
                if !self.is_first(request_key) {
                    return None;
                }
                let number = self.times(path);
                let position = path.wrapping_add(number as u64) % MIXED.len() as u64;
                let fault = MIXED[usize::try_from(position).unwrap_or_default()];
                (number <= MIXED_AT_A_PATH).then_some(fault)
            }
            Plan::HeldAfter(quiet) => (number > quiet).then_some(Fault::Held),
        }
    }

    fn is_first(&self, key: u64) -> bool {
        self.times(key) == 1
    }

    /// How often this was asked, now included.
    fn times(&self, key: u64) -> usize {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let count = tries.entry(key).or_default();
        *count += 1;
        *count
    }
}

/// Whether a credential is to be exchanged, as RFC 6749 has it.
fn asks_for_token(request: &Request<Bytes>) -> bool {
    form_urlencoded::parse(request.body()).any(|(name, _)| name == "grant_type")
}

/// The same in every run, unlike the hashes of maps.
fn digest(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
