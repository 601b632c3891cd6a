//! `verify`: compares what is stored with what the app has, and mends it where that is asked for.

use std::sync::Arc;

use connector_core::envelope::{Answer, Outcome, RequestEnvelope};
use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::logging::LogFormat;
use crate::output::{Ended, is_for_people, tell};
use crate::target::Target;
use crate::work::{Worked, work};

/// Ids that people are shown of each kind of difference.
const SHOWN_IDS: usize = 5;

/// What was typed after `verify`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct VerifyCommand {
    /// Streams to compare; the default set when none is named
    pub(crate) streams: Vec<String>,
    /// Compare only what is dated this day or later
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<String>,
    /// Compare only what is dated this day or earlier
    #[arg(long, value_name = "DAY")]
    pub(crate) until: Option<String>,
    /// Write what is missing or different, and mark what is gone as deleted
    #[arg(long)]
    pub(crate) repair: bool,
    /// Rows that may be marked as deleted where many are gone at once
    #[arg(long, value_name = "N")]
    pub(crate) allow_deletes: Option<u64>,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) envelope: EnvelopeSource,
    #[arg(skip = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// What the capability tells, as far as people and exit codes need it.
#[derive(Debug, Deserialize)]
struct Report {
    #[serde(default)]
    run_id: String,
    status: String,
    streams: Vec<StreamComparison>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StreamComparison {
    stream: String,
    status: String,
    requests: u64,
    compared: u64,
    missing: Vec<String>,
    extra: Vec<String>,
    different: Vec<String>,
    missing_count: u64,
    extra_count: u64,
    different_count: u64,
    seconds: f64,
    error: Option<Value>,
}

pub(crate) async fn run(integration: &Arc<Integration>, command: VerifyCommand) -> Result<Ended> {
    let envelope = envelope(&command)?;
    let mut answer = match work(integration, "verify", envelope, command.log_format).await? {
        Worked::Cut(ended) => return Ok(ended),
        Worked::Answer(answer) => answer,
    };
    let report = report(&answer)?;
    answer.outcome = outcome(&report, answer.outcome);
    if is_for_people() && !command.envelope.is_given() {
        show(&report);
        return Ok(Ended::Shown(answer.outcome));
    }
    Ok(Ended::Answer(answer))
}

/// The envelope of `--json` with what the flags say on top.
fn envelope(command: &VerifyCommand) -> Result<RequestEnvelope> {
    let mut envelope = read_envelope(&command.envelope)?;
    let request = &mut envelope.request;
    if !command.streams.is_empty() {
        request.insert("streams".to_owned(), json!(command.streams));
    }
    for (name, day) in [("from", &command.from), ("until", &command.until)] {
        if let Some(day) = day {
            request.insert(name.to_owned(), json!(day));
        }
    }
    if command.repair {
        request.insert("repair".to_owned(), json!(true));
    }
    if let Some(most) = command.allow_deletes {
        request.insert("allow_deletes".to_owned(), json!(most));
    }
    command.target.put_into(request);
    Ok(envelope)
}

fn report(answer: &Answer) -> Result<Report> {
    serde_json::from_str(answer.response.get()).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the report of a comparison cannot be read")
            .source(error)
    })
}

/// A difference is a result and no error, yet scripts must see it.
fn outcome(report: &Report, told: Outcome) -> Outcome {
    let worst = report.streams.iter().filter_map(|stream| exit_code(stream.error.as_ref()?)).max();
    match (told, report.status.as_str()) {
        (Outcome::Done, "different") => Outcome::ExitCode(ErrorCode::Conflict.metadata().exit_code),
        (Outcome::Done, "failed") => {
            Outcome::ExitCode(worst.unwrap_or(ErrorCode::InternalError.metadata().exit_code))
        }
        (Outcome::Done, "interrupted") => Outcome::Interrupted,
        (told, _) => told,
    }
}

fn exit_code(error: &Value) -> Option<u8> {
    let code: ErrorCode = serde_json::from_value(error["error_code"].clone()).ok()?;
    Some(code.metadata().exit_code)
}

