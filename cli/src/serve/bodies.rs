//! Bodies of requests: read at once, up to a size and within a time, and of callers that are known, so that nobody who
//! sends slowly holds anything.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use connector_core::{ConnectorError, ErrorCode};

use super::Server;
use super::access::{Caller, Refused};
use super::answer::Failure;
use super::connections::Strangers;
use super::page::is_for_strangers;

/// Largest body of a request that calls no capability.
const SMALL: usize = 64 << 10;
const TIME_FOR_SMALL: Duration = Duration::from_secs(10);

/// Reads the body before the route sees it. Of a caller that is not known none is read: the route, which refuses it in its
/// own words, is handed an empty one.
pub(super) async fn read_small(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    // What reads nothing needs no body, and who asks for it may be anybody.
    if is_empty(&body) || matches!(parts.method, Method::GET | Method::HEAD) {
        return next.run(Request::from_parts(parts, Body::empty())).await;
    }
    let is_for_strangers = is_for_strangers(parts.uri.path());
    if !is_for_strangers && let Err(failure) = Caller::from_request_parts(&mut parts, &server).await {
        parts.extensions.insert(Refused::new(failure));
        return next.run(Request::from_parts(parts, Body::empty())).await;
    }
    let reading = read(body, SMALL, TIME_FOR_SMALL);
    let read = match parts.extensions.get::<Strangers>() {
        Some(strangers) if is_for_strangers => strangers.during(reading).await,
        _ => reading.await,
    };
    match read {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(failure) => failure.into_response(),
    }
}

/// Reads a body.
///
/// # Errors
/// With the status 413 when it is too large, and 408 when it takes too long.
pub(super) async fn read(body: Body, most: usize, longest: Duration) -> Result<Bytes, Failure> {
    if is_empty(&body) {
        return Ok(Bytes::new());
    }
    let told = body.size_hint().lower();
    let refuse = |status: StatusCode, code, message: String| {
        let error = ConnectorError::new(code, message).status(status.as_u16());
        Failure::new(error, "server", "body").status(status)
    };
    let too_large = || {
        let message = format!("the body of this request may have {most} bytes at most");
        refuse(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::BadRequest, message)
    };
    if told > most as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(longest, axum::body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_length(&error) => Err(too_large()),
        Ok(Err(_)) => {
            let message = "the body of this request ended early".to_owned();
            Err(refuse(StatusCode::BAD_REQUEST, ErrorCode::BadRequest, message))
        }
        Err(_) => {
            let message = "the body of this request took too long".to_owned();
            Err(refuse(StatusCode::REQUEST_TIMEOUT, ErrorCode::RequestTimeout, message))
        }
    }
}

fn is_empty(body: &Body) -> bool {
    body.size_hint().lower() == 0 && body.is_end_stream()
}

fn is_length(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt, stream};

    use crate::serve::testing::{answer, request, server};

    /// One byte, and then nothing for ever.
    fn slow_body() -> Body {
        let byte = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]);
        Body::from_stream(byte.chain(stream::pending()))
    }

    async fn status(server: &Arc<Server>, method: &str, path: &str, key: &str) -> u16 {
        let mut request = request(method, path, key, "").map(|_| slow_body());
        if key.is_empty() {
            request.headers_mut().remove("authorization");
        }
        answer(server, request).await.status().as_u16()
    }

    #[tokio::test]
    async fn nobody_waits_for_the_body_of_a_stranger() {
        let server = server();
        for (method, path) in [
            ("POST", "/sync"),
            ("POST", "/example/sync"),
            ("POST", "/sync/example"),
            ("DELETE", "/sync/00000000-0000-0000-0000-000000000000"),
            ("PUT", "/schedules/acme/nightly"),
            ("POST", "/export/export_csv"),
            ("POST", "/-/example/sync"),
            ("POST", "/example/list_things"),
            ("POST", "/acme/example/authorize"),
            ("POST", "/acme/example/exchange"),
            ("PUT", "/acme/example/tokens"),
            ("DELETE", "/acme/example/binb-token"),
        ] {
            assert_eq!(status(&server, method, path, "").await, 401, "{method} {path}");
        }
        assert_eq!(status(&server, "GET", "/healthz", "").await, 200, "no body is looked for");
    }

    #[tokio::test(start_paused = true)]
    async fn a_form_with_a_key_in_it_is_waited_for_but_not_for_ever() {
        assert_eq!(status(&server(), "POST", "/-/sign-in", "").await, 408);
    }

    #[tokio::test]
    async fn a_wrong_key_with_a_body_is_counted_once() {
        let server = server();
        for _ in 0..10 {
            assert_eq!(status(&server, "POST", "/sync", "nonsense").await, 401);
        }
        assert_eq!(status(&server, "POST", "/sync", "nonsense").await, 429);
    }
}
