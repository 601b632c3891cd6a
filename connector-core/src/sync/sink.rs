//! The traits between the engine and a database: where rows go and where cursors live.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::report::SyncReport;
use crate::error::Result;
use crate::stream::{Column, ColumnType, Row};

/// A database that takes records.
///
/// Implementations keep two promises: rows and the stream's state are committed in one transaction, and a run whose
/// lease was taken over by another run commits nothing more.
pub trait Sink: Send + Sync {
    /// Starts a run: takes the lease on the connection, records the run.
    ///
    /// # Errors
    /// `conflict` when another run holds the lease.
    fn begin<'a>(&'a self, run: &'a RunStart) -> BoxFuture<'a, Result<Box<dyn SinkRun>>>;
}

/// What a run is, told when it starts.
#[derive(Debug, Clone)]
pub struct RunStart {
    /// Fresh for every run.
    pub run_id: Uuid,
    /// Id of the integration.
    pub app_id: String,
    /// Name of the connection that is read.
    pub connection: String,
    /// When the run started.
    pub started_at: Timestamp,
    /// Read and compare, but write nothing: no table, no row, no run.
    pub dry_run: bool,
}

/// One run on one sink.
pub trait SinkRun: Send + Sync {
    /// Makes sure that the stream's table stands and has the columns, and hands out what writes to it.
    fn open_stream<'a>(&'a self, table: &'a Table) -> BoxFuture<'a, Result<OpenedStream>>;

    /// Live rows of a table in the order in which they were last written, after a mark. Empty when there is no table.
    fn parents<'a>(&'a self, query: &'a ParentQuery) -> BoxFuture<'a, Result<Vec<ParentRow>>>;

    /// Documents of a stream's live rows in the order of their keys, after a key. Empty when there is no table.
    fn documents<'a>(
        &'a self,
        table: &'a Table,
        after: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredDocument>>>;

    /// Rejects of a stream, oldest first, after an id.
    fn rejects<'a>(
        &'a self,
        table: &'a Table,
        after: i64,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredReject>>>;

    /// Makes a view that shows custom fields as columns, in the place of an older one. `false` when the one that stands
    /// is the same.
    fn create_view<'a>(&'a self, view: &'a CustomFieldView) -> BoxFuture<'a, Result<bool>>;

    /// Records how the run ended and gives the lease back.
    fn finish<'a>(&'a self, report: &'a SyncReport) -> BoxFuture<'a, Result<()>>;
}

/// The table of a stream, as declared.
#[derive(Debug, Clone)]
pub struct Table {
    /// Name of the stream, which is the name of the table.
    pub name: String,
    /// Columns of the primary key, in order.
    pub key: Vec<String>,
    /// Declared columns, the key among them.
    pub columns: Vec<Column>,
    /// Tables of the lists inside the records; none unless they were asked for.
    pub children: Vec<ChildTable>,
}

/// A table with the items of a list inside the records: `<parent>_<name>`, keyed by the parent's key, whose columns
/// carry the parent's singular in front (`company_id`), and `position`, from 0.
#[derive(Debug, Clone)]
pub struct ChildTable {
    /// Name of the table.
    pub name: String,
    /// Columns that hold the parent's key, in the order of the parent's key.
    pub parent_key: Vec<String>,
    /// Columns of the items, without key and position; all can be null.
    pub columns: Vec<Column>,
    /// The fields of the record that lead to the items; lists on the way are flattened.
    pub path: Vec<String>,
}

/// Which parents are wanted.
#[derive(Debug, Clone)]
pub struct ParentQuery {
    /// Name of the parents' table.
    pub table: String,
    /// Column that is wanted.
    pub id: String,
    /// Only rows with this value in this column.
    pub only: Option<(String, String)>,
    /// Where an earlier query ended.
    pub after: Option<ParentMark>,
    /// Rows, at most.
    pub most: u32,
}

/// A row among the parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentRow {
    /// The wanted column, as text.
    pub id: String,
    /// Where a later query goes on after this row.
    pub mark: ParentMark,
}

