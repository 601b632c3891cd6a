//! How a batch reaches a table, whichever database holds it.
//!
//! ```text
//! ask which rows differ ─► begin ─► add columns ─► write them ─► rejects ─► state, if the lease still holds ─► commit
//!    (outside of it)        └────────────── any failure: nothing of this happened ──────────────────────┘
//! ```
//!
//! Three ways to write, from fast to patient, each the fallback of the one before:
//! 1. *hopeful*: the table was empty or the last batch was all new, so nothing is asked and all rows are inserted;
//! 2. *asked*: only rows that are new or differ are sent;
//! 3. *careful*: as before, but with savepoints, halving what the database refuses until the bad row is alone.

use std::collections::BTreeMap;
use std::future::Future;

use connector_core::stream::{Column, Row};
use connector_core::sync::{Batch, Reject, StreamState, StreamWriter, Written};
use connector_core::{ConnectorError, ErrorCode, Result};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::attempts::Attempts;
use crate::bisect::Halves;
use crate::fault::Class;
use crate::layout::{Layout, Names, TableColumn};
use crate::text::without_escaped_nul;

/// What a database does for the writer. Nothing here decides; the order of the calls is the writer's.
pub(crate) trait Session: Send {
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
    /// Gives the connection, on which nothing is under way, to whoever needs one next.
    fn hand_back(&mut self);
    /// How a new column is made.
    fn new_column(&self, column: &Column) -> TableColumn;
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
    /// Leaves out the values that a database may refuse: the last resort for a row that would be lost otherwise.
    bare: bool,
}

impl Sheet<'_> {
    /// What goes into the column at `index`.
    pub(crate) fn cell<'r>(&self, row: &'r Row, index: usize) -> Option<std::borrow::Cow<'r, str>> {
        if self.bare && self.layout.is_fragile(index) {
            None
        } else {
            self.layout.cell(row, index)
        }
    }
}

/// A reject and the key of its record, where it has one.
#[derive(Debug, Clone)]
pub(crate) struct KeyedReject {
    pub(crate) key: Option<String>,
    pub(crate) reject: Reject,
}

/// What a stream is before its first batch.
pub(crate) struct Opening {
    /// Name of the table, for messages.
    pub(crate) table: String,
    /// Columns of the key.
    pub(crate) key: Vec<String>,
    /// Columns that the table has, except our own; `None` when there is no table (dry run).
    pub(crate) existing: Option<Vec<TableColumn>>,
    /// Whether the table has no rows.
    pub(crate) is_empty: bool,
    /// The state in the database.
    pub(crate) state: Option<StreamState>,
    /// Compare only.
    pub(crate) dry_run: bool,
}

/// Writes the batches of one stream.
pub(crate) struct Writer<S: Session> {
    session: S,
    opening: Opening,
    layout: Layout,
    columns: Vec<Column>,
    /// All rows of the next batch are probably new.
    expects_new: bool,
    /// Number of the last batch; tells a retry whether the commit before it went through.
    batch: i64,
    /// Nothing is under way on the connection. False after a write that was cancelled or failed.
    is_settled: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Manner {
    Hopeful,
    Asked,
    Careful,
}

enum Failure {
    Database(sqlx::Error),
    /// The commit was sent and its answer did not arrive; what it would have done.
    Commit(sqlx::Error, Written),
    Refused(ConnectorError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Rows of a batch by what is to be done with them.
struct Sorted<'b> {
    new: Vec<&'b Row>,
    differing: Vec<&'b Row>,
    unchanged: u64,
}

impl<S: Session> Writer<S> {
    pub(crate) fn new(session: S, opening: Opening) -> Self {
        let expects_new = opening.is_empty;
        let (layout, columns) = Default::default();
        Self {
            session,
            opening,
            layout,
            columns,
            expects_new,
            batch: 0,
            is_settled: true,
        }
    }

    async fn write_batch(&mut self, batch: &Batch, state: &StreamState) -> Result<Written> {
        if !self.is_settled {
            self.session.disconnect();
        }
        self.is_settled = false;
        let written = if self.opening.dry_run {
            self.preview(batch)
                .await
                .map_err(|error| self.session.explain(error))?
        } else {
            self.write_until_done(batch, state).await?
        };
        self.is_settled = true;
        Ok(written)
    }

    async fn write_until_done(&mut self, batch: &Batch, state: &StreamState) -> Result<Written> {
        self.batch += 1;
        let mut manner = if self.expects_new {
            Manner::Hopeful
        } else {
            Manner::Asked
        };
        let mut attempts = Attempts::default();
        let mut unanswered = None;
        loop {
            let error = match self.attempt(batch, state, manner, &mut unanswered).await {
                Ok(written) => {
                    let rows = batch.rows().len() as u64;
                    self.expects_new = rows > 0 && written.inserted == rows;
                    return Ok(written);
                }
                Err(Failure::Refused(error)) => return Err(error),
                Err(Failure::Commit(error, written)) => {
                    unanswered = Some(written);
                    error
                }
                Err(Failure::Database(error)) => error,
            };
            manner = match self.session.class(&error) {
                Class::Duplicate if manner == Manner::Hopeful => Manner::Asked,
                Class::Duplicate | Class::Data if manner != Manner::Careful => Manner::Careful,
                Class::Transient if attempts.next().await => {
                    tracing::debug!(table = %self.opening.table, %error, "trying a batch again");
                    self.session.disconnect();
                    Manner::Asked.max(manner)
                }
                _ => {
                    return Err(self
                        .session
                        .explain(error)
                        .context(format!("writing {}", self.opening.table)));
                }
            };
            if self.session.rollback().await.is_err() {
                self.session.disconnect();
            }
        }
    }

