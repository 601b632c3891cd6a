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

/// Who signed in with a browser.
pub(crate) struct Sessions {
    /// Browsers come over HTTPS.
    is_https: bool,
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
    /// No sessions yet, of browsers that come over HTTPS, or do not.
    pub(crate) fn new(is_https: bool) -> Self {
        Self { is_https, open: Mutex::default() }
    }

    /// Id of the key that the session of a request was opened with.
    pub(crate) fn key_of(&self, request: &Parts) -> Option<String> {
        self.seen(&request.headers, Instant::now(), |session| session.key_id.clone())
    }

    /// The same, and what forms of this browser must bring along.
    pub(super) fn signed_in(&self, headers: &HeaderMap) -> Option<(String, Secret)> {
        self.seen(headers, Instant::now(), |session| (session.key_id.clone(), session.form_token.clone()))
    }

    /// Opens a session in the place of the one that the browser has, and gives its cookie.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(super) fn open(&self, key_id: &str, headers: &HeaderMap) -> Result<String> {
        let (id, form_token) = (random()?, random()?);
        self.end(headers);
        self.insert(&id, key_id, form_token, Instant::now());
        Ok(self.cookie(id.expose()))
    }

    /// Ends the session of a request. Gives the cookie that takes the browser's away.
    pub(super) fn close(&self, headers: &HeaderMap) -> String {
        self.end(headers);
        format!("{}; Max-Age=0", self.cookie(""))
    }

    fn end(&self, headers: &HeaderMap) {
        if let Some(id) = self.id_in(headers) {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest(id));
        }
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
        let id = digest(self.id_in(headers)?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(&id)?.is_over(now) {
            open.remove(&id);
            return None;
        }
        let session = open.get_mut(&id)?;
        session.seen_at = now;
        Some(tell(session))
    }

    fn cookie(&self, id: &str) -> String {
        let (name, secure) = (self.cookie_name(), if self.is_https { "; Secure" } else { "" });
        format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict{secure}")
    }

    /// Browsers take a name with this beginning from the server itself alone, and from no neighbour under its domain.
    fn cookie_name(&self) -> &'static str {
        if self.is_https { "__Host-connector_session" } else { "connector_session" }
    }

    fn id_in<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.cookie_name()).map(|(_, id)| id)
    }
}

/// Whether a form brought the token along that its page was given.
pub(super) fn is_form_token(expected: &Secret, given: &str) -> bool {
    expected.expose().as_bytes().ct_eq(given.as_bytes()).into()
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

    fn open(sessions: &Sessions) -> String {
        sessions.open("key1", &HeaderMap::new()).unwrap()
    }

    fn key_at(sessions: &Sessions, headers: &HeaderMap, now: Instant) -> Option<String> {
        sessions.seen(headers, now, |session| session.key_id.clone())
    }

    #[test]
    fn a_session_is_found_by_its_cookie_alone() {
        let sessions = Sessions::new(true);
        let cookie = open(&sessions);
        assert!(cookie.starts_with("__Host-connector_session="), "{cookie}");
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
        let headers = with_cookie(&cookie);
        assert_eq!(key_at(&sessions, &headers, Instant::now()).as_deref(), Some("key1"));
        let planted = cookie.replace("__Host-", "");
        for other in ["__Host-connector_session=", "__Host-connector_session=x", "other=1", &planted] {
            assert_eq!(key_at(&sessions, &with_cookie(other), Instant::now()), None, "{other}");
        }
        assert!(!open(&Sessions::new(false)).contains("Secure"));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let sessions = Sessions::new(false);
        let cookie = open(&sessions);
        let pair = cookie.split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, format!("theme=dark; {pair}; lang=en").parse().unwrap());
        assert_eq!(key_at(&sessions, &headers, Instant::now()).as_deref(), Some("key1"));
    }

    #[test]
    fn a_session_ends_when_idle_and_in_any_case_after_half_a_day() {
        let sessions = Sessions::new(false);
        let headers = with_cookie(&open(&sessions));
        let start = Instant::now();
        let minutes = |count| start + Duration::from_mins(count);
        assert!(key_at(&sessions, &headers, minutes(59)).is_some());
        assert!(key_at(&sessions, &headers, minutes(59 + 59)).is_some(), "it was used");
        assert_eq!(key_at(&sessions, &headers, minutes(59 + 59 + 61)), None);
        let headers = with_cookie(&open(&sessions));
        assert!((1..24).all(|half| key_at(&sessions, &headers, minutes(half * 30)).is_some()));
        assert_eq!(key_at(&sessions, &headers, minutes(12 * 60 + 1)), None);
    }

    #[test]
    fn signing_out_ends_it() {
        let sessions = Sessions::new(false);
        let headers = with_cookie(&open(&sessions));
        assert!(sessions.close(&headers).ends_with("; Max-Age=0"));
        assert_eq!(key_at(&sessions, &headers, Instant::now()), None);
    }

    #[test]
    fn signing_in_again_ends_the_browsers_session_before() {
        let sessions = Sessions::new(false);
        let (first, other) = (with_cookie(&open(&sessions)), with_cookie(&open(&sessions)));
        let second = with_cookie(&sessions.open("key2", &first).unwrap());
        assert_eq!(key_at(&sessions, &first, Instant::now()), None);
        assert_eq!(key_at(&sessions, &second, Instant::now()).as_deref(), Some("key2"));
        assert!(key_at(&sessions, &other, Instant::now()).is_some(), "another browser's stays");
    }

    #[test]
    fn the_one_that_is_idle_longest_makes_room() {
        let sessions = Sessions::new(false);
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
        let sessions = Sessions::new(false);
        let headers = with_cookie(&open(&sessions));
        let (_, token) = sessions.signed_in(&headers).unwrap();
        assert!(is_form_token(&token, token.expose()));
        assert!(!is_form_token(&token, "") && !is_form_token(&token, "x"));
        let (_, other) = sessions.signed_in(&with_cookie(&open(&sessions))).unwrap();
        assert!(!is_form_token(&token, other.expose()));
    }
}
