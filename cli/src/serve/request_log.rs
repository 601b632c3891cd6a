//! What every request gets: an id, a line in the log, and headers on its answer.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::Request;
use axum::http::header::{HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use connector_core::telemetry::{SPANS, note_error_type};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};
use uuid::Uuid;

use super::metrics::known_method;
use crate::traces::continue_trace_of;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id of a request that is taken over, in bytes.
const LONGEST_ID: usize = 128;

/// The id of a request, for logs and for the audit.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

/// Takes down who sent a request, once it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct CallerNote(Arc<OnceLock<String>>);

impl CallerNote {
    pub(super) fn set(&self, key_id: &str) {
        let _ = self.0.set(key_id.to_owned());
    }
}

/// Answers a request, and writes down that it did: never a query, a header or a body, for secrets are in those.
pub(super) async fn log(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let note = CallerNote::default();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    request.extensions_mut().insert(note.clone());
    let span = span(&request, &method);
    let trace_id = trace_id(request.headers());
    let mut response = next.run(request).instrument(span.clone()).await;
    note_status(&span, response.status());
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    tracing::info!(
        %method,
        path,
        status = response.status().as_u16(),
        ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        request_id = &*id,
        key_id = note.0.get().map(String::as_str),
        trace_id,
        "request"
    );
    response
}

/// The span of a request, in the trace of its caller. The route is added by whoever finds it.
fn span(request: &Request, method: &Method) -> Span {
    let span = info_span!(
        target: SPANS, "request",
        "otel.name" = known_method(method), "otel.kind" = "server", "otel.status_code" = Empty,
        "http.request.method" = known_method(method), "http.route" = Empty,
        "url.path" = request.uri().path(), "url.scheme" = "http",
        "http.response.status_code" = Empty, "error.type" = Empty
    );
    continue_trace_of(&span, request.headers());
    span
}

fn note_status(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        note_error_type(span, status.as_str());
    }
}

/// The trace of the caller: the second part of `traceparent`, if it is one.
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let parts: Vec<&str> = headers.get("traceparent")?.to_str().ok()?.split('-').collect();
    let id = parts.get(1).filter(|_| parts.len() >= 4)?;
    let is_hexadecimal = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hexadecimal.then(|| (*id).to_owned())
}

/// The id that the caller gave, if it can do no harm in a log.
fn request_id(request: &Request) -> Arc<str> {
    let is_harmless = |id: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/+=@-".contains(&byte);
        !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(is_plain)
    };
    let given = request.headers().get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).filter(is_harmless);
    given.map_or_else(|| Uuid::new_v4().to_string().into(), Into::into)
}
