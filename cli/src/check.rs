//! `check`: holds any connector's executable against the contract.

use std::path::{Path, PathBuf};

use connector_acceptance::{CheckError, Config, Report};
use connector_core::envelope::{Answer, Outcome};
use connector_core::{ConnectorError, ErrorCode, Result};

use crate::output::{Ended, is_for_people, print_line, tell};
use crate::work::{Worked, until_stopped};

/// Exit code when something does not hold: what was asked for is not there.
const SOMETHING_FAILED: u8 = 69;

/// What was typed after `check`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CheckCommand {
    /// The executable of a connector, in whatever language it is written
    #[arg(value_name = "CONNECTOR")]
    pub(crate) executable: PathBuf,
    /// What the connector cannot tell by itself, as JSON: its stand-in, credentials, requests, changes
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Makes only these checks, by their name or that of their group, and reads the lists that they build on
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// A table or one JSON document with every check; a table on a terminal when absent
    #[arg(long, value_name = "FORM")]
    output: Option<Form>,
}

/// How the report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Table,
    Json,
}

pub(crate) async fn run(command: CheckCommand) -> Result<Ended> {
    let config = command.config.as_deref().map(Config::read).transpose().map_err(|error| refused(&error))?;
    let mut config = config.unwrap_or_default();
    config.only.extend(command.only.iter().cloned());
    let executable = located(&command.executable);
    // What was started ends with the check that started it.
    let check =
        async { connector_acceptance::check(&executable, &config).await.map_err(|error| refused(&error)) };
    match until_stopped(check).await? {
        Worked::Answer(report) => ended(&command, &report),
        Worked::Cut(ended) => Ok(ended),
    }
}

/// The file that is meant: one of this name, else the one that a shell would find.
fn located(executable: &Path) -> PathBuf {
    let is_bare = executable.components().count() == 1;
    let paths = std::env::var_os("PATH").filter(|_| is_bare && !executable.exists());
    let found = paths.and_then(|paths| {
        std::env::split_paths(&paths).map(|folder| folder.join(executable)).find(|file| file.is_file())
    });
    found.unwrap_or_else(|| executable.to_owned())
}

fn ended(command: &CheckCommand, report: &Report) -> Result<Ended> {
    let outcome = if report.is_green() { Outcome::Done } else { Outcome::ExitCode(SOMETHING_FAILED) };
    let usual = if is_for_people() { Form::Table } else { Form::Json };
    if command.output.unwrap_or(usual) == Form::Json {
        tell(&format!("{report}{}", again(command, report)));
        return Ok(Ended::Answer(Answer { outcome, ..Answer::new(report)? }));
    }
    // Who closed the pipe reads no table.
    let _ = print_line(&format!("{}{}", report.table(), again(command, report)));
    Ok(Ended::Shown(outcome))
}

/// What makes those checks again that failed.
fn again(command: &CheckCommand, report: &Report) -> String {
    if report.is_green() {
        return String::new();
    }
    let mut failed: Vec<&str> = report.failures().map(|finding| finding.check).collect();
    failed.dedup();
    let config = command.config.as_ref().map(|path| format!(" --config {}", path.display()));
    let (executable, config) = (command.executable.display(), config.unwrap_or_default());
    format!("\nagain: connector check {executable}{config} --only {}", failed.join(","))
}

fn refused(error: &CheckError) -> ConnectorError {
    let code = match error {
        CheckError::Machine(_) => ErrorCode::InternalError,
        _ => ErrorCode::InvalidValue,
    };
    ConnectorError::new(code, error.to_string())
}
