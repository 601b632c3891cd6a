//! Which key a store's vault uses: the one it was given, else, for SQLite, the one beside the database.

use std::path::PathBuf;

use connector_core::{ConnectorError, ErrorCode, Result};

use super::VaultKey;
use super::key::key_file;

/// Finds the vault's key when it is first needed.
pub(crate) struct Keyring {
    given: Option<VaultKey>,
    database: Option<PathBuf>,
}

impl Keyring {
    /// `database` is the SQLite file that a key may lie beside.
    pub(crate) fn new(given: Option<VaultKey>, database: Option<PathBuf>) -> Self {
        Self { given, database }
    }

    /// The key to seal with; the file beside an SQLite database is made if need be.
    pub(crate) fn for_sealing(&self) -> Result<VaultKey> {
        match (&self.given, &self.database) {
            (Some(key), _) => Ok(key.clone()),
            (None, Some(database)) => VaultKey::for_sqlite(database),
            (None, None) => Err(missing()),
        }
    }

    /// The key to open with. A lost file is not made anew: the new key would open nothing.
    pub(crate) fn for_opening(&self) -> Result<VaultKey> {
        match (&self.given, &self.database) {
            (None, Some(database)) => VaultKey::from_file(&key_file(database)),
            _ => self.for_sealing(),
        }
    }
}

pub(crate) fn missing() -> ConnectorError {
    ConnectorError::misconfigured(
        ErrorCode::IntegrationMissingParameter,
        "connections in PostgreSQL are sealed, and there is no vault key: set CONNECTOR_VAULT_KEY or \
         CONNECTOR_VAULT_KEY_FILE",
    )
    .hint("make a key with: openssl rand -base64 32")
}
