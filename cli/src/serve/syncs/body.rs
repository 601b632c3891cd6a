//! The body of a request for a sync: an envelope, or the request alone.

use connector_core::dispatch::DEFAULT_CONNECTION;
use connector_core::envelope::RequestEnvelope;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::{Value, json};

/// Parts of an envelope: a body that has one of them is one.
const PARTS: [&str; 6] = ["request", "auth", "credentials", "settings", "page", "include_raw_data"];

/// The envelope in a body; one that asks for nothing in an empty one.
pub(crate) fn envelope(body: &[u8]) -> Result<RequestEnvelope> {
    if body.trim_ascii().is_empty() {
        return Ok(RequestEnvelope::default());
    }
    let text = std::str::from_utf8(body)
        .map_err(|_| ConnectorError::new(ErrorCode::BadRequest, "the request is no UTF-8"))?;
    let is_request = |value: &Value| {
        value.as_object().is_some_and(|object| !PARTS.iter().any(|part| object.contains_key(*part)))
    };
    match serde_json::from_str(text) {
        Ok(request) if is_request(&request) => {
            RequestEnvelope::parse(&json!({"request": request}).to_string())
        }
        // With its errors, too.
        _ => RequestEnvelope::parse(text),
    }
}

/// The connection that a sync will read: the one whose tokens it uses.
pub(crate) fn connection_of(envelope: &RequestEnvelope) -> &str {
    let stored = envelope.auth.as_ref().and_then(|auth| auth.get("stored")?.get("connection"));
    let named = stored.or_else(|| envelope.request.get("connection"));
    named.and_then(Value::as_str).unwrap_or(DEFAULT_CONNECTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_empty_or_a_request_or_an_envelope() {
        for (body, connection) in [
            ("", "default"),
            (" \n", "default"),
            ("{}", "default"),
            (r#"{"connection":"acme"}"#, "acme"),
            (r#"{"request":{"connection":"acme"}}"#, "acme"),
            (r#"{"auth":{"stored":{"connection":"acme"}}}"#, "acme"),
            (r#"{"auth":{"stored":{"connection":"acme"}},"request":{"connection":"b"}}"#, "acme"),
        ] {
            assert_eq!(connection_of(&envelope(body.as_bytes()).unwrap()), connection, "{body}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for body in [&b"[]"[..], b"{", b"\xff", br#""text""#, br#"{"request":1}"#] {
            let error = envelope(body).unwrap_err();
            assert_eq!(error.code().metadata().status, 400, "{error}");
        }
    }
}
