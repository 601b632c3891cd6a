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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SENT_AT: Timestamp = Timestamp::constant(1_700_000_000, 0);

    fn reading() -> Reading<'static> {
        Reading {
            sent_at: SENT_AT,
            default_expires_in: None,
            maximum_expiry: None,
            requested: None,
            accepts_any_type: false,
        }
    }

    fn tokens(reading: &Reading<'_>, mut more: Value) -> TokenSet {
        more["access_token"] = json!("a");
        let Value::Object(members) = more else { unreachable!("indexed by a name before") };
        reading.tokens(members).unwrap()
    }

    fn life(more: Value) -> Option<u64> {
        let tokens = tokens(&reading(), more);
        assert_eq!(tokens.expires_in.is_some(), tokens.expires_at.is_some());
        tokens.expires_in
    }

    #[test]
    fn a_life_is_understood_however_it_is_written() {
        for (written, seconds) in [
            (json!({"expires_in": 3600}), 3600),
            (json!({"expires_in": "3600"}), 3600),
            (json!({"expires_in": " 3600 "}), 3600),
            (json!({"expires_in": 59.9}), 59),
            (json!({"expires_in": "59.9"}), 59),
            (json!({"expires_in": 0}), 0),
            (json!({"expires_in": -5}), 0),
            (json!({"expires_on": "1700003600"}), 3600),
            (json!({"expires_at": 1_700_003_600}), 3600),
            (json!({"expires_at": 1_700_003_600_000_u64}), 3600),
            (json!({"expires_at": "2023-11-14T23:13:20Z"}), 3600),
            (json!({"expires_at": "2023-11-15T00:13:20+01:00"}), 3600),
            (json!({"expires_on": 1}), 0),
            (json!({"expires_in": 60, "expires_at": 1_700_003_600}), 60),
            (json!({"expires_in": "soon", "expires_at": 1_700_003_600}), 3600),
        ] {
            assert_eq!(life(written.clone()), Some(seconds), "{written}");
        }
        for written in [json!({}), json!({"expires_in": null}), json!({"expires_in": "soon"})] {
            assert_eq!(life(written.clone()), None, "{written}");
        }
    }

    #[test]
    fn a_token_whose_life_is_over_does_not_work() {
        let ended = tokens(&reading(), json!({"expires_in": 0}));
        assert_eq!(ended.expires_at, Some(SENT_AT));
        assert!(!ended.is_valid_for(Duration::ZERO));
        assert!(tokens(&reading(), json!({})).is_valid_for(Duration::from_hours(24)));
    }

    #[test]
    fn the_end_of_the_refresh_token_is_kept_where_the_app_tells_it() {
        let end = |more: Value| tokens(&reading(), more).refresh_expires_at.map(Timestamp::as_second);
        assert_eq!(end(json!({"refresh_token_expires_in": "60"})), Some(1_700_000_060));
        assert_eq!(end(json!({"refresh_expires_in": 60})), Some(1_700_000_060));
        assert_eq!(end(json!({"refresh_expires_in": 0})), None);
    }

    #[test]
    fn scopes_are_as_requested_unless_the_app_grants_others() {
        let reading = Reading { requested: Some("read write"), ..reading() };
        let scope = |more: Value| tokens(&reading, more).scope.unwrap();
        assert_eq!(scope(json!({})), "read write");
        assert_eq!(scope(json!({"scope": "read"})), "read");
        assert_eq!(scope(json!({"scope": "read,write"})), "read write");
        assert_eq!(scope(json!({"scope": ["read", "more"]})), "read more");
    }

    #[test]
    fn what_else_the_app_sends_is_kept_and_replaces_nothing() {
        let old = tokens(
            &reading(),
            json!({"refresh_token": "r-1", "scope": "read", "instance_url": "one", "team": "t", "id_token": "i"}),
        );
        let told =
            json!({"instance_url": "two", "extra": {"access_token": "x"}, "obtained_at": "x", "n": null});
        let new = old.refreshed_by(tokens(&reading(), told));
        assert_eq!(Value::Object(new.extra.clone()), json!({"instance_url": "two", "team": "t"}));
        assert_eq!(new.refresh_token.unwrap().expose(), "r-1");
        assert_eq!((new.scope.as_deref(), new.id_token.unwrap().expose()), (Some("read"), "i"));
        let rotated = old.refreshed_by(tokens(&reading(), json!({"refresh_token": "r-2"})));
        assert_eq!(rotated.refresh_token.unwrap().expose(), "r-2");
    }

    #[test]
    fn what_else_the_app_sends_is_not_printed() {
        let printed = format!("{:?}", tokens(&reading(), json!({"nested": {"token": "hunter2"}})));
        assert!(printed.contains("nested") && !printed.contains("hunter2"));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            "[0-9eE.+-]{0,30}".prop_map(Value::from),
            "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z".prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from))
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![prop::sample::select(&RESERVED[..]).prop_map(str::to_owned), "[a-z_]{1,8}"]
    }

    proptest! {
        #[test]
        fn whatever_an_app_sends_beside_its_tokens_does_not_lose_them(
            more in prop::collection::hash_map(name(), value(), 0..8),
            longest in proptest::option::of(0..1_000_000_u64),
        ) {
            let mut members: Map<String, Value> = more.into_iter().collect();
            members.insert("access_token".into(), json!("a"));
            members.insert("refresh_token".into(), json!("r"));
            members.insert("token_type".into(), json!("bEaReR"));
            let maximum_expiry = longest.map(Duration::from_secs);
            let tokens = Reading { maximum_expiry, ..reading() }.tokens(members.clone()).unwrap();
            prop_assert_eq!(tokens.access_token.expose(), "a");
            prop_assert_eq!(tokens.refresh_token.as_ref().unwrap().expose(), "r");
            prop_assert!(RESERVED.iter().all(|name| !tokens.extra.contains_key(*name)));
            for (name, value) in &members {
                let is_kept = !RESERVED.contains(&name.as_str()) && !value.is_null();
                prop_assert_eq!(tokens.extra.get(name), Some(value).filter(|_| is_kept));
            }
            if let Some(longest) = longest {
                prop_assert!(tokens.expires_in.unwrap() <= longest);
            }
            // What is kept can be kept: it is sealed as JSON and read back.
            let kept: TokenSet = serde_json::from_value(serde_json::to_value(&tokens).unwrap()).unwrap();
            prop_assert_eq!((kept.expires_at, kept.scope), (tokens.expires_at, tokens.scope));
        }

        #[test]
        fn a_number_means_the_same_as_a_text(seconds in -10_000..10_000_000_i64, fraction in 0..100_u32) {
            let text = format!("{seconds}.{fraction:02}");
            let number: f64 = text.parse().unwrap();
            prop_assert_eq!(life(json!({"expires_in": text})), life(json!({"expires_in": number})));
            let expected = if number <= 0.0 { 0 } else { seconds.unsigned_abs() };
            prop_assert_eq!(life(json!({"expires_in": number})), Some(expected));
        }

        #[test]
        fn only_one_type_of_token_is_taken(kind in "[A-Za-z_-]{1,12}") {
            let members = json!({"access_token": "a", "token_type": kind}).as_object().cloned().unwrap();
            let is_bearer = kind.eq_ignore_ascii_case("bearer");
            prop_assert_eq!(reading().tokens(members).is_ok(), is_bearer);
        }
    }
}
