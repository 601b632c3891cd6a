//! What no route answers: unknown paths, other methods, and a handler that panics.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use connector_core::{ConnectorError, ErrorCode};
use futures_util::FutureExt;

use super::answer::Failure;

/// An unknown path.
pub(super) async fn not_found() -> Failure {
    unknown_path()
}

/// The same where no router knows the path.
pub(super) fn unknown_path() -> Failure {
    let error = ConnectorError::new(ErrorCode::NotFound, "there is nothing under this path")
        .hint("/docs shows what there is");
    Failure::new(error, "server", "router")
}

/// A path that other methods are for; the router names them in `Allow`.
pub(super) async fn method_not_allowed() -> Response {
    method_not_allowed_response()
}

/// The same where no router knows the methods.
pub(super) fn method_not_allowed_response() -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let message = "this path is for other methods, which `Allow` names";
    let error = ConnectorError::new(ErrorCode::UnsupportedOperation, message).status(status.as_u16());
    Failure::new(error, "server", "router").status(status).into_response()
}

/// Answers for a handler that panics. The others must not notice, and whoever asked gets an envelope.
pub(super) async fn contain_panics(request: Request, next: Next) -> Response {
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answered.unwrap_or_else(|_| {
        let error = ConnectorError::new(ErrorCode::InternalError, "the server has a fault here");
        Failure::new(error, "server", "router").into_response()
    })
}

/// Writes down where a panic was, and not what it said: that may hold anything.
pub(super) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a part of the server panicked");
    }));
}