fn show(report: &Report) {
    for stream in &report.streams {
        tell(&line(stream));
        for (kind, ids) in
            [("missing", &stream.missing), ("extra", &stream.extra), ("different", &stream.different)]
        {
            if !ids.is_empty() {
                let shown: Vec<&str> = ids.iter().take(SHOWN_IDS).map(String::as_str).collect();
                let more = if ids.len() > SHOWN_IDS { ", …" } else { "" };
                tell(&format!("  {kind}: {}{more}", shown.join(", ")));
            }
        }
        if let Some(hint) = stream.error.as_ref().and_then(|error| error["error_metadata"]["hint"].as_str()) {
            tell(&format!("  {hint}"));
        }
    }
    tell(&format!("Run {}: {}.", report.run_id, report.status));
}

/// One line for people.
fn line(stream: &StreamComparison) -> String {
    if let Some(error) = &stream.error {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        return format!("{}: {} ({})", stream.stream, text("message"), text("error_code"));
    }
    let StreamComparison { stream: name, status, requests, compared, seconds, .. } = stream;
    let differences: Vec<String> = [
        ("missing", stream.missing_count),
        ("extra", stream.extra_count),
        ("different", stream.different_count),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(kind, count)| format!("{count} {kind}, "))
    .collect();
    format!(
        "{name}: {status}, {}{compared} compared in {requests} requests, {seconds:.1} s",
        differences.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, FromArgMatches};

    fn request(words: &[&str]) -> Value {
        let command = VerifyCommand::augment_args(clap::Command::new("verify"));
        let matches = command.get_matches_from(std::iter::once(&"verify").chain(words));
        let command = VerifyCommand::from_arg_matches(&matches).unwrap();
        Value::Object(envelope(&command).unwrap().request)
    }

    fn read(report: Value) -> Report {
        serde_json::from_value(report).unwrap()
    }

    #[test]
    fn flags_become_the_fields_of_the_request() {
        assert_eq!(request(&[]), json!({}));
        let all =
            ["deals", "--from", "2026-01-01", "--until", "2026-01-31", "--repair", "--allow-deletes", "9"];
        assert_eq!(
            request(&[&all[..], &["--connection", "acme", "--to", "sqlite://a.db"]].concat()),
            json!({
                "streams": ["deals"],
                "from": "2026-01-01",
                "until": "2026-01-31",
                "repair": true,
                "allow_deletes": 9,
                "connection": "acme",
                "sink": {"url": "sqlite://a.db"}
            })
        );
    }

    #[test]
    fn the_exit_code_tells_a_difference_and_the_worst_error() {
        let of = |status: &str, told| outcome(&read(json!({"status": status, "streams": []})), told);
        assert_eq!(of("equal", Outcome::Done), Outcome::Done);
        assert_eq!(of("repaired", Outcome::Done), Outcome::Done);
        assert_eq!(of("different", Outcome::Done), Outcome::ExitCode(69));
        assert_eq!(of("interrupted", Outcome::Done), Outcome::Interrupted);
        assert_eq!(of("failed", Outcome::ExitCode(78)), Outcome::ExitCode(78));
        let failed = read(json!({"status": "failed", "streams": [
            {"stream": "deals", "error": {"error_code": "permission_denied"}},
            {"stream": "users", "error": {"error_code": "rate_limit"}},
            {"stream": "teams", "error": null}
        ]}));
        assert_eq!(outcome(&failed, Outcome::Done), Outcome::ExitCode(77));
    }

    #[test]
    fn people_read_one_line_for_each_stream() {
        let report = read(json!({"status": "different", "streams": [
            {"stream": "deals", "status": "different", "requests": 7, "compared": 600, "missing_count": 2,
             "different_count": 1, "seconds": 1.25},
            {"stream": "users", "status": "equal", "requests": 1, "compared": 25, "seconds": 0.2},
            {"stream": "teams", "status": "failed",
             "error": {"message": "not allowed", "error_code": "permission_denied"}}
        ]}));
        let lines: Vec<String> = report.streams.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                "deals: different, 2 missing, 1 different, 600 compared in 7 requests, 1.2 s",
                "users: equal, 25 compared in 1 requests, 0.2 s",
                "teams: not allowed (permission_denied)",
            ]
        );
    }
}
