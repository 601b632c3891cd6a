//! Who signed in with a browser: sessions in memory, each opened with a key and worth nothing without it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Ends a session that nobody used for so long.
const IDLE: Duration = Duration::from_hours(1);
/// Ends every session.
const LONGEST: Duration = Duration::from_hours(12);
/// So many at once: the one that was idle longest makes room.
const MOST: usize = 1000;
const COOKIE_NAME: &str = "connector_session";

/// Who signed in with a browser.
#[derive(Default)]
pub(crate) struct Sessions {
    /// By digest of their ids: a copy of this memory opens none.
    open: Mutex<HashMap<[u8; 32], Session>>,
}

struct Session {
    key_id: String,
    form_token: Secret,
    opened_at: Instant,
    seen_at: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.seen_at) >= IDLE || now.duration_since(self.opened_at) >= LONGEST
    }
}

impl Sessions {
    /// Id of the key that the session of a request was opened with.
    pub(crate) fn key_of(&self, request: &Parts) -> Option<String> {
        self.seen(&request.headers, Instant::now(), |session| session.key_id.clone())
    }

    /// The same, and what forms of this browser must bring along.
    pub(super) fn signed_in(&self, headers: &HeaderMap) -> Option<(String, Secret)> {
        self.seen(headers, Instant::now(), |session| (session.key_id.clone(), session.form_token.clone()))
    }

    /// Opens a session and gives its cookie.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(super) fn open(&self, key_id: &str, is_https: bool) -> Result<String> {
        let id = random()?;
        self.insert(&id, key_id, random()?, Instant::now());
        Ok(cookie(id.expose(), is_https))
    }

    /// Ends the session of a request. Gives the cookie that takes the browser's away.
    pub(super) fn close(&self, headers: &HeaderMap, is_https: bool) -> String {
        if let Some(id) = id_in(headers) {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest(id));
        }
        format!("{}; Max-Age=0", cookie("", is_https))
    }

    fn insert(&self, id: &Secret, key_id: &str, form_token: Secret, now: Instant) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| !session.is_over(now));
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.seen_at).map(|(id, _)| *id)
        {
            open.remove(&oldest);
        }
        let session = Session { key_id: key_id.to_owned(), form_token, opened_at: now, seen_at: now };
        open.insert(digest(id.expose()), session);
    }

    fn seen<T>(&self, headers: &HeaderMap, now: Instant, tell: impl FnOnce(&Session) -> T) -> Option<T> {
        let id = digest(id_in(headers)?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(&id)?.is_over(now) {
            open.remove(&id);
            return None;
        }
        let session = open.get_mut(&id)?;
        session.seen_at = now;
        Some(tell(session))
    }
}

/// Whether a form brought the token along that its page was given.
pub(super) fn is_form_token(expected: &Secret, given: &str) -> bool {
    expected.expose().as_bytes().ct_eq(given.as_bytes()).into()
}

fn cookie(id: &str, is_https: bool) -> String {
    let secure = if is_https { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={id}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

fn id_in(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, id)| id)
}

fn digest(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

fn random() -> Result<Secret> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the system has no randomness").source(error)
    })?;
    Ok(Secret::from(URL_SAFE_NO_PAD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_cookie(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookie.split(';').next().unwrap().parse().unwrap());
        headers
    }

    fn key_at(sessions: &Sessions, headers: &HeaderMap, now: Instant) -> Option<String> {
        sessions.seen(headers, now, |session| session.key_id.clone())
    }

    #[test]
    fn a_session_is_found_by_its_cookie_alone() {
        let sessions = Sessions::default();
        let cookie = sessions.open("key1", true).unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
        let headers = with_cookie(&cookie);
        assert_eq!(key_at(&sessions, &headers, Instant::now()).as_deref(), Some("key1"));
        for other in ["connector_session=", "connector_session=x", "other=1"] {
            assert_eq!(key_at(&sessions, &with_cookie(other), Instant::now()), None, "{other}");
        }
        assert!(!sessions.open("key1", false).unwrap().contains("Secure"));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let sessions = Sessions::default();
        let cookie = sessions.open("key1", false).unwrap();
        let pair = cookie.split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, format!("theme=dark; {pair}; lang=en").parse().unwrap());
        assert_eq!(key_at(&sessions, &headers, Instant::now()).as_deref(), Some("key1"));
    }

    #[test]
    fn a_session_ends_when_idle_and_in_any_case_after_half_a_day() {
        let sessions = Sessions::default();
        let headers = with_cookie(&sessions.open("key1", false).unwrap());
        let start = Instant::now();
        let minutes = |count| start + Duration::from_mins(count);
        assert!(key_at(&sessions, &headers, minutes(59)).is_some());
        assert!(key_at(&sessions, &headers, minutes(59 + 59)).is_some(), "it was used");
        assert_eq!(key_at(&sessions, &headers, minutes(59 + 59 + 61)), None);
        let headers = with_cookie(&sessions.open("key1", false).unwrap());
        assert!((1..24).all(|half| key_at(&sessions, &headers, minutes(half * 30)).is_some()));
        assert_eq!(key_at(&sessions, &headers, minutes(12 * 60 + 1)), None);
    }

    #[test]
    fn signing_out_ends_it() {
        let sessions = Sessions::default();
        let headers = with_cookie(&sessions.open("key1", false).unwrap());
        assert!(sessions.close(&headers, false).ends_with("; Max-Age=0"));
        assert_eq!(key_at(&sessions, &headers, Instant::now()), None);
    }

    #[test]
    fn the_one_that_is_idle_longest_makes_room() {
        let sessions = Sessions::default();
        let start = Instant::now();
        for number in 0..=MOST as u64 {
            let id = Secret::from(format!("id{number}"));
            sessions.insert(&id, "key", Secret::new("token"), start + Duration::from_millis(number));
        }
        let is_open = |id: &str| {
            key_at(&sessions, &with_cookie(&format!("connector_session={id}")), start + IDLE / 2).is_some()
        };
        assert!(!is_open("id0") && is_open("id1") && is_open("id1000"));
    }

    #[test]
    fn a_form_needs_the_token_of_its_session() {
        let sessions = Sessions::default();
        let headers = with_cookie(&sessions.open("key1", false).unwrap());
        let (_, token) = sessions.signed_in(&headers).unwrap();
        assert!(is_form_token(&token, token.expose()));
        assert!(!is_form_token(&token, "") && !is_form_token(&token, "x"));
        let (_, other) = sessions.signed_in(&with_cookie(&sessions.open("key1", false).unwrap())).unwrap();
        assert!(!is_form_token(&token, other.expose()));
    }
}
