//! The traits between the engine and a database: where rows go and where cursors live.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use super::batch::{Batch, Written};
use super::report::SyncReport;
use super::state::StreamState;
use super::stored::{CustomFieldView, ParentQuery, ParentRow, StoredDocument, StoredReject};
use crate::error::Result;
use crate::stream::{Column, ColumnType};

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
    /// The app's id of the account that is read; `None` where it is not known.
    pub account: Option<String>,
    /// When the run started.
    pub started_at: Timestamp,
    /// Read and compare, but write nothing: no table, no row, no run.
    pub dry_run: bool,
}

/// One run on one sink.
pub trait SinkRun: Send + Sync {
    /// Makes sure that the stream's table stands and has the columns, and hands out what writes to it.
    ///
    /// # Errors
    /// `conflict` when the table holds rows of another account than the run's.
    fn open_stream<'a>(&'a self, table: &'a Table) -> BoxFuture<'a, Result<OpenedStream>>;

    /// Whether somebody wants the run to end, in this process or any other.
    fn is_cancelled(&self) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async { Ok(false) })
    }

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
    /// The account that the table's rows are of, where it is known.
    pub account: Option<String>,
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

    /// Keys of live rows in the order of their keys, after a key, each as [`Row::key`](crate::stream::Row::key): of all
    /// rows, or of those that have these values (as text) in these columns.
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
