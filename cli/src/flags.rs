//! Flags that every command of every program takes.

use std::ffi::OsString;
use std::io::IsTerminal;

use crate::environment::Environment;
use crate::logging::LogFormat;

/// Those flags, as typed.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct GlobalFlags {
    #[arg(
        long,
        global = true,
        help = "Exit with 0 whenever an envelope was printed [env: CONNECTOR_EXIT_ZERO]"
    )]
    exit_zero: bool,
    /// Exit with 99 when there was nothing to do: no record came, or none was new or changed
    #[arg(long, global = true)]
    pub(crate) exit_skip: bool,
    /// Form of the lines on standard error: text on a terminal, else JSON
    #[arg(long, global = true)]
    log_format: Option<LogFormat>,
}

impl GlobalFlags {
    /// The form of log lines that was asked for, else the usual one of where they go to.
    pub(crate) fn log_format(&self) -> LogFormat {
        let usual = || if std::io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json };
        self.log_format.unwrap_or_else(usual)
    }
}

/// Whether every envelope is a success. Also for what is refused before the flags are understood: an agent that reads
/// only the JSON set it for that.
pub(crate) fn wants_exit_zero(typed: &[OsString]) -> bool {
    Environment::of_process().is_on("CONNECTOR_EXIT_ZERO") || typed.iter().any(|word| word == "--exit-zero")
}
