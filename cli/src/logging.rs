//! Logs on standard error: for people on a terminal, JSON lines elsewhere.

use std::io::IsTerminal;

use clap::ValueEnum;
use connector_core::telemetry::SPANS;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::environment::Environment;
use crate::traces;

/// Form of the lines on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Libraries that would log what they send, secrets among it, when everything is switched on.
const CHATTY: [&str; 7] = ["axum", "h2", "hyper", "hyper_util", "reqwest", "rustls", "sqlx"];

/// Starts logging, and traces where somebody wants them. `CONNECTOR_LOG` is a list of `target=level`.
pub(crate) fn start(program: &str, format: LogFormat) {
    let environment = Environment::of_process();
    let wanted = environment.get("CONNECTOR_LOG");
    let parsed = wanted.as_deref().and_then(|filter| filter.parse::<Targets>().ok());
    let is_wrong = wanted.is_some() && parsed.is_none();
    let mut filter = parsed.unwrap_or_else(|| {
        let ours =
            ["connector_core", "connector_store", "connector_cli"].map(|target| (target, LevelFilter::INFO));
        Targets::new().with_default(LevelFilter::WARN).with_targets(ours)
    });
    for target in CHATTY {
        filter = filter.with_target(target, LevelFilter::WARN);
    }
    // Without a trace nobody pays for spans: where no layer takes them, they are not even made.
    filter = filter.with_target(SPANS, LevelFilter::OFF);
    let layer = match format {
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            fmt::layer()
                .without_time()
                .with_target(false)
                .with_ansi(colours)
                .with_writer(std::io::stderr)
                .boxed()
        }
    };
    let traces = traces::are_wanted().then(|| traces::layer(program));
    let registry = tracing_subscriber::registry().with(layer.with_filter(filter));
    // A second start, as in tests, changes nothing.
    let why_no_traces = match traces {
        Some(Ok(traces)) => {
            let _ = registry.with(traces).try_init();
            None
        }
        without => {
            let _ = registry.try_init();
            without.and_then(Result::err)
        }
    };
    if let Some(error) = why_no_traces {
        tracing::warn!(error, "no traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT cannot be used");
    }
    environment.warn();
    if is_wrong {
        tracing::warn!("CONNECTOR_LOG is not a list of target=level and was left out");
    }
}
