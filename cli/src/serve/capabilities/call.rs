//! One call: who may, the envelope, the work, within a time.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use connector_core::capability::{Capability, names};
use connector_core::dispatch::dispatch;
use connector_core::envelope::RequestEnvelope;
use connector_core::host::Host;
use connector_core::{ConnectorError, ErrorCode, Result};

use super::limits::{check_places, customer_app};
use super::no_capability;
use crate::serve::access::{Caller, Scope};
use crate::serve::answer::Failure;
use crate::serve::{App, Server, bodies};

/// Largest envelope, in bytes, and how long its sender may take. What is parsed takes up to seventy times as much.
const LARGEST_ENVELOPE: usize = 4 << 20;
/// A request of more bytes is large: few of them are worked on at a time, or they would take all of the memory.
const LARGE: usize = 256 << 10;
const TIME_TO_SEND: Duration = Duration::from_mins(1);

/// How long a capability may work where nobody said, unless it reads a whole account.
const LONGEST_CALL: Duration = Duration::from_mins(2);

/// Runs a capability for a request, and gives its envelope. A caller that hangs up ends the work, but for what spends
/// something that works once.
pub(super) async fn call(
    server: &Arc<Server>,
    app: Option<&App>,
    capability: &str,
    request: Request,
) -> Result<String, Failure> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, server).await?;
    let refuse = |error| Failure::new(error, "server", "capabilities");
    // What the key does not allow at all is refused before a large body is read.
    caller.require_scope(Scope::CapabilityCall).map_err(refuse)?;
    let body = bodies::read(body, LARGEST_ENVELOPE, TIME_TO_SEND).await?;
    let _room = if body.len() > LARGE { server.large_calls.acquire().await.ok() } else { None };
    let envelope = envelope(&parts.headers, &body).map_err(|error| {
        let status = error.http_status().and_then(|status| StatusCode::from_u16(status).ok());
        let failure = refuse(error);
        status.into_iter().fold(failure, Failure::status)
    })?;
    let Some(app) = app else {
        caller.require_everywhere(Scope::CapabilityCall).map_err(refuse)?;
        return Err(no_capability());
    };
    let app_id = app.integration.app_id();
    let module = app.integration.capability(capability).map_or("capabilities", |found| found.module());
    let fail = |error| {
        let failure = Failure::new(error, app_id, "capabilities");
        failure.raised_in(format!("{app_id}::{module}:{capability}"))
    };
    let of = customer_app(&app.integration, capability, &envelope).map_err(fail)?;
    match &of {
        Some(customer_app) => caller.require(Scope::CapabilityCall, customer_app, app_id).map_err(fail)?,
        None => caller.require_connector(Scope::CapabilityCall, app_id).map_err(fail)?,
    }
    let Some(found) = app.integration.capability(capability) else {
        return Err(fail(unknown(app_id)).status(StatusCode::NOT_FOUND));
    };
    check_places(&caller, &app.integration, &envelope, of.as_deref()).map_err(fail)?;
    let host: Arc<dyn Host> = Arc::clone(&app.host) as _;
    let work = dispatch(&app.integration, capability, envelope, &host);
    let answer = match longest(server, found) {
        None => work.await,
        Some(longest) => match tokio::time::timeout(longest, work).await {
            Ok(answer) => answer,
            Err(_) => return Err(fail(took_too_long(longest)).status(StatusCode::GATEWAY_TIMEOUT)),
        },
    };
    Ok(answer.map_err(fail)?.to_json())
}

/// The envelope in a body; an empty one where there is no body.
fn envelope(headers: &HeaderMap, body: &[u8]) -> Result<RequestEnvelope> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(RequestEnvelope::default());
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE.as_u16();
        let error =
            ConnectorError::new(ErrorCode::BadRequest, "the body must be of the type application/json");
        return Err(error.status(status).hint("send the header `Content-Type: application/json`"));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        ConnectorError::new(ErrorCode::BadRequest, "the body is no UTF-8 text").source(error)
    })?;
    RequestEnvelope::parse(text)
}

/// What spends something that works once ends by itself within half a minute, and what comes of it is nowhere else.
fn longest(server: &Server, capability: &Capability) -> Option<Duration> {
    if capability.is_single_use() {
        return None;
    }
    let reads_an_account = [names::SYNC, names::VERIFY, names::RETRY_REJECTS].contains(&capability.name());
    server.request_timeout.or((!reads_an_account).then_some(LONGEST_CALL))
}

fn unknown(app_id: &str) -> ConnectorError {
    let message = format!("{app_id} has no capability of this name");
    ConnectorError::new(ErrorCode::UnsupportedOperation, message)
        .status(StatusCode::NOT_FOUND.as_u16())
        .hint("`info` lists the capabilities")
}

fn took_too_long(longest: Duration) -> ConnectorError {
    let message = format!("the capability worked for {} seconds and was ended", longest.as_secs());
    ConnectorError::new(ErrorCode::RequestTimeout, message)
        .status(StatusCode::GATEWAY_TIMEOUT.as_u16())
        .hint("--request-timeout allows more; POST /sync starts a run in the background")
}
