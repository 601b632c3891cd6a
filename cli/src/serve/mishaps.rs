//! What no route answers: unknown paths, other methods, and a handler that panics.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
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

/// Says in an envelope what the router and its extractors say in a line of text, with parts of the request in it: that a
/// path is no UTF-8, that a part of it or of the query is of another type.
pub(super) async fn in_our_own_words(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !status.is_client_error() || !kind.starts_with("text/plain") {
        return response;
    }
    let message = "a part of the path, of the query or of the body cannot be read";
    let error = ConnectorError::new(ErrorCode::BadRequest, message).status(status.as_u16());
    let error = error.hint("/docs shows what the path takes");
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

#[cfg(test)]
mod tests {
    use crate::serve::testing::{admin_key, answer, json_answer, request, server};

    #[tokio::test]
    async fn what_cannot_be_read_is_refused_in_an_envelope_or_on_a_page() {
        let server = server();
        let key = admin_key(&server).await;
        for (method, path) in [
            ("GET", "/sync/%ff"),
            ("POST", "/%ff"),
            ("PUT", "/schedules/%ff/x"),
            ("GET", "/-/example/runs/notauuid"),
            ("GET", "/-/example/connection"),
            ("GET", "/?page=x"),
        ] {
            let (status, body) = json_answer(&server, request(method, path, &key, "")).await;
            assert_eq!(status, 400, "{method} {path}");
            assert_eq!(
                (&body["is_error"], &body["error"]["error_code"]),
                (&true.into(), &"bad_request".into())
            );
            assert!(body.get("response").is_none(), "{body}");
            let mut asked = request(method, path, &key, "");
            asked.headers_mut().insert("accept", "text/html".parse().unwrap());
            let page = answer(&server, asked).await;
            assert_eq!(page.status(), 400, "{method} {path}");
            assert!(page.headers().contains_key("content-security-policy"), "{method} {path}");
        }
    }
}
