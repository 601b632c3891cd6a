//! Errors as HTTP answers: the envelope of the command line, with a status.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
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
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status.unwrap_or_else(|| {
            StatusCode::from_u16(self.error.code().metadata().status)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        });
        let envelope = error_envelope(&self.error, &self.app_id, &self.raised_in);
        let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
        let mut response = (status, headers, envelope).into_response();
        if let Some(wait) = self.error.wait()
            && let Ok(seconds) = wait.as_secs().max(1).to_string().parse()
        {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}
