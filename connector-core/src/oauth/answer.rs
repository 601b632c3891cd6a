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
