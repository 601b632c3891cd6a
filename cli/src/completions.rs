//! `completions`: a script that completes commands in a shell.

use clap_complete::Shell;

use crate::output::Ended;

/// What was typed after `completions`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CompletionsCommand {
    /// The shell that it is for
    shell: Shell,
}

pub(crate) fn run(of: &CompletionsCommand, mut program: clap::Command) -> Ended {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(of.shell, &mut program, name, &mut script);
    Ended::Text(String::from_utf8_lossy(&script).into_owned())
}
