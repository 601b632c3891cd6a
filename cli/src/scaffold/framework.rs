//! The framework's own workspace: where its sources are, and what is known of its crates.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use connector_core::{ConnectorError, ErrorCode, Result};
use toml_edit::{DocumentMut, Item};

/// The crate by which a workspace is known to be the framework's.
const CORE: &str = "connector-core";

/// Its parts that know no app.
const ROOMS: &[&str] = &["acceptance", "connector-core", "connector-store", "cli"];

/// A workspace with the framework in it.
#[derive(Debug)]
pub(super) struct Framework {
    pub(super) root: PathBuf,
    pub(super) manifest: DocumentMut,
}

impl Framework {
    /// The framework whose workspace a folder is, or would be, a part of.
    ///
    /// # Errors
    /// When a manifest on the way cannot be read.
    pub(super) fn around(folder: &Path) -> Result<Option<Self>> {
        for root in folder.ancestors().skip(1) {
            if root.join("Cargo.toml").is_file() {
                let manifest = manifest(&root.join("Cargo.toml"))?;
                if is_framework(&manifest) {
                    return Ok(Some(Self { root: root.to_owned(), manifest }));
                }
            }
        }
        Ok(None)
    }

    /// The framework at a path, or where this program was built.
    ///
    /// # Errors
    /// `invalid_value` when it is not there.
    pub(super) fn find(typed: Option<&Path>) -> Result<Self> {
        let built_at = || Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"));
        let root = typed.unwrap_or_else(built_at);
        let missing = || {
            let message = format!("{} does not hold the framework's sources", root.display());
            ConnectorError::new(ErrorCode::InvalidValue, message)
                .hint("name the folder that they are in with `--framework PATH`")
        };
        let root = root.canonicalize().map_err(|error| missing().source(error))?;
        let manifest = manifest(&root.join("Cargo.toml")).map_err(|error| missing().source(error))?;
        if !is_framework(&manifest) {
            return Err(missing());
        }
        Ok(Self { root, manifest })
    }

    /// Names of all packages that the framework is built of, its own and those of others.
    pub(super) fn packages(&self) -> Result<Vec<String>> {
        let lock: DocumentMut = parse(&self.root.join("Cargo.lock"), &self.lock()?)?;
        let packages = lock.get("package").and_then(Item::as_array_of_tables);
        let names = packages.into_iter().flatten().filter_map(|package| package.get("name")?.as_str());
        Ok(names.map(ToOwned::to_owned).collect())
    }

    /// Versions of all packages that are known to work.
    pub(super) fn lock(&self) -> Result<String> {
        read(&self.root.join("Cargo.lock"))
    }

    /// The package in a folder, if it is a member of this workspace.
    pub(super) fn member(&self, folder: &Path) -> Option<String> {
        let member = folder.strip_prefix(&self.root).ok()?.to_str()?;
        let members = self.manifest.get("workspace")?.get("members")?.as_array()?;
        members.iter().find(|known| known.as_str() == Some(member))?;
        let manifest = manifest(&folder.join("Cargo.toml")).ok()?;
        Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
    }

    /// Whether the framework's own sources have these words for something, so that they name no app there.
    ///
    /// # Errors
    /// When a source cannot be read.
    pub(super) fn speaks_of(&self, snake: &str) -> Result<bool> {
        let wanted = format!(" {} ", snake.replace('_', " "));
        let mut folders: Vec<PathBuf> = ROOMS.iter().map(|room| self.root.join(room)).collect();
        while let Some(folder) = folders.pop() {
            let failed = |error| unreadable(&folder, &error);
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs")
                    && words(&read(&path)?).contains(&wanted)
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// A table of the workspace, as `dependencies`.
    pub(super) fn table(&self, name: &str) -> Result<&dyn toml_edit::TableLike> {
        let table = self.manifest.get("workspace").and_then(|workspace| workspace.get(name)?.as_table_like());
        table.ok_or_else(|| unexpected(&self.root.join("Cargo.toml"), &format!("[workspace.{name}]")))
    }
}

/// The words of a text in small letters, each between spaces. A capital after a small letter begins one, too.
fn words(text: &str) -> String {
    let mut words = String::from(" ");
    let mut after_small_letter = false;
    for letter in text.chars() {
        let begins = after_small_letter && letter.is_uppercase();
        if (begins || !letter.is_alphanumeric()) && !words.ends_with(' ') {
            words.push(' ');
        }
        if letter.is_alphanumeric() {
            words.extend(letter.to_lowercase());
        }
        after_small_letter = letter.is_lowercase();
    }
    words.push(' ');
    words
}

fn is_framework(manifest: &DocumentMut) -> bool {
    let core = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies")?.get(CORE)?.get("path")?.as_str());
    core == Some(CORE)
}

fn manifest(path: &Path) -> Result<DocumentMut> {
    parse(path, &read(path)?)
}

/// Reads a text file.
///
/// # Errors
/// `invalid_value` with its path.
pub(super) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> ConnectorError {
    ConnectorError::new(ErrorCode::InvalidValue, format!("{} cannot be read: {error}", path.display()))
}

/// Understands a file of TOML.
///
/// # Errors
/// `invalid_value` with its path.
pub(super) fn parse(path: &Path, text: &str) -> Result<DocumentMut> {
    text.parse().map_err(|error| {
        ConnectorError::new(ErrorCode::InvalidValue, format!("{} is not valid TOML", path.display()))
            .source(error)
    })
}

/// A file that is not cut as it should be.
pub(super) fn unexpected(path: &Path, missing: &str) -> ConnectorError {
    let message = format!("{} has no {missing}", path.display());
    ConnectorError::new(ErrorCode::InvalidValue, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_as_people_do() {
        assert_eq!(words("a NotesReader, acme_crm::X"), " a notes reader acme crm x ");
    }

    #[test]
    fn a_word_that_the_framework_uses_is_no_name_of_an_app() {
        let framework = Framework::find(None).unwrap();
        assert!(framework.speaks_of("stream").unwrap());
        assert!(framework.speaks_of("page_token").unwrap());
        // Put together here, since this file is one of the framework's.
        assert!(!framework.speaks_of(&["samo", "var"].concat()).unwrap());
    }
}
