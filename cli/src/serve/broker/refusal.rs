//! Errors of the broker: which status and which word of the broker's own stands for what went wrong.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use connector_core::envelope::error_json;
use connector_core::{ConnectorError, ErrorCode};
use serde_json::{Value, json};

/// Told to those who may try again and were not told when.
const SOON: u64 = 5;

/// An error on its way out, before it is known for whom.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The broker's word for it, as callers and the audit log have it.
    pub(super) code: String,
    pub(super) error: ConnectorError,
    /// Where somebody may agree anew.
    pub(super) authorization_url: Option<String>,
    challenge: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: impl Into<String>, error: ConnectorError) -> Self {
        Self { status, code: code.into(), error, authorization_url: None, challenge: None }
    }

    /// The caller is to blame.
    pub(super) fn invalid_request(error: ConnectorError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", error)
    }

    /// No key, or none that is known; `sent` tells that there was one.
    pub(super) fn of_access(error: ConnectorError, sent: bool) -> Self {
        let (status, code, challenge) = match error.code() {
            ErrorCode::Unauthorized if sent => {
                (401, "unauthenticated", Some(r#"Bearer realm="broker", error="invalid_token""#))
            }
            ErrorCode::Unauthorized => (401, "unauthenticated", Some(r#"Bearer realm="broker""#)),
            ErrorCode::RateLimit => (429, "rate_limit", None),
            ErrorCode::PermissionDenied => {
                (403, "permission_denied", Some(r#"Bearer realm="broker", error="insufficient_scope""#))
            }
            _ => return Self::from(error),
        };
        Self { challenge, ..Self::new(of(status), code, error) }
    }

    pub(super) fn unknown_connector_type() -> Self {
        let error = ConnectorError::new(ErrorCode::NotFound, "no connector of this type is served");
        Self::new(StatusCode::NOT_FOUND, "unknown_connector_type", error)
    }

    /// A path that can name nothing.
    pub(super) fn no_such_path() -> Self {
        let error = ConnectorError::new(ErrorCode::NotFound, "there is nothing under this path");
        Self::new(StatusCode::NOT_FOUND, "not_found", error)
    }

    /// The answer. `subject` is the connector's id, or `broker` where none is named.
    pub(super) fn into_answer(self, subject: &str, action: &str) -> Response {
        let Self { status, code, error, authorization_url, challenge } = self;
        let is_passing = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        let wait = match error.wait() {
            Some(wait) => Some((wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)),
            None => is_passing.then_some(SOON),
        };
        if status.is_server_error() {
            tracing::warn!(?error, action, "the broker cannot answer");
        }
        let error = error.status(status.as_u16()).app_error_code(format!("{subject}.{code}"));
        let mut part = error_json(&error, subject, &format!("{subject}::broker:{action}"));
        if let Value::Object(part) = &mut part {
            part.extend(wait.map(|seconds| ("retry_after".to_owned(), json!(seconds))));
            part.extend(authorization_url.map(|url| ("authorization_url".to_owned(), json!(url))));
        }
        let envelope = json!({"is_error": true, "error": part, "raw_data": null, "page": null});
        let mut response =
            (status, [(CONTENT_TYPE, "application/json")], envelope.to_string()).into_response();
        if let Some(seconds) = wait {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

/// What went wrong below the broker. The words of our own parts say more than their codes.
impl From<ConnectorError> for Refusal {
    fn from(error: ConnectorError) -> Self {
        let word = error.app_code().and_then(|code| code.split_once('.')).map(|(_, word)| word.to_owned());
        let (status, code) = match word.as_deref() {
            Some(word @ ("reauthorization_required" | "token_expired_no_refresh" | "refresh_exhausted")) => {
                (424, word)
            }
            Some(word @ ("refresh_indeterminate" | "cooldown" | "audit_unavailable")) => (503, word),
            Some(word @ "provider_rejected_client") => (502, word),
            Some(word @ "connection_not_found") => (404, word),
            Some(word @ ("flow_already_used" | "account_mismatch")) => (409, word),
            // With another code the app could not be asked, or did not tell.
            Some(word @ "account_unknown") if error.code() == ErrorCode::Conflict => (409, word),
            Some(word @ "decryption_failed") => (500, word),
            _ => by_code(&error),
        };
        Self::new(of(status), code.to_owned(), error)
    }
}

fn by_code(error: &ConnectorError) -> (u16, &'static str) {
    let is_of_the_app = error.http_status().is_some();
    match error.code() {
        ErrorCode::CredsRevoked | ErrorCode::AuthenticationExpired => (424, "reauthorization_required"),
        // Our own refusals never come this way: the app refuses the person.
        ErrorCode::PermissionDenied => (424, "permission_denied"),
        ErrorCode::Unauthorized if !error.is_misconfigured() => (502, "provider_rejected_client"),
        ErrorCode::RateLimit | ErrorCode::BudgetExhausted => (503, "rate_limit"),
        ErrorCode::RequestTimeout | ErrorCode::ConnectionTimeout => (504, "timeout"),
        ErrorCode::ServiceError | ErrorCode::ConnectionRejected | ErrorCode::ConnectionClosed => {
            (503, "service_error")
        }
        ErrorCode::BadGateway | ErrorCode::InvalidResponse => (502, "invalid_response"),
        _ if error.is_misconfigured() => (500, "misconfigured"),
        _ if is_of_the_app => (502, "provider_rejected_request"),
        ErrorCode::Conflict => (409, "conflict"),
        ErrorCode::NotFound => (404, "connection_not_found"),
        ErrorCode::UnsupportedOperation => (501, "unsupported_operation"),
        ErrorCode::InternalError => (500, "internal_error"),
        // A setting that nobody gave, and not a part of the request.
        ErrorCode::IntegrationMissingParameter => (500, "misconfigured"),
        _ => (400, "invalid_request"),
    }
}

fn of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A path that takes other methods.
pub(super) async fn method_not_allowed() -> Response {
    let error = ConnectorError::new(ErrorCode::UnsupportedOperation, "this path takes other methods");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", error).into_answer("broker", "method")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn of_error(code: ErrorCode, app_code: &str) -> (u16, String) {
        let refusal = Refusal::from(ConnectorError::new(code, "x").app_error_code(app_code));
        (refusal.status.as_u16(), refusal.code)
    }

    #[test]
    fn what_our_parts_say_decides() {
        for (code, app_code, status, word) in [
            (ErrorCode::CredsRevoked, "oauth.reauthorization_required", 424, "reauthorization_required"),
            (ErrorCode::CredsRevoked, "oauth.token_expired_no_refresh", 424, "token_expired_no_refresh"),
            (ErrorCode::CredsRevoked, "oauth.refresh_exhausted", 424, "refresh_exhausted"),
            (ErrorCode::ServiceError, "oauth.cooldown", 503, "cooldown"),
            (ErrorCode::Unauthorized, "oauth.provider_rejected_client", 502, "provider_rejected_client"),
            (ErrorCode::NotFound, "oauth.connection_not_found", 404, "connection_not_found"),
            (ErrorCode::InternalError, "vault.decryption_failed", 500, "decryption_failed"),
            (ErrorCode::ServiceError, "store.audit_unavailable", 503, "audit_unavailable"),
            (ErrorCode::Conflict, "oauth.flow_already_used", 409, "flow_already_used"),
            (ErrorCode::Conflict, "oauth.account_unknown", 409, "account_unknown"),
            (ErrorCode::ServiceError, "oauth.account_unknown", 503, "service_error"),
            (ErrorCode::InvalidValue, "oauth.import_refused", 400, "invalid_request"),
            (ErrorCode::ConnectionTimeout, "app.slow", 504, "timeout"),
            (ErrorCode::ConnectionClosed, "app.gone", 503, "service_error"),
            (ErrorCode::InvalidResponse, "app.html", 502, "invalid_response"),
            (ErrorCode::RateLimit, "app.slow_down", 503, "rate_limit"),
        ] {
            assert_eq!(of_error(code, app_code), (status, word.to_owned()), "{app_code}");
        }
        let of_the_app = Refusal::from(ConnectorError::new(ErrorCode::BadRequest, "x").status(400));
        assert_eq!(of_the_app.status.as_u16(), 502);
        let of_the_caller = Refusal::from(ConnectorError::new(ErrorCode::InvalidValue, "x"));
        assert_eq!(of_the_caller.status.as_u16(), 400);
    }

    #[tokio::test]
    async fn an_answer_has_the_envelope_and_when_to_try_again() {
        let error =
            ConnectorError::new(ErrorCode::ServiceError, "busy").retry_after(Duration::from_millis(2500));
        let mut refusal = Refusal::from(error.app_error_code("oauth.cooldown"));
        refusal.authorization_url = Some("https://app.example/agree".to_owned());
        let response = refusal.into_answer("example", "token.read");
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &"3".parse().unwrap())
        );
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert!(body["is_error"] == true && body.get("response").is_none(), "{body}");
        let error = &body["error"];
        assert_eq!(error["error_code"], "service_error");
        assert_eq!(error["app_error_code"], "example.cooldown");
        assert_eq!((&error["status_code"], &error["retry_after"]), (&json!(503), &json!(3)));
        assert_eq!(error["authorization_url"], "https://app.example/agree");
    }
}
