//! `sync`: the capability with friendlier words, signals and progress.

use std::str::FromStr;
use std::sync::Arc;

use connector_core::envelope::{Answer, RequestEnvelope};
use connector_core::integration::Integration;
use connector_core::sync::SyncReport;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::{Map, Value, json};

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::logging::LogFormat;
use crate::output::{Ended, is_for_people, tell};
use crate::progress::summary;
use crate::target::{Target, put_into_sink};
use crate::work::{Worked, work};

/// What was typed after `sync`.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag that takes no value")]
pub(crate) struct SyncCommand {
    /// Streams to read; the default set when none is named
    pub(crate) streams: Vec<String>,
    /// Read every stream there is, also those that take a request for each record of another one
    #[arg(long, conflicts_with = "streams")]
    pub(crate) all: bool,
    /// Read everything, not only what changed
    #[arg(long)]
    pub(crate) full: bool,
    #[arg(
        long,
        value_name = "STREAM,…|none",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all",
        help = "Read also what lists leave out, one record at a time: of every stream, of these, or of none"
    )]
    pub(crate) details: Option<Details>,
    /// Write lists inside records into tables of their own
    #[arg(long)]
    pub(crate) children: bool,
    /// How the tables look: `tables`, or `documents` for those of an older tool
    #[arg(long)]
    pub(crate) layout: Option<String>,
    /// Rows that may be marked as deleted at most, in place of 20 or a tenth of them
    #[arg(long, value_name = "N")]
    pub(crate) allow_deletes: Option<u64>,
    /// Parents whose children are read in this run, at most, for each stream that hangs on others
    #[arg(long, value_name = "N")]
    pub(crate) most_parents: Option<u64>,
    /// A stream's table in the layout `documents`, once for each that has another name
    #[arg(long = "table", value_name = "STREAM=[SCHEMA.]TABLE", value_parser = table_name)]
    pub(crate) tables: Vec<(String, String)>,
    /// Read and compare, but write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) envelope: EnvelopeSource,
    #[arg(skip = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// Of which streams the details are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Details {
    All,
    None,
    Of(Vec<String>),
}

impl FromStr for Details {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "all" => Self::All,
            "none" => Self::None,
            names => Self::Of(names.split(',').map(|name| name.trim().to_owned()).collect()),
        })
    }
}

impl Details {
    fn to_json(&self) -> Value {
        match self {
            Self::All => json!(true),
            Self::None => json!(false),
            Self::Of(streams) => json!(streams),
        }
    }
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
    match work(integration, "sync", envelope, command.log_format).await? {
        Worked::Cut(ended) => Ok(ended),
        Worked::Answer(answer) if is_for_people() && !command.envelope.is_given() => {
            show(&report(&answer)?);
            Ok(Ended::Shown(answer.outcome))
        }
        Worked::Answer(answer) => Ok(Ended::Answer(answer)),
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
    if command.all {
        set("streams", json!(["*"]));
    }
    if command.full {
        set("mode", json!("full"));
    }
    if let Some(details) = &command.details {
        set("details", details.to_json());
    }
    if let Some(most) = command.most_parents {
        set("most_parents", json!(most));
    }
    if let Some(most) = command.allow_deletes {
        set("allow_deletes", json!(most));
    }
    if command.dry_run {
        set("dry_run", json!(true));
    }
    command.target.put_into(request);
    if let Some(layout) = &command.layout {
        put_into_sink(request, "layout", json!(layout));
    }
    if command.children {
        put_into_sink(request, "children", json!(true));
    }
    if !command.tables.is_empty() {
        let names: Map<String, Value> =
            command.tables.iter().map(|(stream, table)| (stream.clone(), json!(table))).collect();
        put_into_sink(request, "table_names", Value::Object(names));
    }
    Ok(envelope)
}

/// The report in the answer of a sync.
pub(crate) fn report(answer: &Answer) -> Result<SyncReport> {
    serde_json::from_str(answer.response.get()).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the report of a sync cannot be read").source(error)
    })
}

/// Tells people how a sync went.
pub(crate) fn show(report: &SyncReport) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, FromArgMatches};

    fn request(words: &[&str]) -> Value {
        let command = SyncCommand::augment_args(clap::Command::new("sync"));
        let matches = command.get_matches_from(std::iter::once(&"sync").chain(words));
        let command = SyncCommand::from_arg_matches(&matches).unwrap();
        Value::Object(envelope(&command).unwrap().request)
    }

    #[test]
    fn flags_become_the_fields_of_the_request() {
        assert_eq!(request(&[]), json!({}));
        assert_eq!(request(&["--all"]), json!({"streams": ["*"]}));
        assert_eq!(
            request(&["deals", "--full", "--children", "--layout", "documents", "--allow-deletes", "40"]),
            json!({
                "streams": ["deals"],
                "mode": "full",
                "allow_deletes": 40,
                "sink": {"layout": "documents", "children": true}
            })
        );
        assert_eq!(
            request(&["--connection", "acme", "--to", "sqlite://a.db", "--schema", "s"]),
            json!({"connection": "acme", "sink": {"url": "sqlite://a.db", "schema": "s"}})
        );
    }

    #[test]
    fn flags_stand_over_the_envelope_and_leave_the_rest_of_it() {
        let json = r#"{"request":{"streams":["deals"],"mode":"full","sink":{"schema":"a","children":true}}}"#;
        assert_eq!(
            request(&["contacts", "--schema", "b", "--json", json]),
            json!({"streams": ["contacts"], "mode": "full", "sink": {"schema": "b", "children": true}})
        );
    }

    #[test]
    fn details_are_read_of_all_of_some_or_of_none() {
        // A word behind it is a stream to read and not one to read in detail.
        assert_eq!(request(&["--details", "deals"]), json!({"streams": ["deals"], "details": true}));
        assert_eq!(request(&["--details=none"]), json!({"details": false}));
        assert_eq!(request(&["--details=deals,invoices"]), json!({"details": ["deals", "invoices"]}));
    }
}
