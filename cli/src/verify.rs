//! `verify`: compares what is stored with what the app has, and mends it where that is asked for.

use std::sync::Arc;

use connector_core::envelope::{Answer, RequestEnvelope};
use connector_core::integration::Integration;
use connector_core::sync::{StreamVerdict, Verdict, VerifyReport};
use connector_core::{ConnectorError, ErrorCode, Result};
use jiff::civil::Date;
use serde_json::json;

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
    /// Compare only what changed, or is dated, this day or later, where the app can tell
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) from: Option<Date>,
    /// Write what is missing or different, and mark what is gone as deleted
    #[arg(long)]
    pub(crate) repair: bool,
    /// Rows that may be marked as deleted at most, in place of 20 or a tenth of them
    #[arg(long, value_name = "N")]
    pub(crate) allow_deletes: Option<u64>,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) envelope: EnvelopeSource,
    #[arg(skip = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

fn day(text: &str) -> Result<Date, &'static str> {
    text.parse().map_err(|_| "a day, as 2026-01-31")
}

pub(crate) async fn run(integration: &Arc<Integration>, command: VerifyCommand) -> Result<Ended> {
    let envelope = envelope(&command)?;
    match work(integration, "verify", envelope, command.log_format).await? {
        Worked::Cut(ended) => Ok(ended),
        Worked::Answer(answer) if is_for_people() && !command.envelope.is_given() => {
            show(&report(&answer)?);
            Ok(Ended::Shown(answer.outcome))
        }
        Worked::Answer(answer) => Ok(Ended::Answer(answer)),
    }
}

/// The envelope of `--json` with what the flags say on top.
fn envelope(command: &VerifyCommand) -> Result<RequestEnvelope> {
    let mut envelope = read_envelope(&command.envelope)?;
    let request = &mut envelope.request;
    if !command.streams.is_empty() {
        request.insert("streams".to_owned(), json!(command.streams));
    }
    if let Some(day) = &command.from {
        request.insert("from".to_owned(), json!(day));
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

fn report(answer: &Answer) -> Result<VerifyReport> {
    serde_json::from_str(answer.response.get()).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the report of a comparison cannot be read")
            .source(error)
    })
}

fn show(report: &VerifyReport) {
    for stream in &report.streams {
        tell(&line(stream));
        for (kind, count, ids) in kinds(stream) {
            if count > 0 {
                let shown: Vec<&str> = ids.iter().take(SHOWN_IDS).map(String::as_str).collect();
                let more = if count > shown.len() as u64 { ", …" } else { "" };
                tell(&format!("  {kind}: {}{more}", shown.join(", ")));
            }
        }
        if let Some(hint) = stream.error.as_ref().and_then(|error| error["error_metadata"]["hint"].as_str()) {
            tell(&format!("  {hint}"));
        }
        for warning in &stream.warnings {
            tell(&format!("  {warning}"));
        }
    }
    tell(&format!("Run {}: {}.", report.run_id, word(report.status)));
}

/// The kinds of difference: how many there are, and ids of some.
fn kinds(stream: &StreamVerdict) -> [(&'static str, u64, &[String]); 3] {
    [
        ("missing", stream.missing_count, &stream.missing),
        ("extra", stream.extra_count, &stream.extra),
        ("different", stream.different_count, &stream.different),
    ]
}

/// The verdict as it is in the report.
fn word(verdict: Verdict) -> String {
    serde_json::to_value(verdict).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
}

/// One line for people.
fn line(stream: &StreamVerdict) -> String {
    if let Some(error) = &stream.error {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        return format!("{}: {} ({})", stream.stream, text("message"), text("error_code"));
    }
    let StreamVerdict { stream: name, requests, compared, seconds, .. } = stream;
    let differences: Vec<String> = kinds(stream)
        .into_iter()
        .filter(|(_, count, _)| *count > 0)
        .map(|(kind, count, _)| format!("{count} {kind}, "))
        .collect();
    let differences = differences.concat();
    format!(
        "{name}: {}, {differences}{compared} compared in {requests} requests, {seconds:.1} s",
        word(stream.status)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, FromArgMatches};
    use serde_json::Value;

    fn request(words: &[&str]) -> Value {
        let command = VerifyCommand::augment_args(clap::Command::new("verify"));
        let matches = command.get_matches_from(std::iter::once(&"verify").chain(words));
        let command = VerifyCommand::from_arg_matches(&matches).unwrap();
        Value::Object(envelope(&command).unwrap().request)
    }

    #[test]
    fn flags_become_the_fields_of_the_request() {
        assert_eq!(request(&[]), json!({}));
        let all = ["deals", "--from", "2026-01-01", "--repair", "--allow-deletes", "9"];
        assert_eq!(
            request(&[&all[..], &["--connection", "acme", "--to", "sqlite://a.db"]].concat()),
            json!({
                "streams": ["deals"],
                "from": "2026-01-01",
                "repair": true,
                "allow_deletes": 9,
                "connection": "acme",
                "sink": {"url": "sqlite://a.db"}
            })
        );
    }

    #[test]
    fn people_read_one_line_for_each_stream() {
        let stream = |name: &str, status: &str, missing: u64, error: Value| -> StreamVerdict {
            serde_json::from_value(json!({
                "stream": name, "status": status, "requests": 7, "compared": 600,
                "missing": [], "missing_count": missing, "extra": [], "extra_count": 0,
                "different": [], "different_count": 0,
                "seconds": 1.25, "error": error
            }))
            .unwrap()
        };
        let failed = json!({"message": "not allowed", "error_code": "permission_denied"});
        for (stream, expected) in [
            (
                stream("deals", "different", 2, Value::Null),
                "deals: different, 2 missing, 600 compared in 7 requests, 1.2 s",
            ),
            (stream("users", "equal", 0, Value::Null), "users: equal, 600 compared in 7 requests, 1.2 s"),
            (stream("teams", "failed", 0, failed), "teams: not allowed (permission_denied)"),
        ] {
            assert_eq!(line(&stream), expected);
        }
    }
}
