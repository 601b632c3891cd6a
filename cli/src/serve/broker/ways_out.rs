//! Authorizations that were begun for callers whose connection needs a login, so that asking again begins no other.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use connector_core::oauth::ConnectionKey;
use jiff::{SignedDuration, Timestamp};
use url::{Url, form_urlencoded};

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

    /// Forgets the page that led to a callback with this query: its authorization is used up, whatever came of it.
    pub(super) fn forget(&self, query: &str) {
        let Some(taken) = state_in(query) else { return };
        let leads_there = |url: &str| {
            Url::parse(url)
                .is_ok_and(|url| state_in(url.query().unwrap_or_default()).as_ref() == Some(&taken))
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (url, _)| !leads_there(url));
    }
}

fn state_in(query: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find_map(|(name, value)| (name == "state").then(|| value.into_owned()))
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

    #[test]
    fn a_way_out_that_somebody_took_is_forgotten() {
        let ways = WaysOut::default();
        let until = Timestamp::now() + SignedDuration::from_mins(10);
        let key = |name: &str| ConnectionKey { app_id: "example".into(), name: name.into() };
        for name in ["a", "b"] {
            ways.keep(key(name), format!("https://app.example/agree?state=of%2B{name}&scope=x"), until);
        }
        for query in ["", "code=1", "error=access_denied&state=of+a", "code=1&state=of%2Ba"] {
            ways.forget(query);
        }
        assert!(ways.of(&key("a")).is_none() && ways.of(&key("b")).is_some());
    }
}
