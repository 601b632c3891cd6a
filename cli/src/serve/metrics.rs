//! Counters and times for Prometheus.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use connector_core::host::StopSignal;
use connector_core::{ConnectorError, ErrorCode, Result};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Span;

use super::Server;
use super::access::{Caller, Scope};
use super::answer::Failure;
use crate::traces::rename;

/// All times end like this one.
const SECONDS: &str = "connector_http_request_duration_seconds";

/// Access tokens that the broker handed out.
const TOKENS: &str = "connector_broker_tokens_total";

/// From a token out of memory to a list out of a slow app.
const BUCKETS: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0];

/// Times are summed up this often, so that they take no room while nobody asks.
const BETWEEN_SUMS: Duration = Duration::from_secs(5);

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/metrics", get(shown))
}

/// Starts counting, in this process. What is counted before, and in commands that serve nothing, costs nothing.
pub(super) fn start(stop: StopSignal) -> Result<()> {
    let failed = |error: String| {
        ConnectorError::new(ErrorCode::InternalError, "counters cannot be started").source(error)
    };
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &BUCKETS)
        .map_err(|error| failed(error.to_string()))?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| failed(error.to_string()))?;
    let handle = RECORDER.get_or_init(|| handle);
    describe();
    tokio::spawn(keep_small(handle, stop));
    Ok(())
}

fn describe() {
    metrics::describe_counter!("connector_http_requests_total", "Requests answered, by route and status");
    metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "Time to the head of an answer, by route");
    metrics::describe_counter!(TOKENS, "Access tokens handed out by the broker");
    connector_core::telemetry::describe_metrics();
    metrics::describe_gauge!("connector_connections", "Connections, by what they need");
    metrics::describe_gauge!("connector_build_info", "The program that runs: always 1");
    gauge!("connector_build_info", "version" => connector_core::VERSION).set(1.0);
}

async fn keep_small(handle: &PrometheusHandle, mut stop: StopSignal) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(BETWEEN_SUMS) => handle.run_upkeep(),
            () = stop.given() => return,
        }
    }
}

/// Counts an access token that the broker hands out.
pub(super) fn count_token(app_id: &str, refreshed: bool) {
    let refreshed = if refreshed { "true" } else { "false" };
    counter!(TOKENS, "connector" => app_id.to_owned(), "refreshed" => refreshed).increment(1);
}

/// Counts a request under the pattern of its route: paths have names of customers in them.
pub(super) async fn count(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let method = known_method(request.method());
    name_span(method, &route);
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!(SECONDS, "route" => route.clone()).record(started.elapsed());
    counter!("connector_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    response
}

/// Names the span of the request after its route, as only whoever stands behind the routes can.
fn name_span(method: &str, route: &str) {
    let span = Span::current();
    if !span.is_disabled() {
        span.record("http.route", route);
        rename(&span, format!("{method} {route}"));
    }
}

/// Anyone can invent methods, and each name would be kept.
pub(super) fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

async fn shown(State(server): State<Arc<Server>>, caller: Caller) -> Result<Response, Failure> {
    let fail = |error| Failure::new(error, "server", "metrics");
    caller.require_scope(Scope::MetricsRead).map_err(fail)?;
    count_connections(&server).await.map_err(fail)?;
    let text = RECORDER.get().map(PrometheusHandle::render).unwrap_or_default();
    let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}

async fn count_connections(server: &Server) -> Result<()> {
    for app_id in server.apps.keys() {
        let connections = server.store.connections(app_id).await?;
        for state in connector_core::oauth::ConnectionState::ALL {
            let count = connections.iter().filter(|connection| connection.state == state).count();
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            gauge!("connector_connections", "connector" => app_id.clone(), "state" => state.name())
                .set(f64::from(count));
        }
    }
    Ok(())
}
