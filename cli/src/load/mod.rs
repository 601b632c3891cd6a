//! `load`: records of any program, on standard input, into the tables that a sync writes.
//!
//! ```text
//!  standard input ──lines──▶ a thread ──pages──▶ a feed of an integration made for this run ──▶ `sync`
//!  (lines.rs)               (input.rs)           (declaration.rs)
//! ```

mod declaration;
mod ending;
mod input;
mod lines;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use connector_core::envelope::RequestEnvelope;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::{Map, Value, json};

use crate::logging::LogFormat;
use crate::output::{Ended, is_for_people};
use crate::rejects::ListRejects;
use crate::sync::{report, show};
use crate::target::Target;
use crate::work::{Worked, work};
use declaration::Declared;
use ending::{End, Expected};
use input::Input;

/// Where the rows are told to come from, in the place of an app.
pub(crate) const APP_ID: &str = "load";

/// What was typed after `load`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LoadCommand {
    /// Name of the stream, and of its table
    #[arg(long, value_name = "NAME")]
    stream: String,
    /// The field that tells records apart; several with commas between
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',', required = true)]
    key: Vec<String>,
    /// JSON Schema of a record, for the types of its columns. A field that it lacks takes the type of its first value
    #[arg(long, value_name = "FILE")]
    schema_file: Option<PathBuf>,
    /// The input is all there is: rows that it does not have are marked as deleted, if its last line is an envelope or
    /// `--allow-deletes` says how many at most
    #[arg(long)]
    complete: bool,
    /// The input ends with the envelope of a connector: without one it was cut off
    #[arg(long)]
    envelope: bool,
    /// Rows that may be marked as deleted at most, in place of 20 or a tenth of them
    #[arg(long, value_name = "N", requires = "complete")]
    allow_deletes: Option<u64>,
    /// Read and compare, but write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: Target,
}

/// What was typed after `rejects`. A record is tried again by loading it again.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum LoadRejectsCommand {
    /// Show them, oldest first, with the reason of each
    List(ListRejects),
}

pub(crate) async fn run(command: LoadCommand, log_format: LogFormat) -> Result<Ended> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(ConnectorError::new(ErrorCode::BadRequest, "there are no records on standard input")
            .hint("pipe them in, one JSON object a line: `program | connector load …`"));
    }
    let expected = Expected {
        everything: command.complete,
        end: match (command.envelope, command.complete, command.allow_deletes) {
            (true, ..) | (_, true, None) => End::Told,
            _ => End::OfTheInput,
        },
        something: command.complete && command.allow_deletes.is_none(),
    };
    let declared = Declared::new(&command.stream, &command.key, command.schema_file.as_deref())?;
    let input = Input::start(stdin, expected)?;
    let integration = Arc::new(declared.integration(input, command.complete)?);
    match work(&integration, "sync", envelope(&command), log_format).await? {
        Worked::Cut(ended) => Ok(ended),
        Worked::Answer(answer) if is_for_people() => {
            show(&report(&answer)?);
            Ok(Ended::Shown(answer.outcome))
        }
        Worked::Answer(answer) => Ok(Ended::Answer(answer)),
    }
}

/// The request that a load is for `sync`. Loads of different streams have nothing to do with each other, so each has a
/// connection of its own unless one is named.
fn envelope(command: &LoadCommand) -> RequestEnvelope {
    let mut request = Map::new();
    request.insert("streams".to_owned(), json!([command.stream]));
    request.insert("connection".to_owned(), json!(command.stream));
    request.insert("dry_run".to_owned(), Value::Bool(command.dry_run));
    if let Some(most) = command.allow_deletes {
        request.insert("allow_deletes".to_owned(), json!(most));
    }
    command.target.put_into(&mut request);
    RequestEnvelope { request, ..RequestEnvelope::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, FromArgMatches};

    fn request(words: &[&str]) -> Value {
        let command = LoadCommand::augment_args(clap::Command::new("load"));
        let matches = command.get_matches_from(std::iter::once(&"load").chain(words));
        Value::Object(envelope(&LoadCommand::from_arg_matches(&matches).unwrap()).request)
    }

    #[test]
    fn flags_become_the_fields_of_the_request() {
        assert_eq!(
            request(&["--stream", "things", "--key", "id"]),
            json!({"streams": ["things"], "connection": "things", "dry_run": false})
        );
        let words =
            ["--stream", "things", "--key", "a,b", "--complete", "--allow-deletes", "40", "--dry-run"];
        let target = ["--connection", "shop", "--to", "sqlite://a.db", "--schema", "s"];
        assert_eq!(
            request(&[&words[..], &target].concat()),
            json!({
                "streams": ["things"], "connection": "shop", "dry_run": true, "allow_deletes": 40,
                "sink": {"url": "sqlite://a.db", "schema": "s"}
            })
        );
    }
}
