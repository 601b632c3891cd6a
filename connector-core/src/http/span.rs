//! The span of a request to an app, by the semantic conventions of OpenTelemetry.

use tracing::field::Empty;
use tracing::{Span, info_span};

use super::{HttpRequest, HttpResponse};
use crate::error::Result;
use crate::telemetry::{SPANS, note_error_type, note_failure};

/// The span of one attempt. Numbers have signs: others would be sent as text. Queries stay out of it: signatures and codes are in those.
pub(super) fn of(request: &HttpRequest) -> Span {
    info_span!(
        target: SPANS, "request",
        "otel.name" = %request.method, "otel.kind" = "client", "otel.status_code" = Empty,
        "http.request.method" = %request.method, "http.response.status_code" = Empty,
        "url.scheme" = request.url.scheme(), "url.path" = request.url.path(),
        "server.address" = request.url.host_str(), "server.port" = request.url.port_or_known_default().map(i64::from),
        "error.type" = Empty
    )
}

pub(super) fn note_answer(span: &Span, answer: &Result<HttpResponse>) {
    note_failure(span, answer);
    if let Ok(answer) = answer {
        span.record("http.response.status_code", i64::from(answer.status));
        if answer.status >= 400 {
            note_error_type(span, &answer.status.to_string());
        }
    }
}
