//! Sealed rows of any table, as rekeying and counting see them.

use connector_core::Result;
use connector_core::oauth::ConnectionKey;

use super::seal::Place;
use crate::authorizations;

/// A table with sealed rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SealedTable {
    Connections,
    Authorizations,
    Secrets,
}

impl SealedTable {
    pub(crate) const ALL: [Self; 3] = [Self::Connections, Self::Authorizations, Self::Secrets];

    /// What one row is called.
    pub(crate) const fn singular(self) -> &'static str {
        match self {
            Self::Connections => "connection",
            Self::Authorizations => "authorization",
            Self::Secrets => "secret",
        }
    }
}

/// Which sealed row.
#[derive(Debug, Clone)]
pub(crate) struct RowId {
    pub(crate) table: SealedTable,
    pub(crate) app_id: String,
    /// Name of the connection.
    pub(crate) name: String,
    /// The purpose of a secret, the digest of an authorization's state in hexadecimal digits.
    pub(crate) detail: String,
}

impl RowId {
    pub(crate) fn of_secret(connection: &ConnectionKey, purpose: &str) -> Self {
        Self {
            table: SealedTable::Secrets,
            app_id: connection.app_id.clone(),
            name: connection.name.clone(),
            detail: purpose.to_owned(),
        }
    }

    /// Whose place its fields are sealed in, and their names.
    fn home(&self) -> (ConnectionKey, Vec<String>) {
        let connection = || ConnectionKey { app_id: self.app_id.clone(), name: self.name.clone() };
        match self.table {
            SealedTable::Connections => (connection(), vec!["tokens".to_owned(), "settings".to_owned()]),
            SealedTable::Authorizations => (
                authorizations::place(&self.app_id, &bytes(&self.detail)),
                vec![authorizations::FIELD.to_owned()],
            ),
            SealedTable::Secrets => (connection(), vec![format!("secret for {}", self.detail)]),
        }
    }

    /// Does something with each sealed field in its place.
    pub(crate) fn each<T>(
        &self,
        content: &SealedContent,
        mut work: impl FnMut(&Place<'_>, &[u8]) -> Result<T>,
    ) -> Result<Vec<T>> {
        let (id, fields) = self.home();
        let sealed = fields.iter().zip(&content.fields);
        sealed
            .map(|(field, sealed)| {
                let generation = content.generation;
                work(&Place { id: &id, field, generation }, sealed)
            })
            .collect()
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks_exact(2);
    let byte = |pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    digits.filter_map(byte).collect()
}

/// What is sealed in a row.
pub(crate) struct SealedContent {
    pub(crate) key_id: String,
    pub(crate) generation: i64,
    pub(crate) fields: Vec<Vec<u8>>,
}

/// Columns of a sealed row: id of the key, generation, first field, second field where there is one.
pub(crate) type ContentRow = (String, i64, Vec<u8>, Option<Vec<u8>>);

impl From<ContentRow> for SealedContent {
    fn from((key_id, generation, first, second): ContentRow) -> Self {
        Self { key_id, generation, fields: std::iter::once(first).chain(second).collect() }
    }
}

/// Rows of a table that were sealed with one key: id of the key, how many.
pub(crate) type CountRow = (String, i64);

/// A database's sealed rows. Authorizations that nobody can come back to any more are none of them.
pub(crate) trait SealedRows {
    /// All rows of a table.
    async fn ids(&self, table: SealedTable) -> Result<Vec<RowId>>;

    /// How many of them were sealed with which key.
    async fn counts(&self, table: SealedTable) -> Result<Vec<CountRow>>;

    /// What is sealed in a row; `None` when it is gone.
    async fn content(&self, id: &RowId) -> Result<Option<SealedContent>>;

    /// Puts other sealed fields in the place of these, durably; `false` when the row is another by now.
    async fn replace(&self, id: &RowId, was: &SealedContent, new: &SealedContent) -> Result<bool>;

    /// Adds a secret, unless there is one.
    async fn add_secret(&self, id: &RowId, content: &SealedContent) -> Result<()>;
}
