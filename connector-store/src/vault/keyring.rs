//! Which keys a store's vault uses: those that it was given, else, for SQLite, the one beside the database.

use std::path::PathBuf;

use connector_core::{ConnectorError, ErrorCode, Result};

use super::key::key_file;
use super::{VaultKey, VaultKeys};

/// Finds the vault's keys when they are first needed.
pub(crate) struct Keyring {
    given: VaultKeys,
    database: Option<PathBuf>,
}

impl Keyring {
    /// `database` is the SQLite file that a key may lie beside.
    pub(crate) fn new(given: VaultKeys, database: Option<PathBuf>) -> Self {
        Self { given, database }
    }

    /// The key to seal with; the file beside an SQLite database is made if need be.
    pub(crate) fn for_sealing(&self) -> Result<VaultKey> {
        match (self.given.current(), &self.database) {
            (Some(key), _) => Ok(key.clone()),
            (None, Some(database)) => VaultKey::for_sqlite(database),
            (None, None) => Err(missing()),
        }
    }

    /// The keys to open with. A lost file is not made anew: the new key would open nothing.
    pub(crate) fn for_opening(&self) -> Result<VaultKeys> {
        let present = self.present()?;
        match &self.database {
            _ if present.current().is_some() || present.older().next().is_some() => Ok(present),
            Some(database) => VaultKey::from_file(&key_file(database)).map(VaultKeys::from),
            None => Err(missing()),
        }
    }

    /// The keys that are there, maybe none.
    pub(crate) fn present(&self) -> Result<VaultKeys> {
        let keys = self.given.clone();
        match (keys.current(), &self.database) {
            (None, Some(database)) => Ok(match VaultKey::from_file_if_any(&key_file(database))? {
                Some(key) => keys.with_current(key),
                None => keys,
            }),
            _ => Ok(keys),
        }
    }

    /// Where the key to seal with comes from, for people.
    pub(crate) fn source(&self) -> Option<String> {
        let beside = || self.database.as_deref().map(|database| key_file(database).display().to_string());
        self.given.source().map(str::to_owned).or_else(beside)
    }
}

pub(crate) fn missing() -> ConnectorError {
    ConnectorError::misconfigured(
        ErrorCode::IntegrationMissingParameter,
        "connections in PostgreSQL are sealed, and there is no vault key: set CONNECTOR_VAULT_KEY, \
         CONNECTOR_VAULT_KEY_FILE or CONNECTOR_VAULT_KEY_COMMAND",
    )
    .hint("make a key with: openssl rand -base64 32")
}