/// A place among the parents, in the order of writing: rows that are written later come after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentMark {
    /// When the row was written, in the database's own words.
    pub written_at: String,
    /// The wanted column of the row.
    pub id: String,
}

/// A live row's document.
#[derive(Debug, Clone)]
pub struct StoredDocument {
    /// Key of the row, as [`Row::key`].
    pub key: String,
    /// The record, as JSON.
    pub document: String,
}

/// A record that an earlier run could not store.
#[derive(Debug, Clone)]
pub struct StoredReject {
    /// Its number in the store.
    pub id: i64,
    /// Key of the row that it would have been, if it got so far.
    pub key: Option<String>,
    /// What was rejected, and why.
    pub reject: Reject,
    /// When it was rejected last.
    pub seen_at: Timestamp,
    /// A row with its key was written since: it needs no further attempt.
    pub superseded: bool,
}

/// A view over a stream's table with one more column for each custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomFieldView {
    /// Name of the view.
    pub name: String,
    /// Name of the stream's table.
    pub table: String,
    /// Column of the table that holds the values, as a list of `{definition: {id}, value}`.
    pub source: String,
    /// The columns, in order; their names are unique and not those of the table.
    pub columns: Vec<CustomFieldColumn>,
}

/// One custom field as a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomFieldColumn {
    /// Name of the column.
    pub name: String,
    /// Id of the definition.
    pub definition: String,
    /// What the column holds. A value that does not fit is null; the raw one stays in `source`.
    pub kind: ColumnType,
    /// Member of the value that is shown where the value is an object: the `amount` of money, the `id` of a relation.
    pub member: Option<&'static str>,
}

/// A stream that is ready to be written.
pub struct OpenedStream {
    /// Takes the rows.
    pub writer: Box<dyn StreamWriter>,
    /// What earlier runs committed; default when the table is new or empty, since then nothing can be continued.
    pub state: StreamState,
    /// Columns that the table has, with their types.
    pub existing: Vec<(String, ColumnType)>,
    /// Another connection that writes to the same table, if there is one: rows that this one does not see may be its.
    pub shared_with: Option<String>,
}

/// Writes the rows of one stream.
pub trait StreamWriter: Send {
    /// Writes a batch and, in the same transaction, the state.
    ///
    /// A row that the database refuses goes to the rejects, alone; the others land.
    ///
    /// # Errors
    /// Then nothing of the batch is written, rejects included.
    fn write<'a>(&'a mut self, batch: Batch, state: &'a StreamState) -> BoxFuture<'a, Result<Written>>;

    /// How the rows of a batch, in order, stand to what is stored. Writes nothing.
    fn compare<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Standing>>>;

    /// The same by their contents: documents and columns as they are stored, whatever their digests say. What the
    /// database cannot hold of a row, and was stored without, makes no difference.
    fn compare_contents<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Standing>>>;

    /// Keys of live rows in the order of their keys, after a key, each as [`Row::key`]: of all rows, or of those that
    /// have these values (as text) in these columns.
    fn live_keys<'a>(
        &'a mut self,
        within: &'a [(String, String)],
        after: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<String>>>;
}

/// How a row stands to what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is none with its key.
    Missing,
    /// There is one with other content, or one that is marked as deleted.
    Different,
    /// It is there as it is.
    Same,
}

/// Rows that are written together, each key once: of two rows with the same key the later one is kept.
#[derive(Debug, Default)]
pub struct Batch {
    rows: IndexMap<String, Row>,
    rewritten: HashSet<String>,
    rejects: Vec<Reject>,
    deleted: Vec<String>,
    resolved: Vec<i64>,
    columns: Vec<Column>,
    size: usize,
}

impl Batch {
    /// Adds a row.
    pub fn push(&mut self, row: Row) {
        self.size += row.size();
        self.rows.insert(row.key().to_owned(), row);
    }

    /// Has the row with this key written also where its digest says that it is there as it is.
    pub fn rewrite(&mut self, key: String) {
        self.rewritten.insert(key);
    }

