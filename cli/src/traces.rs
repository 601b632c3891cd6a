//! Traces over OTLP/HTTP, where `OTEL_EXPORTER_OTLP_ENDPOINT` says where to. Nothing of it is built elsewhere.

use std::future::ready;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, Request, Response};
use connector_core::Result;
use connector_core::http::{HttpOptions, Transport, transport};
use connector_core::telemetry::{SPANS, note_failure};
use futures_util::future::BoxFuture;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::{Builder, Runtime};
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// Variables that name a collector.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// Longest time to send the last spans. With the time that a server has to stop, less than orchestrators wait.
const LONGEST_FLUSH: Duration = Duration::from_millis(600);

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Whether somebody wants traces.
pub(crate) fn are_wanted() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_off = std::env::var("OTEL_SDK_DISABLED").is_ok_and(|value| value.eq_ignore_ascii_case("true"));
    !is_off && ENDPOINTS.into_iter().any(is_set)
}

/// What makes spans of ours into spans of OpenTelemetry, and sends them.
pub(crate) fn layer<S>(program: &str) -> Result<impl Layer<S> + Send + Sync + use<S>, HttpError>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let exporter = SpanExporter::builder().with_http().with_http_client(Sender::new()?).build()?;
    let provider =
        SdkTracerProvider::builder().with_resource(resource(program)).with_batch_exporter(exporter).build();
    let tracer = PROVIDER.get_or_init(|| provider).tracer("connector");
    Ok(tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false)
        .with_filter(Targets::new().with_target(SPANS, LevelFilter::INFO)))
}

/// Who we are, unless the environment says otherwise.
fn resource(program: &str) -> Resource {
    let version = opentelemetry::KeyValue::new("service.version", connector_core::VERSION);
    let resource = Resource::builder().with_attribute(version);
    let is_named = std::env::var_os("OTEL_SERVICE_NAME").is_some()
        || std::env::var("OTEL_RESOURCE_ATTRIBUTES").is_ok_and(|all| all.contains("service.name="));
    if is_named { resource.build() } else { resource.with_service_name(program.to_owned()).build() }
}

/// Does the work of a command under a span of its own, in the trace that `TRACEPARENT` names, and sends all spans. A
/// server has no such span: its requests begin traces, or continue those of their callers.
pub(crate) fn of_command<T>(command: &str, is_server: bool, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let span = if is_server { Span::none() } else { command_span(command) };
    let outcome = span.in_scope(work);
    note_failure(&span, &outcome);
    drop(span);
    finish();
    outcome
}

fn command_span(command: &str) -> Span {
    let span = info_span!(
        target: SPANS, "command",
        "otel.name" = command, "otel.status_code" = Empty, "error.type" = Empty
    );
    continue_trace(&span, &Environment);
    span
}

fn finish() {
    if let Some(provider) = PROVIDER.get()
        && let Err(error) = provider.shutdown_with_timeout(LONGEST_FLUSH)
    {
        tracing::warn!(%error, "the last spans could not be sent");
    }
}

/// Lets a span continue the trace that the headers of its request name.
pub(crate) fn continue_trace_of(span: &Span, headers: &HeaderMap) {
    continue_trace(span, &HeaderExtractor(headers));
}

/// Gives a span that has begun another name, which its field `otel.name` no longer does.
pub(crate) fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

fn continue_trace(span: &Span, carrier: &dyn Extractor) {
    if !span.is_disabled() {
        // It fails where the span has begun already, and it has not.
        let _ = span.set_parent(TraceContextPropagator::new().extract(carrier));
    }
}

/// The environment as what brings a trace.
struct Environment;

impl Extractor for Environment {
    fn get(&self, key: &str) -> Option<&str> {
        static VALUES: OnceLock<[Option<String>; 2]> = OnceLock::new();
        let [parent, state] =
            VALUES.get_or_init(|| ["TRACEPARENT", "TRACESTATE"].map(|name| std::env::var(name).ok()));
        match key {
            "traceparent" => parent.as_deref(),
            "tracestate" => state.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// Sends spans from the thread that collects them, with a runtime of its own: that of a command is gone by the time of
/// the last ones.
#[derive(Debug)]
struct Sender {
    runtime: Runtime,
    client: Transport,
    has_failed: AtomicBool,
}

impl Sender {
    fn new() -> Result<Self, HttpError> {
        let options = HttpOptions { timeout: Duration::from_secs(10), ..HttpOptions::default() };
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build()?,
            client: transport(&options)?,
            has_failed: AtomicBool::new(false),
        })
    }

    #[expect(clippy::redundant_closure_for_method_calls, reason = "the error's type has no name here")]
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let sent = self.client.post(parts.uri.to_string()).headers(parts.headers).body(body).send().await;
        let answer = sent.map_err(|error| error.without_url())?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        Ok(response.body(answer.bytes().await.map_err(|error| error.without_url())?)?)
    }

    /// Says the first time only that the collector does not take spans.
    fn note(&self, sent: &Result<Response<Bytes>, HttpError>) {
        let why = match sent {
            Ok(response) if response.status().is_success() => return,
            Ok(response) => format!("it answers with {}", response.status()),
            Err(error) => error.to_string(),
        };
        if !self.has_failed.swap(true, Ordering::Relaxed) {
            tracing::warn!(why, "the collector of traces cannot be reached; this is not said again");
        }
    }
}

impl HttpClient for Sender {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> BoxFuture<'async_trait, Result<Response<Bytes>, HttpError>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        // Nobody else runs on the thread that waits for this.
        let sent = self.runtime.block_on(self.send(request));
        self.note(&sent);
        Box::pin(ready(sent))
    }
}
