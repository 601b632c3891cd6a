//! `rejects`: the records that could not be stored, and another attempt to store them.

use std::sync::Arc;

use connector_core::envelope::{Answer, RequestEnvelope};
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

/// What was typed after `rejects`.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum RejectsCommand {
    /// Try to store them again, as the streams' tables are now
    Retry(RetryRejects),
}

/// What was typed after `rejects retry`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RetryRejects {
    /// Streams whose rejects are tried; all when none is named
    pub(crate) streams: Vec<String>,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) envelope: EnvelopeSource,
}

#[derive(Debug, Deserialize)]
struct Retried {
    streams: Vec<RetriedStream>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RetriedStream {
    stream: String,
    stored: u64,
    superseded: u64,
    rejected: u64,
    error: Option<Value>,
}

pub(crate) async fn run(
    integration: &Arc<Integration>,
    command: RejectsCommand,
    log_format: LogFormat,
) -> Result<Ended> {
    match command {
        RejectsCommand::Retry(command) => retry(integration, command, log_format).await,
    }
}

async fn retry(
    integration: &Arc<Integration>,
    command: RetryRejects,
    log_format: LogFormat,
) -> Result<Ended> {
    match work(integration, "retry_rejects", retry_envelope(&command)?, log_format).await? {
        Worked::Cut(ended) => Ok(ended),
        Worked::Answer(answer) if is_for_people() && !command.envelope.is_given() => {
            let retried = retried(&answer)?;
            if retried.streams.is_empty() {
                tell("There are no rejects.");
            }
            for stream in &retried.streams {
                tell(&line(stream));
            }
            Ok(Ended::Shown(answer.outcome))
        }
        Worked::Answer(answer) => Ok(Ended::Answer(answer)),
    }
}

/// The envelope of `--json` with what the flags say on top.
fn retry_envelope(command: &RetryRejects) -> Result<RequestEnvelope> {
    let mut envelope = read_envelope(&command.envelope)?;
    if !command.streams.is_empty() {
        envelope.request.insert("streams".to_owned(), json!(command.streams));
    }
    command.target.put_into(&mut envelope.request);
    Ok(envelope)
}

fn retried(answer: &Answer) -> Result<Retried> {
    serde_json::from_str(answer.response.get()).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the report of a retry cannot be read").source(error)
    })
}

/// One line for people.
fn line(stream: &RetriedStream) -> String {
    if let Some(error) = &stream.error {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        return format!("{}: {} ({})", stream.stream, text("message"), text("error_code"));
    }
    let RetriedStream { stream, stored, superseded, rejected, .. } = stream;
    format!("{stream}: {stored} stored, {superseded} out of date, {rejected} rejected again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{FromArgMatches, Subcommand};

    fn request(words: &[&str]) -> Value {
        let command = RejectsCommand::augment_subcommands(clap::Command::new("rejects"));
        let matches = command.get_matches_from(std::iter::once(&"rejects").chain(words));
        match RejectsCommand::from_arg_matches(&matches).unwrap() {
            RejectsCommand::Retry(command) => Value::Object(retry_envelope(&command).unwrap().request),
        }
    }

    #[test]
    fn flags_become_the_fields_of_the_request() {
        assert_eq!(request(&["retry"]), json!({}));
        assert_eq!(
            request(&["retry", "deals", "contacts", "--connection", "acme", "--schema", "s"]),
            json!({"streams": ["deals", "contacts"], "connection": "acme", "sink": {"schema": "s"}})
        );
    }

    #[test]
    fn people_read_one_line_for_each_stream() {
        let read = |json| line(&serde_json::from_value::<RetriedStream>(json).unwrap());
        assert_eq!(
            read(json!({"stream": "deals", "stored": 3, "superseded": 1, "rejected": 2})),
            "deals: 3 stored, 1 out of date, 2 rejected again"
        );
        assert_eq!(
            read(json!({"stream": "deals", "error": {"message": "busy", "error_code": "conflict"}})),
            "deals: busy (conflict)"
        );
    }
}
