//! An answer of an authorization server: its members, in whichever form they came, or what it refuses.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::refusal;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::http::HttpResponse;

/// Members of an answer that is not a refusal.
#[derive(Debug)]
pub(super) struct Answer {
    body: Bytes,
    members: Option<Map<String, Value>>,
}

impl Answer {
    /// Tells an answer from a refusal. What of `sent` the server repeats is masked in the error.
    ///
    /// # Errors
    /// What the server refused for; also a success that says in its body that it is none.
    pub(super) fn read(response: &HttpResponse, sent: &[&str]) -> Result<Self> {
        let members = members(response);
        match refusal::of(response, members.as_ref(), sent) {
            Some(refusal) => Err(refusal),
            None => Ok(Self { body: response.body.clone(), members }),
        }
    }

    /// The members.
    ///
    /// # Errors
    /// `invalid_response` when the body is in no form that we know.
    pub(super) fn members(self) -> Result<Map<String, Value>> {
        let Self { body, members } = self;
        members.ok_or_else(|| {
            let told = String::from_utf8_lossy(&body);
            let what = if told.trim().is_empty() { "nothing" } else { "neither JSON nor a form" };
            invalid(&format!("the authorization server answered with {what}"))
        })
    }
}

/// An answer that lacks what it must have.
pub(super) fn invalid(message: &str) -> ConnectorError {
    ConnectorError::new(ErrorCode::InvalidResponse, message).app_error_code("oauth.invalid_response")
}

/// The members of a JSON object, or of a form where the server says that it is one. JSON is tried first whatever the
/// server says: no form is a JSON object, and servers say the wrong thing.
fn members(response: &HttpResponse) -> Option<Map<String, Value>> {
    if let Ok(members) = serde_json::from_slice(&response.body) {
        return Some(members);
    }
    let kind = response.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return None;
    }
    let pairs = url::form_urlencoded::parse(&response.body);
    Some(pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderMap;

    use super::*;

    fn response(status: u16, kind: &str, body: impl Into<Bytes>) -> HttpResponse {
        let mut headers = HeaderMap::new();
        if let Ok(kind) = kind.parse() {
            headers.insert("content-type", kind);
        }
        HttpResponse { status, headers, body: body.into() }
    }

    #[test]
    fn json_is_understood_whatever_it_is_called_and_a_form_only_when_it_is_called_one() {
        for kind in ["application/json", "text/html", "", "application/x-www-form-urlencoded"] {
            let answer = Answer::read(&response(200, kind, r#"{"access_token":"a"}"#), &[]).unwrap();
            assert_eq!(answer.members().unwrap()["access_token"], "a", "{kind}");
        }
        let form = Answer::read(&response(200, "Application/X-WWW-Form-Urlencoded", "access_token=a"), &[]);
        assert_eq!(form.unwrap().members().unwrap()["access_token"], "a");
        let page = Answer::read(&response(200, "text/html", "access_token=a"), &[]).unwrap();
        assert_eq!(page.members().unwrap_err().code(), ErrorCode::InvalidResponse);
    }

    proptest! {
        #[test]
        fn no_body_is_too_strange_and_only_a_success_without_an_error_is_an_answer(
            status in 100..600_u16,
            kind in prop::sample::select(vec!["application/json", "application/x-www-form-urlencoded", "text/html"]),
            body in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let answer = Answer::read(&response(status, kind, body), &[]);
            prop_assert!(answer.is_err() || (200..300).contains(&status));
        }

        #[test]
        fn an_error_is_never_an_answer(
            status in 200..300_u16,
            error in "[ -~]{1,60}",
            more in prop::collection::hash_map("[a-z_]{1,12}", "[ -~]{0,20}", 0..5),
        ) {
            let mut members: Map<String, Value> =
                more.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
            members.insert("access_token".into(), "a".into());
            members.insert("error".into(), error.into());
            let form: String = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(members.iter().map(|(name, value)| (name, value.as_str().unwrap())))
                .finish();
            let json = response(status, "application/json", Value::Object(members).to_string());
            let form = response(status, "application/x-www-form-urlencoded", form);
            for refusal in [Answer::read(&json, &[]).unwrap_err(), Answer::read(&form, &[]).unwrap_err()] {
                prop_assert!(refusal.app_code().unwrap().starts_with("oauth."));
                prop_assert_eq!(refusal.http_status(), None);
            }
        }

        #[test]
        fn a_secret_that_was_sent_is_never_told(
            secret in "[!-~]{6,80}",
            status in 200..600_u16,
            shape in 0..3_usize,
        ) {
            let body = match shape {
                0 => serde_json::json!({"error": "invalid_grant", "error_description": format!("<{secret}> bad")})
                    .to_string(),
                1 => serde_json::json!({"errors": [{"title": format!("{secret} is bad"), "code": 8}]}).to_string(),
                _ => format!("<html>{secret}</html>"),
            };
            if let Err(error) = Answer::read(&response(status, "text/html", body), &[&secret]) {
                let told = format!("{error} {error:?}");
                prop_assert!(!told.contains(&secret), "{told}");
            }
        }
    }
}
