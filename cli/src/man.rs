//! `man`: manual pages, one for the program and one for each of its commands.

use std::path::PathBuf;

use connector_core::Result;
use connector_core::envelope::Answer;
use serde_json::json;

use crate::output::Ended;
use crate::reference::unwritable;

/// What was typed after `man`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ManCommand {
    /// Folder to write to, as `/usr/local/share/man/man1`
    folder: PathBuf,
}

pub(crate) fn run(of: ManCommand, program: clap::Command) -> Result<Ended> {
    let folder = of.folder;
    let explain = |error| unwritable(&folder, &error);
    std::fs::create_dir_all(&folder).map_err(explain)?;
    clap_mangen::generate_to(program, &folder).map_err(explain)?;
    Ok(Ended::Answer(Answer::new(&json!({"folder": folder}))?))
}
