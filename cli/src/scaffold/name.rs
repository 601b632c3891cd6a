//! What the new connector is called, everywhere it has a name.

use std::path::Path;

use connector_core::integration::check_app_id;
use connector_core::{ConnectorError, ErrorCode, Result};

use super::framework::Framework;
use super::identifier;

/// With longer names the generated lines would no longer fit.
const LONGEST: usize = 30;

/// Crates that every program has, and names that cargo, Windows and PostgreSQL keep for themselves.
const TAKEN: &[&str] = &[
    "alloc",
    "aux",
    "build",
    "con",
    "core",
    "deps",
    "examples",
    "incremental",
    "main",
    "nul",
    "prn",
    "proc_macro",
    "public",
    "std",
    "test",
];

/// The name of an app: `acme_crm`.
#[derive(Debug)]
pub(super) struct Name(String);

impl Name {
    /// Checks what was typed, also against the crates of the framework.
    ///
    /// # Errors
    /// `invalid_value` or `conflict`, with a name that would do.
    pub(super) fn check(typed: &str, folder: &Path, framework: &Framework) -> Result<Self> {
        identifier::check("NAME", typed, LONGEST, "_app")?;
        let own = framework.member(folder);
        let name = Self(typed.to_owned());
        let is_taken = TAKEN.contains(&typed)
            || check_app_id(typed).is_err()
            || framework.packages()?.into_iter().any(|package| {
                (package == name.package() || package.replace('-', "_") == typed)
                    && own.as_deref() != Some(&*package)
            });
        if is_taken {
            let message = "NAME is taken: a crate, or a part of the system, is called that";
            return Err(ConnectorError::new(ErrorCode::Conflict, message).hint(format!(
                "use `{}_app`, or what the app's maker is called",
                typed.trim_start_matches("pg_")
            )));
        }
        Ok(name)
    }

    /// A name of which nothing is checked.
    #[cfg(test)]
    pub(super) fn unchecked(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The crate, and the id of the app: `acme_crm`.
    pub(super) fn snake(&self) -> &str {
        &self.0
    }

    /// The package: `acme-crm`.
    pub(super) fn package(&self) -> String {
        self.0.replace('_', "-")
    }

    /// The program: `acme-crm-connector`.
    pub(super) fn program(&self) -> String {
        format!("{}-connector", self.package())
    }

    /// What its variables in the environment begin with: `ACME_CRM`.
    pub(super) fn variable(&self) -> String {
        self.0.to_ascii_uppercase()
    }

    /// For people: `Acme crm`.
    pub(super) fn title(&self) -> String {
        title(&self.0)
    }
}

/// `acme_crm` as people write it.
pub(super) fn title(snake: &str) -> String {
    let mut title = snake.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}
