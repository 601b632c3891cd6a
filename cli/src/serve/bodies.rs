//! Bodies of requests: read at once, up to a size and within a time, so that nobody who sends slowly holds anything.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use connector_core::{ConnectorError, ErrorCode};

use super::answer::Failure;

/// Largest body of a request that calls no capability.
const SMALL: usize = 64 << 10;
const TIME_FOR_SMALL: Duration = Duration::from_secs(10);

/// Reads the body before the route sees it.
pub(super) async fn read_small(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match read(body, SMALL, TIME_FOR_SMALL).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(failure) => failure.into_response(),
    }
}

/// Reads a body.
///
/// # Errors
/// With the status 413 when it is too large, and 408 when it takes too long.
pub(super) async fn read(body: Body, most: usize, longest: Duration) -> Result<Bytes, Failure> {
    let told = body.size_hint().lower();
    if usize::try_from(told).is_ok_and(|told| told == 0) && body.is_end_stream() {
        return Ok(Bytes::new());
    }
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

fn is_length(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}
