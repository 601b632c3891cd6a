//! How long whoever only looks may have to wait: a store that does not answer keeps nobody for ever.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use connector_core::{ConnectorError, ErrorCode, Result};

use super::answer::Failure;

/// Proxies give up after a minute; what takes longer than half of it does not get better by waiting.
const LONGEST: Duration = Duration::from_secs(30);

/// Ends a read that takes too long to its first byte. What follows a run may go on: its head comes at once.
pub(super) async fn bounded(request: Request, next: Next) -> Response {
    // What changes something is not left in the middle.
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let answered = in_time(next.run(request)).await;
    let too_slow =
        |error| Failure::new(error, "server", "read").status(StatusCode::GATEWAY_TIMEOUT).into_response();
    answered.unwrap_or_else(too_slow)
}

/// Does what only looks.
///
/// # Errors
/// When it takes too long.
pub(super) async fn in_time<T>(look: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(LONGEST, look).await.map_err(|_| {
        let message = format!("the store did not answer within {} seconds", LONGEST.as_secs());
        ConnectorError::new(ErrorCode::RequestTimeout, message)
            .status(StatusCode::GATEWAY_TIMEOUT.as_u16())
            .hint("/health/ready tells whether the store can be reached")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::routing::get;
    use axum::{Router, middleware};
    use tower::ServiceExt;

    #[tokio::test(start_paused = true)]
    async fn a_read_ends_in_time_and_a_change_is_not_left_in_the_middle() {
        let slow = async || tokio::time::sleep(Duration::from_hours(1)).await;
        let router = Router::new().route("/", get(slow).post(slow)).layer(middleware::from_fn(bounded));
        let ask = async |method: &str| {
            let request = Request::builder().method(method).body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap()
        };
        let read = ask("GET").await;
        assert_eq!(read.status(), 504);
        let envelope = axum::body::to_bytes(read.into_body(), 10_000).await.unwrap();
        let envelope: serde_json::Value = serde_json::from_slice(&envelope).unwrap();
        assert_eq!(envelope["error"]["error_code"], "request_timeout", "{envelope}");
        assert_eq!(ask("POST").await.status(), 200);
    }
}
