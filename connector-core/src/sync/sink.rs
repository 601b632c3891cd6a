//! The traits between the engine and a database: where rows go and where cursors live.

use std::collections::BTreeMap;

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
}

/// A stream that is ready to be written.
pub struct OpenedStream {
    /// Takes the rows.
    pub writer: Box<dyn StreamWriter>,
    /// What earlier runs committed; default when the table is new or empty, since then nothing can be continued.
    pub state: StreamState,
    /// Columns that the table has, with their types.
    pub existing: Vec<(String, ColumnType)>,
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
}

/// Rows that are written together, each key once: of two rows with the same key the later one is kept.
#[derive(Debug, Default)]
pub struct Batch {
    rows: IndexMap<String, Row>,
    rejects: Vec<Reject>,
    columns: Vec<Column>,
    size: usize,
}

impl Batch {
    /// Adds a row.
    pub fn push(&mut self, row: Row) {
        self.size += row.size();
        self.rows.insert(row.key().to_owned(), row);
    }

    /// Adds a record that could not become a row.
    pub fn push_reject(&mut self, reject: Reject) {
        self.size += reject.payload.len();
        self.rejects.push(reject);
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

    /// Records that could not become rows.
    pub fn rejects(&self) -> &[Reject] {
        &self.rejects
    }

    /// Rough size in memory, in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.rejects.is_empty()
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
    /// Room for what later versions add; kept as it is.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
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
