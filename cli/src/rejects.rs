//! `rejects`: the records that could not be stored, and another attempt to store them.

use std::sync::Arc;

use connector_core::envelope::{Answer, Outcome, RequestEnvelope};
use connector_core::integration::Integration;
use connector_core::sync::{RejectsReport, StreamRejects};
use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::{RejectQuery, RejectSummary};
use serde_json::json;

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::host::CliHost;
use crate::logging::LogFormat;
use crate::output::{Ended, is_for_people, tell};
use crate::target::{Target, check_stream};
use crate::work::{Worked, work};

/// What was typed after `rejects`.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum RejectsCommand {
    /// Show them, oldest first, with the reason of each
    List(ListRejects),
    /// Try to store them again, as the streams' tables are now
    Retry(RetryRejects),
}

/// What was typed after `rejects list`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ListRejects {
    /// Only those of this stream
    pub(crate) stream: Option<String>,
    /// Only those with a greater number: the last one that was shown
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) after: i64,
    /// How many are shown at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) most: u32,
    #[command(flatten)]
    pub(crate) target: Target,
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

pub(crate) async fn run(
    integration: &Arc<Integration>,
    command: RejectsCommand,
    log_format: LogFormat,
) -> Result<Ended> {
    match command {
        RejectsCommand::List(command) => {
            command.stream.iter().try_for_each(|stream| check_stream(integration, stream))?;
            list(integration.app_id(), command).await
        }
        RejectsCommand::Retry(command) => retry(integration, command, log_format).await,
    }
}

/// Shows the rejects of one app.
pub(crate) async fn list(app_id: &str, command: ListRejects) -> Result<Ended> {
    let host = CliHost::new(app_id);
    let store = match command.target.to.as_deref() {
        Some(url) => Some(host.store_at(Some(url))?),
        None => host.existing_store()?,
    };
    let rejects = match store {
        // Nothing was ever stored, nor rejected.
        None => Vec::new(),
        Some(store) => store.rejects(app_id, &query(command)).await?,
    };
    if is_for_people() {
        show(&rejects);
        return Ok(Ended::Shown(Outcome::Done));
    }
    Ok(Ended::Answer(Answer::new(&json!({"rejects": rejects}))?))
}

fn query(command: ListRejects) -> RejectQuery {
    RejectQuery {
        connection: command.target.connection,
        schema: command.target.schema,
        stream: command.stream,
        after: command.after,
        most: command.most,
    }
}

fn show(rejects: &[RejectSummary]) {
    if rejects.is_empty() {
        tell("There are no rejects.");
        return;
    }
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header(["number", "connection", "stream", "key", "reason", "field", "last seen"]);
    for reject in rejects {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        table.add_row([
            reject.id.to_string(),
            reject.connection.clone(),
            reject.stream.clone(),
            or_dash(&reject.key),
            reject.reason.clone(),
            or_dash(&reject.path),
            reject.last_seen_at.to_string(),
        ]);
    }
    tell(&format!("{table}"));
    tell("The records themselves are in the JSON of this command: send its output into a file or a pipe.");
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

fn retried(answer: &Answer) -> Result<RejectsReport> {
    serde_json::from_str(answer.response.get()).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the report of a retry cannot be read").source(error)
    })
}

/// One line for people.
fn line(stream: &StreamRejects) -> String {
    if let Some(error) = &stream.error {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        return format!("{}: {} ({})", stream.stream, text("message"), text("error_code"));
    }
    let StreamRejects { stream, stored, superseded, rejected, .. } = stream;
    format!("{stream}: {stored} stored, {superseded} out of date, {rejected} rejected again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{FromArgMatches, Subcommand};
    use serde_json::Value;

    fn parse(words: &[&str]) -> RejectsCommand {
        let command = RejectsCommand::augment_subcommands(clap::Command::new("rejects"));
        let matches = command.get_matches_from(std::iter::once(&"rejects").chain(words));
        RejectsCommand::from_arg_matches(&matches).unwrap()
    }

    fn request(words: &[&str]) -> Value {
        let RejectsCommand::Retry(command) = parse(words) else { panic!("{words:?} is no retry") };
        Value::Object(retry_envelope(&command).unwrap().request)
    }

    #[test]
    fn flags_narrow_the_list() {
        let RejectsCommand::List(command) = parse(&["list"]) else { panic!("no list") };
        let all = query(command);
        assert_eq!((all.connection, all.schema, all.stream), (None, None, None));
        assert_eq!((all.after, all.most), (0, 100));
        let words = ["list", "deals", "--connection", "acme", "--schema", "s", "--after", "7", "--most", "3"];
        let RejectsCommand::List(command) = parse(&words) else { panic!("no list") };
        let some = query(command);
        assert_eq!(some.connection.as_deref(), Some("acme"));
        assert_eq!((some.schema.as_deref(), some.stream.as_deref()), (Some("s"), Some("deals")));
        assert_eq!((some.after, some.most), (7, 3));
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
        let read = |json| line(&serde_json::from_value::<StreamRejects>(json).unwrap());
        assert_eq!(
            read(json!({"stream": "deals", "stored": 3, "superseded": 1, "rejected": 2, "error": null})),
            "deals: 3 stored, 1 out of date, 2 rejected again"
        );
        assert_eq!(
            read(
                json!({"stream": "deals", "stored": 0, "superseded": 0, "rejected": 0, "error": {"message": "busy", "error_code": "conflict"}})
            ),
            "deals: busy (conflict)"
        );
    }
}
