//! `scaffold`: a new connector that compiles, passes its tests and runs against a stand-in of its own.
//!
//! ```text
//! names checked → templates rendered → everything written beside → moved into place, or nothing is
//! ```

mod ask;
mod folder;
mod framework;
mod identifier;
mod lock;
mod manifest;
mod name;
mod streams;
mod templates;
mod workspace;

use std::path::{Path, PathBuf, absolute};

use clap::ValueEnum;
use connector_core::envelope::Answer;
use connector_core::host::StopSignal;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::json;

use crate::output::{Ended, is_for_people, tell};
use crate::signals::{Signals, Watched};
use folder::{Change, Written};
use framework::Framework;
use name::Name;
use streams::StreamName;
use templates::{Crate, File};

/// What was typed after `scaffold`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ScaffoldCommand {
    /// Name of the app, as `acme_crm`
    pub(crate) name: String,
    /// The folder to make
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Which credentials the app takes; a token unless told otherwise
    #[arg(long, value_enum)]
    pub(crate) auth: Option<Credential>,
    /// What can be read, separated by commas; `items` unless told otherwise
    #[arg(long, value_delimiter = ',')]
    pub(crate) streams: Vec<String>,
    /// Add what is missing to a folder that is there; nothing in it is changed
    #[arg(long)]
    pub(crate) force: bool,
    /// Where the framework's sources are, for a crate outside of them; where this program was built unless told
    #[arg(long, value_name = "PATH")]
    pub(crate) framework: Option<PathBuf>,
}

/// Credentials that an app may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Credential {
    Oauth,
    Token,
    Basic,
    ServiceAccount,
    None,
}

impl Credential {
    /// As typed, and as the templates know it.
    fn word(self) -> &'static str {
        match self {
            Self::Oauth => "oauth",
            Self::Token => "token",
            Self::Basic => "basic",
            Self::ServiceAccount => "service-account",
            Self::None => "none",
        }
    }
}

pub(crate) async fn run(command: ScaffoldCommand) -> Result<Ended> {
    let plan = Plan::of(command)?;
    let (signals, stop) = Signals::new();
    let (folder, inside) = (plan.folder.clone(), plan.inside);
    // Files are written in milliseconds, and not half of them: a signal is looked at once, before they are moved.
    let writing = tokio::task::spawn_blocking(move || plan.write(&stop));
    let written = match signals.watch(writing).await {
        Watched::Done(Ok(Ok(written)), _) => written,
        Watched::Done(_, Some(signal)) | Watched::CutOff(signal) => {
            return Ok(Ended::Signalled(signal, None));
        }
        Watched::Done(Ok(Err(error)), None) => return Err(error),
        Watched::Done(Err(error), None) => {
            return Err(ConnectorError::new(ErrorCode::InternalError, "writing broke off").source(error));
        }
    };
    let answer = Answer::new(&json!({
        "folder": folder,
        "written": written.added,
        "left_alone": written.left_alone,
        "changed": written.changed,
    }))?;
    if is_for_people() {
        show(&folder, inside, &written);
        return Ok(Ended::Shown(answer.outcome));
    }
    Ok(Ended::Answer(answer))
}

fn show(folder: &Path, inside: bool, written: &Written) {
    tell(&format!("Wrote {} files to {}.", written.added.len(), folder.display()));
    if !written.left_alone.is_empty() {
        tell(&format!("Left alone, since they were there: {}.", written.left_alone.join(", ")));
    }
    if inside && !written.changed.is_empty() {
        tell(&format!("Added it to {}.", written.changed.join(", ")));
    }
    tell(&format!("Next: cd {} && cargo test; README.md tells the rest.", folder.display()));
}

/// Everything that is to be written, thought out before the first file is.
struct Plan {
    folder: PathBuf,
    files: Vec<File>,
    changes: Vec<Change>,
    force: bool,
    /// Whether the crate becomes a part of the framework's own workspace.
    inside: bool,
}

impl Plan {
    fn of(command: ScaffoldCommand) -> Result<Self> {
        let folder = absolute(&command.folder)
            .map_err(|error| ConnectorError::new(ErrorCode::InvalidValue, "DIR is no path").source(error))?;
        let host = Framework::around(&folder)?;
        let inside = host.is_some();
        let framework = match host {
            Some(host) => host,
            None => Framework::find(command.framework.as_deref())?,
        };
        let name = Name::check(&command.name, &folder, &framework)?;
        let (auth, streams) = ask::what_was_not_told(command.auth, command.streams)?;
        let streams = StreamName::check_all(&streams)?;
        let is_ordinary_word = inside && framework.speaks_of(name.snake())?;
        let new = Crate { name: &name, auth: auth.word(), streams: &streams, is_ordinary_word };
        let mut files = templates::render(&new)?;
        let changes = if inside {
            let manifest = files.iter().find(|file| file.path == "Cargo.toml");
            workspace::changes(&framework, &name, &folder, manifest.map_or("", |file| &*file.text))?
        } else {
            manifest::stand_alone(&framework, &mut files)?;
            Vec::new()
        };
        Ok(Self { folder, files, changes, force: command.force, inside })
    }

    fn write(&self, stop: &StopSignal) -> Result<Written> {
        folder::write(&self.folder, &self.files, &self.changes, self.force, &|| stop.is_given())
    }
}

#[cfg(test)]
mod tests;
