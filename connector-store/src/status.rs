//! What the `status` command shows of a store.

use connector_core::sync::{StreamState, SyncReport};
use connector_core::{ConnectorError, ErrorCode, Result};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::documents::{name_in, table_name_in};

/// Status of a run that is under way, as recorded.
pub(crate) const RUNNING: &str = "running";
/// Status of a run that was killed.
pub(crate) const INTERRUPTED: &str = "interrupted";

/// Which runs are wanted.
#[derive(Debug, Clone)]
pub struct RunQuery {
    /// Of these connections only.
    pub connections: Option<Vec<String>>,
    /// With this id only.
    pub run_id: Option<Uuid>,
    /// At most so many.
    pub most: u32,
}

impl Default for RunQuery {
    fn default() -> Self {
        Self { connections: None, run_id: None, most: 100 }
    }
}

/// Which streams are wanted.
#[derive(Debug, Clone)]
pub struct StreamQuery {
    /// Of these connections only.
    pub connections: Option<Vec<String>>,
    /// After this one: its connection, schema and name as stored.
    pub after: Option<(String, String, String)>,
    /// At most so many.
    pub most: u32,
    /// How their rows are counted.
    pub counting: Counting,
}

impl Default for StreamQuery {
    fn default() -> Self {
        Self { connections: None, after: None, most: u32::MAX, counting: Counting::Exact }
    }
}

/// How rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// One by one, however many there are.
    Exact,
    /// One by one up to 50,000; what the database thinks beyond that, which costs nothing.
    Bounded,
}

/// Tables with more rows are estimated where rows are counted at a bounded cost.
pub(crate) const MOST_COUNTED: i64 = 50_000;

/// The rows of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) live: i64,
    /// Where it is known.
    pub(crate) deleted: Option<i64>,
    pub(crate) are_estimated: bool,
}

impl Counts {
    /// Rows that were counted: those that live, and those that are marked as deleted.
    pub(crate) fn counted((live, deleted): (i64, i64)) -> Self {
        Self { live, deleted: Some(deleted), are_estimated: false }
    }
}

/// A connection that something was ever written of, whether its tokens are in the vault or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncedConnection {
    /// Its name.
    pub connection: String,
    /// Streams with rows of it.
    pub streams: u64,
    /// When something of it was last written.
    pub updated_at: Timestamp,
    /// How its last run ended; `None` when it is not known any more.
    pub last_status: Option<String>,
}

/// A run, as recorded.
#[derive(Debug, Clone, Serialize)]
pub struct RunSummary {
    /// Its id, as in `_run_id` of the rows that it wrote.
    pub run_id: Uuid,
    /// Id of the integration.
    pub app_id: String,
    /// Name of the connection.
    pub connection: String,
    /// The schema that was written to; empty in SQLite.
    pub schema: String,
    /// `running`, or how it ended: a status of the report, `interrupted` also for a run that was killed.
    pub status: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Its report; absent while it runs, when it was killed, and when a later version wrote it.
    pub report: Option<SyncReport>,
}

/// A stream, as stored.
#[derive(Debug, Clone, Serialize)]
pub struct StreamSummary {
    /// Name of the connection.
    pub connection: String,
    /// The schema of its table; empty in SQLite.
    pub schema: String,
    /// Its name, and its table's; in the layout `documents` its name, an `@` and the table's.
    pub stream: String,
    /// Where the next run continues.
    pub state: StreamState,
    /// When something of it was last written.
    pub updated_at: Timestamp,
    /// Rows that are not deleted; absent when the table is gone or may not be read.
    pub rows: Option<u64>,
    /// Rows marked as deleted; absent too where they would have to be counted.
    pub deleted: Option<u64>,
    /// The table is large, and its rows were not counted one by one.
    pub rows_are_estimated: bool,
    /// Records in the rejects.
    pub rejected: u64,
}

impl StreamSummary {
    /// Name of the stream, whichever layout it is stored in.
    pub fn name(&self) -> &str {
        name_in(&self.stream)
    }

    /// Its table in the layout `documents`, with the schema in front where it has one of its own; `None` in the layout
    /// `tables`.
    pub fn document_table(&self) -> Option<&str> {
        table_name_in(&self.stream)
    }
}

/// An instant as a database wrote it.
pub(crate) fn instant(text: &str) -> Result<Timestamp> {
    text.parse().map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, format!("the store has no instant in `{text}`"))
            .source(error)
    })
}

/// A row with a run: its id, app, connection, schema, status, start, end, report.
pub(crate) type RunRow = (String, String, String, String, String, String, Option<String>, Option<String>);

/// A row with a stream: connection, schema, name, state, last change, number of rejects.
pub(crate) type StreamRow = (String, String, String, String, String, i64);

/// A row with a connection: its name, number of streams, last change, status of the last run.
pub(crate) type SyncedRow = (String, i64, String, Option<String>);

pub(crate) fn synced((connection, streams, updated_at, last_status): SyncedRow) -> Result<SyncedConnection> {
    let (streams, updated_at) = (streams.unsigned_abs(), instant(&updated_at)?);
    Ok(SyncedConnection { connection, streams, updated_at, last_status })
}

pub(crate) fn run(row: RunRow) -> Result<RunSummary> {
    let (run_id, app_id, connection, schema, status, started_at, finished_at, report) = row;
    Ok(RunSummary {
        run_id: Uuid::try_parse(&run_id).map_err(|error| {
            ConnectorError::new(ErrorCode::InternalError, format!("`{run_id}` is no id of a run"))
                .source(error)
        })?,
        app_id,
        connection,
        schema,
        status,
        started_at: instant(&started_at)?,
        finished_at: finished_at.map(|text| instant(&text)).transpose()?,
        report: report.and_then(|report| serde_json::from_str(&report).ok()),
    })
}

/// `counts` are the rows of the stream's table, if it can be read.
pub(crate) fn stream(row: StreamRow, counts: Option<Counts>) -> Result<StreamSummary> {
    let (connection, schema, stream, state, updated_at, rejected) = row;
    Ok(StreamSummary {
        connection,
        schema,
        stream,
        state: serde_json::from_str(&state).unwrap_or_default(),
        updated_at: instant(&updated_at)?,
        rows: counts.map(|counts| counts.live.unsigned_abs()),
        deleted: counts.and_then(|counts| counts.deleted).map(i64::unsigned_abs),
        rows_are_estimated: counts.is_some_and(|counts| counts.are_estimated),
        rejected: rejected.unsigned_abs(),
    })
}
