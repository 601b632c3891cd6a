//! Authorizations that were begun for callers whose connection needs a login, so that asking again begins no other.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use connector_core::oauth::ConnectionKey;
use jiff::{SignedDuration, Timestamp};

/// Time that somebody must have left to agree.
const TIME_TO_AGREE: SignedDuration = SignedDuration::from_mins(2);

/// The pages to agree on, by connection.
#[derive(Default)]
pub(super) struct WaysOut(Mutex<HashMap<ConnectionKey, (String, Timestamp)>>);

impl WaysOut {
    pub(super) fn of(&self, key: &ConnectionKey) -> Option<String> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, until)| *until > Timestamp::now());
        known.get(key).map(|(url, _)| url.clone())
    }

    pub(super) fn keep(&self, key: ConnectionKey, url: String, expires_at: Timestamp) {
        let until = expires_at - TIME_TO_AGREE;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, (url, until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_out_is_offered_while_there_is_time_to_take_it() {
        let ways = WaysOut::default();
        let key = |name: &str| ConnectionKey { app_id: "example".into(), name: name.into() };
        ways.keep(key("a"), "https://app.example/a".into(), Timestamp::now() + SignedDuration::from_mins(10));
        ways.keep(key("b"), "https://app.example/b".into(), Timestamp::now() + SignedDuration::from_mins(1));
        assert_eq!(ways.of(&key("a")).as_deref(), Some("https://app.example/a"));
        assert_eq!((ways.of(&key("b")), ways.of(&key("c"))), (None, None));
    }
}
