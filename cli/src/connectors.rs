//! The command line of every connector that is linked in: one server for all of them, and what a server needs.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};
use clap_complete::Shell;
use connector_core::integration::Integration;
use connector_core::{ConnectorError, registry};

use crate::audit::AuditCommand;
use crate::check::CheckCommand;
use crate::environment::Environment;
use crate::host::CliHost;
use crate::keys::KeysCommand;
use crate::load::{LoadCommand, LoadRejectsCommand};
use crate::logging::LogFormat;
use crate::man::ManCommand;
use crate::output::{self, Ended, Output};
use crate::reference::DocsCommand;
use crate::refusal::refusal;
use crate::scaffold::ScaffoldCommand;
use crate::serve::ServeCommand;
use crate::vault::VaultCommand;
use crate::{
    arguments, audit, check, hardening, keys, load, logging, man, reference, rejects, runtime, scaffold,
    serve, spec, traces, vault,
};

/// Where errors of this program are told to have happened, and what its store is named after.
const NAME: &str = "connector";

/// Where commands are listed.
const WHERE_ALL_ARE: &str =
    "--help lists the commands; what one app can do, the program of its connector does";

/// The command line of every connector that is linked in.
pub struct Connectors {
    binary: &'static str,
}

#[derive(Parser)]
#[command(about = "Every connector behind one server", version, subcommand_required = true)]
#[command(disable_help_subcommand = true)]
struct Typed {
    #[command(subcommand)]
    command: Command,
    /// Exit with 0 whenever an envelope was printed [env: `CONNECTOR_EXIT_ZERO`]
    #[arg(long, global = true)]
    exit_zero: bool,
    /// Exit with 99 when there was nothing to do: no record was new or changed
    #[arg(long, global = true)]
    exit_skip: bool,
    /// Form of the lines on standard error: text on a terminal, else JSON
    #[arg(long, global = true)]
    log_format: Option<LogFormat>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Do everything over HTTP, by the clock, and for people
    Serve(ServeCommand),
    /// Make a new connector: a crate that compiles, passes its tests and runs
    Scaffold(ScaffoldCommand),
    /// Hold any connector's executable against the contract, whatever it is written in
    Check(CheckCommand),
    /// Write records from standard input, one JSON object a line, into a database as `sync` does
    Load(LoadCommand),
    /// Show the records of loads that could not be stored
    #[command(subcommand)]
    Rejects(LoadRejectsCommand),
    /// Make, show and take back keys to the server
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Show who was handed which token, and whether the log of it is whole
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Show which keys seal the connections, and go over to another key
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Print the OpenAPI document of the server
    Spec,
    /// Write a reference page for each connector
    Docs(DocsCommand),
    /// Print a script that completes commands in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write manual pages, one for each command
    Man(ManCommand),
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Serve(_) => "serve",
            Self::Scaffold(_) => "scaffold",
            Self::Check(_) => "check",
            Self::Load(_) => "load",
            Self::Rejects(_) => "rejects",
            Self::Keys(_) => "keys",
            Self::Audit(_) => "audit",
            Self::Vault(_) => "vault",
            Self::Spec => "spec",
            Self::Docs(_) => "docs",
            Self::Completions { .. } => "completions",
            Self::Man(_) => "man",
        }
    }
}

impl Connectors {
    /// A command line for the program `binary`.
    pub fn new(binary: &'static str) -> Self {
        Self { binary }
    }

    /// Runs the command that the program was started with.
    pub fn run(self) -> ExitCode {
        hardening::harden();
        let typed: Vec<OsString> = std::env::args_os().collect();
        let mut output = Output { exit_zero: arguments::wants_exit_zero(&typed), ..Output::default() };
        let program = Environment::of_process().fill(program(self.binary));
        let matches = program.try_get_matches_from(&typed);
        let typed = match matches.and_then(|matches| Typed::from_arg_matches(&matches)) {
            Ok(typed) => typed,
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                return output::print_text(&error.render().to_string());
            }
            Err(error) => {
                return output.end_as(
                    NAME,
                    "command_line",
                    "command_line",
                    Err(refusal(&error, WHERE_ALL_ARE)),
                );
            }
        };
        let usual = if std::io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json };
        output.exit_skip = typed.exit_skip;
        let log_format = typed.log_format.unwrap_or(usual);
        logging::start(self.binary, log_format);
        let name = typed.command.name();
        let is_server = matches!(typed.command, Command::Serve(_));
        let result = traces::of_command(name, is_server, || execute(self.binary, typed.command, log_format));
        output.end_as(NAME, "command_line", name, result)
    }
}

fn execute(binary: &'static str, command: Command, log_format: LogFormat) -> Result<Ended, ConnectorError> {
    let runtime = runtime(matches!(command, Command::Serve(_) | Command::Check(_)))?;
    let result = match command {
        Command::Serve(command) => runtime.block_on(serve::run(NAME, integrations(), command)),
        Command::Scaffold(command) => runtime.block_on(scaffold::run(command)),
        Command::Check(command) => runtime.block_on(check::run(command)),
        Command::Load(command) => runtime.block_on(load::run(command, log_format)),
        Command::Rejects(LoadRejectsCommand::List(command)) => {
            runtime.block_on(rejects::list(load::APP_ID, command))
        }
        Command::Keys(command) => runtime.block_on(keys::run(NAME, command)),
        Command::Audit(command) => runtime.block_on(audit::run(&CliHost::new(NAME), command)),
        Command::Vault(command) => runtime.block_on(vault::run(&CliHost::new(NAME), command)),
        Command::Spec => {
            let integrations = integrations();
            Ok(spec::run(&integrations.iter().map(|integration| &**integration).collect::<Vec<_>>()))
        }
        Command::Docs(command) => {
            reference::run(&command, integrations().iter().map(|integration| &**integration))
        }
        Command::Completions { shell } => Ok(completions(binary, shell)),
        Command::Man(command) => man::run(command, program(binary)),
    };
    runtime.shutdown_background();
    result
}

fn program(binary: &'static str) -> clap::Command {
    Typed::command().name(binary).bin_name(binary)
}

fn completions(binary: &'static str, shell: Shell) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program(binary), binary, &mut script);
    Ended::Text(String::from_utf8_lossy(&script).into_owned())
}

fn integrations() -> Vec<Arc<Integration>> {
    registry::connectors().into_iter().map(|connector| Arc::new((connector.integration)())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_fit_together() {
        Typed::command().debug_assert();
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_as_it_is_typed() {
        let refused = |words: &[&str]| {
            let typed = std::iter::once(&NAME).chain(words);
            refusal(&program(NAME).try_get_matches_from(typed).unwrap_err(), WHERE_ALL_ARE)
        };
        for (words, expected) in [
            (&[][..], "a command is missing"),
            (&["keys"], "a command is missing"),
            (&["scaffold"], "NAME, DIR are missing"),
            (&["scaffold", "acme"], "DIR is missing"),
            (&["load", "--stream", "things"], "--key is missing"),
            (&["scaffold", "a", "b", "--auth", "x"], "--auth cannot have this value: one of oauth, token"),
            (&["serve", "--listen", "8080"], "--listen cannot have this value: an address and a port"),
            (&["--log-format", "x", "spec"], "--log-format cannot have this value: one of text, json"),
        ] {
            let error = refused(words);
            assert!(error.message().starts_with(expected), "{words:?}: {error}");
            assert_eq!(error.exit_code(), 64);
        }
        for words in [["info"], ["sync"]] {
            let hint = refused(&words).hint_text().unwrap().to_owned();
            assert!(hint.contains("--help") && !hint.contains("`info`"), "{hint}");
        }
    }
}
