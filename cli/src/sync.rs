//! `sync`: the capability with friendlier words, signals and progress.

use std::sync::Arc;

use connector_core::dispatch::dispatch;
use connector_core::envelope::{Answer, Outcome, RequestEnvelope};
use connector_core::host::Host;
use connector_core::integration::Integration;
use connector_core::sync::SyncReport;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::{Map, Value, json};

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::host::CliHost;
use crate::logging::LogFormat;
use crate::output::{Ended, is_for_people, tell};
use crate::progress::{self, summary};
use crate::signals::{Signals, Watched};

/// What was typed after `sync`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SyncCommand {
    /// Streams to read; the default set when none is named
    pub(crate) streams: Vec<String>,
    /// Read everything, not only what changed
    #[arg(long)]
    pub(crate) full: bool,
    #[arg(
        long,
        value_name = "URL",
        help = "Database to write to: postgres://… or sqlite://file.db [env: CONNECTOR_STORE_URL]"
    )]
    pub(crate) to: Option<String>,
    /// Schema of the tables in PostgreSQL
    #[arg(long)]
    pub(crate) schema: Option<String>,
    /// How the tables look: `tables`, or `documents` for those of an older tool
    #[arg(long)]
    pub(crate) layout: Option<String>,
    /// A stream's table in the layout `documents`, once for each that has another name
    #[arg(long = "table", value_name = "STREAM=[SCHEMA.]TABLE", value_parser = table_name)]
    pub(crate) tables: Vec<(String, String)>,
    /// Name of the connection to read
    #[arg(long)]
    pub(crate) connection: Option<String>,
    /// Read and compare, but write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) envelope: EnvelopeSource,
    #[arg(skip = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// A stream and its table, as typed.
pub(crate) fn table_name(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((stream, table)) => Ok((stream.to_owned(), table.to_owned())),
        None => Err("a stream and a table, with `=` between".to_owned()),
    }
}

pub(crate) async fn run(integration: &Arc<Integration>, command: SyncCommand) -> Result<Ended> {
    let envelope = envelope(&command)?;
    let (signals, stop) = Signals::new();
    let progress = progress::for_standard_error(command.log_format == LogFormat::Json);
    let host = CliHost::new(integration.app_id()).with_stop(stop).with_progress(progress);
    let host: Arc<dyn Host> = Arc::new(host);
    match signals.watch(dispatch(integration, "sync", envelope, &host)).await {
        Watched::CutOff(signal) => Ok(Ended::Signalled(signal, None)),
        Watched::Done(answer, signal) => {
            let answer = answer?;
            if let (Some(signal), Outcome::Interrupted) = (signal, answer.outcome) {
                return Ok(Ended::Signalled(signal, Some(answer)));
            }
            if is_for_people() && !command.envelope.is_given() {
                show(&report(&answer)?);
                return Ok(Ended::Shown(answer.outcome));
            }
            Ok(Ended::Answer(answer))
        }
    }
}

/// The envelope of `--json` with what the flags say on top.
fn envelope(command: &SyncCommand) -> Result<RequestEnvelope> {
    let mut envelope = read_envelope(&command.envelope)?;
    let request = &mut envelope.request;
    let mut set = |name: &str, value| request.insert(name.to_owned(), value);
    if !command.streams.is_empty() {
        set("streams", json!(command.streams));
    }
    if command.full {
        set("mode", json!("full"));
    }
    if let Some(connection) = &command.connection {
        set("connection", json!(connection));
    }
    if command.dry_run {
        set("dry_run", json!(true));
    }
    let sink = [("url", &command.to), ("schema", &command.schema), ("layout", &command.layout)];
    for (name, value) in sink {
        let Some(value) = value else { continue };
        let sink = request.entry("sink").or_insert_with(|| json!({}));
        if let Some(sink) = sink.as_object_mut() {
            sink.insert(name.to_owned(), json!(value));
        }
    }
    if !command.tables.is_empty() {
        let sink = envelope.request.entry("sink").or_insert_with(|| json!({}));
        let names: Map<String, Value> =
            command.tables.iter().map(|(stream, table)| (stream.clone(), json!(table))).collect();
        if let Some(sink) = sink.as_object_mut() {
            sink.insert("table_names".to_owned(), Value::Object(names));
        }
    }
    Ok(envelope)
}

/// The report in the answer of a sync.
pub(crate) fn report(answer: &Answer) -> Result<SyncReport> {
    serde_json::from_str(answer.response.get()).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the report of a sync cannot be read").source(error)
    })
}

fn show(report: &SyncReport) {
    for stream in &report.streams {
        if let Some(error) = &stream.error {
            let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            tell(&format!("{}: {} ({})", stream.stream, text("message"), text("error_code")));
            if let Some(hint) = error["error_metadata"]["hint"].as_str() {
                tell(&format!("  {hint}"));
            }
        }
        for warning in &stream.warnings {
            tell(&format!("{}: {warning}", stream.stream));
        }
    }
    let all =
        |count: fn(&connector_core::sync::StreamReport) -> u64| report.streams.iter().map(count).sum::<u64>();
    let seconds = report.finished_at.duration_since(report.started_at).as_secs_f64();
    tell(&format!(
        "Run {} {}: {} rows in {} requests, {seconds:.1} s.",
        report.run_id,
        serde_json::to_value(report.status)
            .ok()
            .and_then(|s| Some(s.as_str()?.to_owned()))
            .unwrap_or_default(),
        all(|stream| stream.received),
        report.requests,
    ));
    if report.streams.iter().any(|stream| stream.rejected > 0) {
        for stream in report.streams.iter().filter(|stream| stream.rejected > 0) {
            tell(&format!("{}: {}", stream.stream, summary(stream)));
        }
    }
}