    async fn attempt(
        &mut self,
        batch: &Batch,
        state: &StreamState,
        manner: Manner,
        unanswered: &mut Option<Written>,
    ) -> Result<Written, Failure> {
        if let Some(written) = *unanswered {
            if self.session.has_committed(self.batch).await? {
                self.opening.state = Some(state.clone());
                return Ok(written);
            }
            *unanswered = None;
        }
        let missing = self.missing_columns(batch);
        self.lay_out(batch, &missing);
        let sorted = self.sort(batch, manner).await?;
        let nothing_to_do = sorted.new.is_empty()
            && sorted.differing.is_empty()
            && batch.rejects().is_empty()
            && missing.is_empty()
            && self.opening.state.as_ref() == Some(state);
        if nothing_to_do {
            return Ok(Written {
                unchanged: sorted.unchanged,
                ..Written::default()
            });
        }

        let now = Timestamp::now().to_string();
        self.session.begin().await?;
        if !missing.is_empty() {
            self.session.add_columns(&missing).await?;
        }
        let mut rejects: Vec<_> = batch
            .rejects()
            .iter()
            .map(|reject| KeyedReject {
                key: None,
                reject: reject.clone(),
            })
            .collect();
        let mut written = Written {
            unchanged: sorted.unchanged,
            ..Written::default()
        };
        let sheet = Sheet {
            layout: &self.layout,
            now: &now,
            bare: false,
        };
        if manner == Manner::Careful {
            written.inserted = write_carefully(&mut self.session, sheet, &sorted.new, &mut rejects).await?;
            let sheet = Sheet {
                layout: &self.layout,
                now: &now,
                bare: false,
            };
            written.updated =
                write_carefully(&mut self.session, sheet, &sorted.differing, &mut rejects).await?;
        } else {
            if !sorted.new.is_empty() {
                self.session.insert(&sheet, &sorted.new).await?;
            }
            if !sorted.differing.is_empty() {
                self.session.upsert(&sheet, &sorted.differing).await?;
            }
            written.inserted = sorted.new.len() as u64;
            written.updated = sorted.differing.len() as u64;
        }
        written.rejected = rejects.len() as u64;
        if !rejects.is_empty() {
            self.session.reject(&rejects, &now).await?;
        }
        let json = serde_json::to_string(state).map_err(|error| {
            Failure::Refused(
                ConnectorError::new(ErrorCode::InternalError, "the state is no JSON").source(error),
            )
        })?;
        if !self
            .session
            .save_state(&without_escaped_nul(json), self.batch, &now)
            .await?
        {
            return Err(Failure::Refused(self.session.fenced_off()));
        }
        self.session
            .commit()
            .await
            .map_err(|error| Failure::Commit(error, written))?;
        if let Some(existing) = &mut self.opening.existing {
            existing.extend(missing);
        }
        self.opening.state = Some(state.clone());
        Ok(written)
    }

    /// Columns of the batch that the table does not have yet.
    fn missing_columns(&self, batch: &Batch) -> Vec<TableColumn> {
        let existing = self.opening.existing.as_deref().unwrap_or_default();
        let is_missing = |column: &&Column| {
            !existing
                .iter()
                .any(|known| S::NAMES.are_same(&known.name, &column.name))
        };
        batch
            .columns()
            .iter()
            .filter(is_missing)
            .map(|column| self.session.new_column(column))
            .collect()
    }

    fn lay_out(&mut self, batch: &Batch, missing: &[TableColumn]) {
        if self.columns != batch.columns() {
            let mut existing = self.opening.existing.clone().unwrap_or_default();
            existing.extend_from_slice(missing);
            self.layout = Layout::new(batch.columns(), &self.opening.key, &existing, S::NAMES);
            self.columns = batch.columns().to_vec();
            self.session.lay_out(&self.layout);
        }
    }

    async fn sort<'b>(&mut self, batch: &'b Batch, manner: Manner) -> Result<Sorted<'b>, Failure> {
        let mut rows: Vec<&Row> = batch.rows().collect();
        // Keys in order meet the index in order, and two writers the rows in the same order.
        rows.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        if manner == Manner::Hopeful || rows.is_empty() {
            return Ok(Sorted {
                new: rows,
                differing: Vec::new(),
                unchanged: 0,
            });
        }
        let comparison = match self.session.compare(&self.layout, &rows).await {
            // A key that cannot even be asked for: let the careful way find whose it is.
            Err(error) if manner == Manner::Careful && self.session.class(&error) == Class::Data => {
                self.session.disconnect();
                Comparison::default()
            }
            other => other?,
        };
        Ok(split(rows, &comparison))
    }

