//! What a database does for the writer of a stream, and what passes between the two.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;

use connector_core::ConnectorError;
use connector_core::stream::{Column, Row};
use connector_core::sync::Reject;
use sha2::{Digest, Sha256};

use crate::contents::ContentSession;
use crate::fault::Class;
use crate::items::ItemSession;
use crate::keys::KeyedSession;
use crate::layout::{Layout, Names, TableColumn};
use crate::text::storable;

/// What a database does for the writer. Nothing here decides; the order of the calls is the writer's.
pub(crate) trait Session: KeyedSession + ItemSession + ContentSession {
    /// How the database compares names of columns.
    const NAMES: Names;

    /// Learns where the cells of the coming rows go.
    fn lay_out(&mut self, layout: &Layout);
    /// Finds the rows that the table has.
    fn compare(
        &mut self,
        layout: &Layout,
        rows: &[&Row],
    ) -> impl Future<Output = sqlx::Result<Comparison>> + Send;
    /// Begins the transaction.
    fn begin(&mut self) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Looks, within the transaction and with everybody else kept from doing so, whether others committed rows of another
    /// account to the table, and tells whose they are.
    fn account_of_others(&mut self) -> impl Future<Output = sqlx::Result<Option<String>>> + Send;
    /// Adds columns to the table.
    fn add_columns(&mut self, columns: &[TableColumn]) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Writes rows whose keys the table does not have.
    fn insert(&mut self, sheet: &Sheet<'_>, rows: &[&Row]) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Writes rows, over those of the same key.
    fn upsert(&mut self, sheet: &Sheet<'_>, rows: &[&Row]) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Sets the savepoint.
    fn savepoint(&mut self) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Keeps what was done since the savepoint, or undoes it.
    fn leave_savepoint(&mut self, keep: bool) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Files rejects.
    fn reject(&mut self, rejects: &[KeyedReject], now: &str)
    -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Removes rejects of the stream, by their numbers.
    fn remove_rejects(&mut self, rejects: &[i64]) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Writes the stream's state; `false` when the lease was taken over.
    fn save_state(
        &mut self,
        state: &str,
        batch: i64,
        now: &str,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;
    /// Commits.
    fn commit(&mut self) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Undoes the transaction.
    fn rollback(&mut self) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Whether `batch` of this run was committed.
    fn has_committed(&mut self, batch: i64) -> impl Future<Output = sqlx::Result<bool>> + Send;
    /// Drops the connection, and with it whatever was under way.
    fn disconnect(&mut self);
    /// How a new column is made.
    fn new_column(&self, column: &Column) -> TableColumn;
    /// The account that is read, where it is known.
    fn account(&self) -> Option<&str>;
    /// The error of a run whose lease was taken over.
    fn fenced_off(&self) -> ConnectorError;
    /// What an error means for the batch.
    fn class(&self, error: &sqlx::Error) -> Class;
    /// The error for outside.
    fn explain(&self, error: sqlx::Error) -> ConnectorError;
}

/// Which rows of a batch the table has, by their position in the batch.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// There with the same content, and not deleted.
    pub(crate) unchanged: Vec<i32>,
    /// There with other content, or deleted.
    pub(crate) differing: Vec<i32>,
}

/// What goes into the columns of the rows written now.
pub(crate) struct Sheet<'a> {
    pub(crate) layout: &'a Layout,
    /// When the rows are written.
    pub(crate) now: &'a str,
    /// What is done to values that a database may refuse.
    pub(crate) relief: Relief,
}

/// What is done to the values of a row that would be lost otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relief {
    /// Nothing.
    None,
    /// Characters that PostgreSQL cannot hold become U+FFFD.
    Characters,
    /// That, and timestamps, dates, numbers and columns of types that are not ours are left out.
    Values,
}

impl Relief {
    /// What of a cell's text goes into the column at `index`.
    pub(crate) fn cell<'t>(self, layout: &Layout, index: usize, text: &'t str) -> Option<Cow<'t, str>> {
        match self {
            Self::None => layout.fitted(index, text),
            Self::Values if layout.is_fragile(index) => None,
            _ => layout.fitted(index, text).map(|text| storable(&text).into_owned().into()),
        }
    }

    /// What of a document goes into `_doc`.
    pub(crate) fn document(self, json: &str) -> Cow<'_, str> {
        if self == Self::None { Cow::Borrowed(json) } else { storable(json) }
    }
}

impl Sheet<'_> {
    /// What goes into the column at `index`.
    pub(crate) fn cell<'r>(&self, row: &'r Row, index: usize) -> Option<Cow<'r, str>> {
        self.relief.cell(self.layout, index, row.cell(index)?)
    }

    /// What goes into `_doc`.
    pub(crate) fn document<'r>(&self, row: &'r Row) -> Cow<'r, str> {
        self.relief.document(row.document())
    }
}

/// A reject and the key of its record, where it has one.
#[derive(Debug, Clone)]
pub(crate) struct KeyedReject {
    pub(crate) key: Option<String>,
    pub(crate) reject: Reject,
}

/// Rejects by the digest of their payload, each once: the last one said why.
pub(crate) fn distinct_rejects(rejects: &[KeyedReject]) -> Vec<([u8; 16], &KeyedReject)> {
    let digest = |reject: &KeyedReject| {
        let digest = Sha256::digest(reject.reject.payload.as_bytes());
        digest[..16].try_into().expect("a SHA-256 digest has 32 bytes")
    };
    rejects.iter().map(|reject| (digest(reject), reject)).collect::<BTreeMap<_, _>>().into_iter().collect()
}
