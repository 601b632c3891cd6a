//! `docs`: a reference page for each connector, out of its declaration.

mod markdown;
mod page;
mod streams;

use std::path::{Path, PathBuf};

use connector_core::envelope::Answer;
use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::json;

use crate::output::Ended;

/// What was typed after `docs`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DocsCommand {
    /// Folder to write to
    #[arg(default_value = "docs/reference")]
    folder: PathBuf,
}

/// Writes the pages; those that say the same already are left as they are.
pub(crate) fn run<'i>(
    command: &DocsCommand,
    integrations: impl IntoIterator<Item = &'i Integration>,
) -> Result<Ended> {
    let folder = &command.folder;
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let (mut pages, mut changed) = (Vec::new(), Vec::new());
    for integration in integrations {
        let name = format!("{}.md", integration.app_id());
        if write(&folder.join(&name), &page::page(integration))? {
            changed.push(name.clone());
        }
        pages.push(name);
    }
    Ok(Ended::Answer(Answer::new(&json!({"folder": folder, "pages": pages, "changed": changed}))?))
}

/// Whether the page was another one before.
fn write(file: &Path, page: &str) -> Result<bool> {
    if std::fs::read_to_string(file).is_ok_and(|present| present == page) {
        return Ok(false);
    }
    std::fs::write(file, page).map_err(|error| unwritable(file, &error))?;
    Ok(true)
}

pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> ConnectorError {
    ConnectorError::new(ErrorCode::InvalidValue, format!("{} cannot be written: {error}", path.display()))
}
