//! The answer of a token endpoint (RFC 6749, section 5.1), as servers really send it.
//!
//! A refresh token is spent once the server has answered, so that nothing in an answer but its tokens may make it
//! useless: what else cannot be understood is passed over.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::TokenSet;
use super::answer::invalid;
use crate::auth::Secret;
use crate::error::Result;

/// Members with a meaning of their own, which are never among the others.
const RESERVED: [&str; 16] = [
    "access_token",
    "refresh_token",
    "token_type",
    "expires_in",
    "expires_on",
    "expires_at",
    "refresh_token_expires_in",
    "refresh_expires_in",
    "refresh_expires_at",
    "scope",
    "id_token",
    "state",
    "obtained_at",
    "extra",
    "error",
    "ok",
];

/// Longest life in seconds, a hundred years: more is not meant.
const LONGEST_LIFE: f64 = 3.2e9;

/// Unix times from here on are in milliseconds: in seconds it is the year 5138.
const MILLISECONDS_FROM: f64 = 1e11;

/// What must be known beside an answer to read it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// The instant before the request left. A token's life begins somewhere between then and the answer.
    pub sent_at: Timestamp,
    /// Life of a token of which the server does not tell it; forever when absent.
    pub default_expires_in: Option<Duration>,
    /// Longest life that a token is believed to have.
    pub maximum_expiry: Option<Duration>,
    /// The scopes that were asked for, separated by spaces.
    pub requested: Option<&'a str>,
    /// Whether a token may be of a type that nobody can send (RFC 8693, section 2.2.1).
    pub accepts_any_type: bool,
}

impl Reading<'_> {
    /// The tokens in an answer that is no refusal.
    ///
    /// # Errors
    /// `invalid_response` without an access token, or with one of a type that we cannot use.
    pub(super) fn tokens(&self, mut members: Map<String, Value>) -> Result<TokenSet> {
        let access_token = secret(&members, "access_token")
            .ok_or_else(|| invalid("the authorization server sent no access token"))?;
        let token_type = self.token_type(&members)?;
        let expires_at = self.capped(self.expiry(&members));
        let scope = scopes(members.get("scope"));
        let tokens = TokenSet {
            access_token,
            refresh_token: secret(&members, "refresh_token"),
            token_type,
            expires_in: expires_at.map(|expires_at| self.seconds_until(expires_at)),
            expires_at,
            scope: self.granted(scope),
            obtained_at: Some(self.sent_at),
            refresh_expires_at: self.refresh_expiry(&members),
            id_token: secret(&members, "id_token"),
            extra: {
                members.retain(|name, value| !RESERVED.contains(&name.as_str()) && !value.is_null());
                members
            },
        };
        Ok(tokens)
    }

    fn token_type(&self, members: &Map<String, Value>) -> Result<String> {
        match members.get("token_type").and_then(Value::as_str).map(str::trim) {
            None | Some("") => Ok("Bearer".to_owned()),
            Some(kind) if kind.eq_ignore_ascii_case("bearer") => Ok("Bearer".to_owned()),
            Some(kind) if self.accepts_any_type => Ok(kind.to_owned()),
            Some(_) => Err(invalid("the authorization server sent a token of a type other than Bearer")),
        }
    }

    /// The end of the access token. A life counts more than an instant, which supposes that clocks agree.
    fn expiry(&self, members: &Map<String, Value>) -> Option<Timestamp> {
        let life = members.get("expires_in").and_then(number);
        let told = life.and_then(|life| self.after(life));
        let instant = || ["expires_on", "expires_at"].iter().find_map(|name| instant(members.get(*name)?));
        let assumed = || self.sent_at.checked_add(self.default_expires_in?).ok();
        told.or_else(instant).or_else(assumed)
    }

    fn capped(&self, expires_at: Option<Timestamp>) -> Option<Timestamp> {
        let latest = self.maximum_expiry.and_then(|life| self.sent_at.checked_add(life).ok());
        match (expires_at, latest) {
            (Some(expires_at), Some(latest)) => Some(expires_at.min(latest)),
            (expires_at, latest) => expires_at.or(latest),
        }
    }

    fn refresh_expiry(&self, members: &Map<String, Value>) -> Option<Timestamp> {
        let lives = ["refresh_token_expires_in", "refresh_expires_in"];
        let life = lives.iter().find_map(|name| members.get(*name).and_then(number));
        // Keycloak says 0 for one that does not end.
        let told = life.filter(|life| *life > 0.0).and_then(|life| self.after(life));
        told.or_else(|| instant(members.get("refresh_expires_at")?))
    }

    /// A life of no seconds, or fewer, has ended when it begins.
    fn after(&self, seconds: f64) -> Option<Timestamp> {
        let life = Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_LIFE).floor());
        self.sent_at.checked_add(life).ok()
    }

    fn seconds_until(&self, expires_at: Timestamp) -> u64 {
        let life = expires_at.duration_since(self.sent_at).max(SignedDuration::ZERO);
        life.as_secs().unsigned_abs()
    }

    /// The granted scopes: as requested when the server does not tell (RFC 6749, section 5.1).
    fn granted(&self, told: Option<String>) -> Option<String> {
        let (Some(told), Some(requested)) = (&told, self.requested) else {
            return told.or_else(|| self.requested.map(ToOwned::to_owned));
        };
        let has = |scope: &&str| told.split(' ').any(|granted| granted == *scope);
        let missing: Vec<_> = requested.split(' ').filter(|scope| !scope.is_empty() && !has(scope)).collect();
        if !missing.is_empty() {
            tracing::warn!(missing = missing.join(" "), "the app granted less than was asked for");
        }
        Some(told.clone())
    }
}

fn secret(members: &Map<String, Value>, name: &str) -> Option<Secret> {
    let text = members.get(name)?.as_str().filter(|text| !text.trim().is_empty())?;
    Some(Secret::new(text))
}

/// A number, however it is written.
fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    number.is_finite().then_some(number)
}

/// A Unix time, or a date and time of RFC 3339.
fn instant(value: &Value) -> Option<Timestamp> {
    let Some(number) = number(value) else {
        return value.as_str()?.trim().parse().ok();
    };
    let milliseconds = if number.abs() < MILLISECONDS_FROM { number * 1000.0 } else { number };
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and what is out of range is refused")]
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

/// Scopes, separated by spaces: some servers separate them by commas, some send a list.
fn scopes(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.replace(',', " "),
        Value::Array(scopes) => scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => return None,
    };
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}