    /// Whether a row is written whatever its digest says.
    pub fn is_rewritten(&self, row: &Row) -> bool {
        !self.rewritten.is_empty() && self.rewritten.contains(row.key())
    }

    /// Adds a record that could not become a row.
    pub fn push_reject(&mut self, reject: Reject) {
        self.size += reject.payload.len();
        self.rejects.push(reject);
    }

    /// Marks the row with this key, as [`Row::key`], as deleted. A row of this batch that has it stays live.
    pub fn push_deleted(&mut self, key: String) {
        self.size += key.len();
        self.deleted.push(key);
    }

    /// Removes a reject of the store that was dealt with, unless this batch rejects the same record again.
    pub fn push_resolved(&mut self, reject: i64) {
        self.resolved.push(reject);
    }

    /// Tells the columns that the rows' cells stand for, in order; later batches may have more.
    pub fn set_columns(&mut self, columns: &[Column]) {
        if self.columns.len() != columns.len() {
            self.columns = columns.to_vec();
        }
    }

    /// The columns that the rows' cells stand for. A row may have fewer cells: the rest is null.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The rows, each key once, in the order of their first appearance.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.values()
    }

    /// Takes the rows out.
    pub(super) fn take_rows(&mut self) -> impl Iterator<Item = Row> + use<> {
        std::mem::take(&mut self.rows).into_values()
    }

    /// Tells columns that replace those known so far.
    pub(super) fn replace_columns(&mut self, columns: &[Column]) {
        self.columns = columns.to_vec();
    }

    /// Records that could not become rows.
    pub fn rejects(&self) -> &[Reject] {
        &self.rejects
    }

    /// Keys of rows that are to be marked as deleted.
    pub fn deleted(&self) -> impl Iterator<Item = &str> {
        self.deleted.iter().map(String::as_str).filter(|key| !self.rows.contains_key(*key))
    }

    /// Rejects of the store that were dealt with.
    pub fn resolved(&self) -> &[i64] {
        &self.resolved
    }

    /// Rough size in memory, in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.rejects.is_empty() && self.deleted.is_empty() && self.resolved.is_empty()
    }
}

/// A record that cannot be stored, kept for people to look at.
#[derive(Debug, Clone)]
pub struct Reject {
    /// The record as it was sent.
    pub payload: String,
    /// Machine-readable reason: `missing_key`, `not_an_object`, `database`.
    pub code: String,
    /// The reason in words.
    pub reason: String,
    /// The field or column at fault, if one is known.
    pub path: Option<String>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows that were new.
    pub inserted: u64,
    /// Rows whose content differed, or that had been deleted before.
    pub updated: u64,
    /// Rows that were there already, as they are; not touched.
    pub unchanged: u64,
    /// Records that went to the rejects.
    pub rejected: u64,
    /// Rows that were marked as deleted, and were not before.
    pub deleted: u64,
    /// Rows among the inserted and updated that the database holds without some of their characters or values, since
    /// it refused them.
    pub adjusted: u64,
}

/// Where a stream stands: what the next run continues from. Stored with the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamState {
    /// Changes since this instant have not been read. Set by complete reads only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Timestamp>,
    /// Start of the last complete read of everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_read_at: Option<Timestamp>,
    /// A read that has not finished yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<UnfinishedRead>,
    /// Parents whose children were read, by kind of parent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parents: BTreeMap<String, ParentProgress>,
    /// Whether records are completed one by one. Stays as somebody chose it once: rows would lose what they have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub details: bool,
    /// Whether lists inside the records have tables of their own; stays likewise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub children: bool,
    /// Room for what later versions add; kept as it is.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

/// How far the children of one kind of parent have been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentProgress {
    /// Children of the parents up to here have been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<ParentMark>,
    /// When the last round over all parents began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_at: Option<Timestamp>,
}

/// A read that was interrupted, or is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedRead {
    /// When the read started, by the app's clock.
    pub started_at: Timestamp,
    /// Whether it reads everything.
    pub full: bool,
    /// Everything before this value of the walk's sort field is stored. Absent where a read can only start over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Timestamp>,
}
