//! Errors as HTTP answers: the envelope of the command line, with a status.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use connector_core::ConnectorError;
use connector_core::envelope::error_envelope;

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct Failure {
    error: ConnectorError,
    app_id: String,
    raised_in: String,
    status: Option<StatusCode>,
}

impl Failure {
    /// An error of a route. `app_id` is the connector's, or `server` where there is none.
    pub(crate) fn new(error: ConnectorError, app_id: &str, route: &str) -> Self {
        Self { error, app_id: app_id.to_owned(), raised_in: format!("{app_id}::serve:{route}"), status: None }
    }

    /// Answers with another status than the error stands for.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// The error itself, for those who answer it in another way.
    pub(crate) fn into_error(self) -> ConnectorError {
        self.error
    }

    /// Where it happened, where that is no route.
    pub(crate) fn raised_in(mut self, raised_in: String) -> Self {
        self.raised_in = raised_in;
        self
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status.unwrap_or_else(|| {
            StatusCode::from_u16(self.error.code().metadata().status)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        });
        if status.is_server_error() {
            tracing::warn!(error = ?self.error, raised_in = self.raised_in, "a request failed");
        }
        let envelope = error_envelope(&self.error, &self.app_id, &self.raised_in);
        let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
        let mut response = (status, headers, envelope).into_response();
        if let Some(wait) = self.error.wait() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some(challenge) = challenge(&self.error) {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

/// What a caller is told to bring. Only our own keys are asked for: that an app refuses its token is another matter.
fn challenge(error: &ConnectorError) -> Option<&'static str> {
    match error.app_code()? {
        "access.key_needed" => Some(r#"Bearer realm="connector""#),
        "access.invalid_key" => Some(r#"Bearer realm="connector", error="invalid_token""#),
        "access.insufficient_scope" => Some(r#"Bearer realm="connector", error="insufficient_scope""#),
        _ => None,
    }
}