    async fn preview(&mut self, batch: &Batch) -> sqlx::Result<Written> {
        let rows = batch.rows().len() as u64;
        let mut written = Written {
            rejected: batch.rejects().len() as u64,
            ..Written::default()
        };
        if self.opening.existing.is_none() || rows == 0 {
            written.inserted = rows;
            return Ok(written);
        }
        let missing = self.missing_columns(batch);
        self.lay_out(batch, &missing);
        let rows: Vec<&Row> = batch.rows().collect();
        let comparison = self.session.compare(&self.layout, &rows).await?;
        let sorted = split(rows, &comparison);
        written.inserted = sorted.new.len() as u64;
        written.updated = sorted.differing.len() as u64;
        written.unchanged = sorted.unchanged;
        Ok(written)
    }
}

fn split<'b>(rows: Vec<&'b Row>, comparison: &Comparison) -> Sorted<'b> {
    #[derive(Clone, Copy)]
    enum Place {
        New,
        Differing,
        Unchanged,
    }
    let mut places = vec![Place::New; rows.len()];
    let mut mark = |positions: &[i32], place| {
        for position in positions {
            if let Some(slot) = usize::try_from(*position).ok().and_then(|at| places.get_mut(at)) {
                *slot = place;
            }
        }
    };
    mark(&comparison.differing, Place::Differing);
    mark(&comparison.unchanged, Place::Unchanged);
    let mut sorted = Sorted {
        new: Vec::new(),
        differing: Vec::new(),
        unchanged: 0,
    };
    for (row, place) in rows.into_iter().zip(&places) {
        match place {
            Place::New => sorted.new.push(row),
            Place::Differing => sorted.differing.push(row),
            Place::Unchanged => sorted.unchanged += 1,
        }
    }
    sorted
}

/// Writes what the database takes, and files the rest as rejects. Says how many rows landed.
async fn write_carefully<S: Session>(
    session: &mut S,
    sheet: Sheet<'_>,
    rows: &[&Row],
    rejects: &mut Vec<KeyedReject>,
) -> sqlx::Result<u64> {
    let bare = Sheet { bare: true, ..sheet };
    let whole = Sheet { bare: false, ..sheet };
    let mut landed = 0;
    let mut halves = Halves::new(rows);
    while let Some(part) = halves.next() {
        let Some(_) = try_upsert(session, &whole, part).await? else {
            landed += part.len() as u64;
            continue;
        };
        let Some(row) = halves.refused(part) else { continue };
        match try_upsert(session, &bare, &[row]).await? {
            None => landed += 1,
            Some(error) => rejects.push(refused_by_database(row, &error)),
        }
    }
    Ok(landed)
}

/// Upserts under a savepoint; hands back the error that the values of a row are to blame for.
async fn try_upsert<S: Session>(
    session: &mut S,
    sheet: &Sheet<'_>,
    rows: &[&Row],
) -> sqlx::Result<Option<sqlx::Error>> {
    session.savepoint().await?;
    let outcome = session.upsert(sheet, rows).await;
    match outcome {
        Ok(()) => session.leave_savepoint(true).await.map(|()| None),
        Err(error) if matches!(session.class(&error), Class::Data | Class::Duplicate) => {
            session.leave_savepoint(false).await?;
            Ok(Some(error))
        }
        Err(error) => Err(error),
    }
}

fn refused_by_database(row: &Row, error: &sqlx::Error) -> KeyedReject {
    let database = error.as_database_error();
    let message = database.map_or_else(|| error.to_string(), |error| error.message().to_owned());
    KeyedReject {
        key: Some(row.key().to_owned()),
        reject: Reject {
            payload: row.document().to_owned(),
            code: "database".to_owned(),
            reason: message,
            path: None,
        },
    }
}

impl<S: Session> StreamWriter for Writer<S> {
    fn write<'a>(&'a mut self, batch: Batch, state: &'a StreamState) -> BoxFuture<'a, Result<Written>> {
        Box::pin(async move { self.write_batch(&batch, state).await })
    }
}

impl<S: Session> Drop for Writer<S> {
    fn drop(&mut self) {
        if self.is_settled {
            self.session.hand_back();
        }
    }
}

/// Rejects by the digest of their payload, each once: the last one said why.
pub(crate) fn distinct_rejects(rejects: &[KeyedReject]) -> Vec<([u8; 16], &KeyedReject)> {
    let digest = |reject: &KeyedReject| {
        let digest = Sha256::digest(reject.reject.payload.as_bytes());
        digest[..16].try_into().expect("a SHA-256 digest has 32 bytes")
    };
    rejects
        .iter()
        .map(|reject| (digest(reject), reject))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .collect()
}
