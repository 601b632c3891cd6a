//! How a batch reaches a table, whichever database holds it.
//!
//! ```text
//! ask which rows differ ─► begin ─► add columns ─► delete, write ─► rejects ─► state, if the lease holds ─► commit
//!    (outside of it)        └────────────── any failure: nothing of this happened ────────────────────┘
//! ```
//!
//! Three ways to write, from fast to patient, each the fallback of the one before:
//! 1. *hopeful*: the table was empty or the last batch was all new, so nothing is asked and all rows are inserted;
//! 2. *asked*: only rows that are new or differ are sent;
//! 3. *careful*: as before, but with savepoints, halving what the database refuses until the bad row is alone.

use connector_core::stream::Column;
use connector_core::sync::{
    Batch, OpenedStream, Standing, StreamState, StreamWriter, Written, other_account,
};
use connector_core::{ConnectorError, ErrorCode, Result};
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::attempts::Attempts;
use crate::careful::write_carefully;
use crate::fault::Class;
use crate::items::ItemTable;
use crate::keys::Key;
use crate::layout::{Layout, TableColumn};
use crate::plain::{Work, write_plainly};
use crate::session::{KeyedReject, Relief, Session, Sheet};
use crate::text::without_escaped_nul;
use asking::{Measure, deleted_keys};
use paging::Paging;

/// What a stream is before its first batch.
pub(crate) struct Opening {
    /// Name of the table, for messages.
    pub(crate) table: String,
    /// Columns of the key.
    pub(crate) key: Vec<String>,
    /// Columns that the table has, except our own; `None` when there is no table (dry run).
    pub(crate) existing: Option<Vec<TableColumn>>,
    /// Whether fields have columns of their own; else all is in the document.
    pub(crate) has_columns: bool,
    /// Tables of the lists inside the rows; none in a dry run.
    pub(crate) item_tables: Vec<ItemTable>,
    /// Whether the table has no rows.
    pub(crate) is_empty: bool,
    /// The state in the database.
    pub(crate) state: Option<StreamState>,
    /// Another connection that writes to the table.
    pub(crate) shared_with: Option<String>,
    /// The account that the table's rows are of.
    pub(crate) account: Option<String>,
    /// Compare only.
    pub(crate) dry_run: bool,
}

/// Writes the batches of one stream.
pub(crate) struct Writer<S: Session> {
    session: S,
    opening: Opening,
    key: Key,
    layout: Layout,
    columns: Vec<Column>,
    /// Columns that keys were asked within, for which an index was made.
    indexed: Vec<Vec<String>>,
    paging: Paging,
    /// All rows of the next batch are probably new.
    expects_new: bool,
    /// Rows of this run are in the table: no other account's can come to them.
    has_settled_account: bool,
    /// Number of the last batch; tells a retry whether the commit before it went through.
    batch: i64,
    /// Nothing is under way on the connection. False after work that was cancelled.
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

impl<S: Session> Writer<S> {
    fn new(session: S, opening: Opening) -> Self {
        Self {
            key: Key::new(&opening.key, opening.existing.as_deref().unwrap_or_default(), S::NAMES),
            expects_new: opening.is_empty,
            session,
            opening,
            layout: Layout::default(),
            columns: Vec::new(),
            indexed: Vec::new(),
            paging: Paging::default(),
            has_settled_account: false,
            batch: 0,
            is_settled: true,
        }
    }

    /// The stream as the engine gets it.
    pub(crate) fn open(session: S, opening: Opening) -> OpenedStream
    where
        S: 'static,
    {
        let existing =
            opening.existing.iter().flatten().map(|column| (column.name.clone(), column.kind)).collect();
        // Without rows there is nothing to continue: somebody dropped or emptied the table.
        let state = opening.state.clone().filter(|_| !opening.is_empty).unwrap_or_default();
        let (shared_with, account) = (opening.shared_with.clone(), opening.account.clone());
        OpenedStream { writer: Box::new(Self::new(session, opening)), state, existing, shared_with, account }
    }

    /// Makes sure that nothing is left on the connection of work that was cancelled. What succeeds or fails ends with
    /// [`Self::settle`].
    fn start(&mut self) {
        if !self.is_settled {
            self.disconnect();
        }
        self.is_settled = false;
    }

    fn disconnect(&mut self) {
        self.session.disconnect();
        self.paging = Paging::default();
    }

    /// Gives up the connection of work that failed: its transaction must not keep others waiting.
    fn settle<T>(&mut self, outcome: Result<T>) -> Result<T> {
        if outcome.is_err() {
            self.disconnect();
        }
        self.is_settled = true;
        outcome
    }

    async fn write_until_done(&mut self, batch: &Batch, state: &StreamState) -> Result<Written> {
        self.batch += 1;
        let mut manner = if self.expects_new { Manner::Hopeful } else { Manner::Asked };
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
                    self.disconnect();
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
                self.disconnect();
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
        let sorted = self.sort(batch, manner == Manner::Hopeful).await?;
        let nothing_to_do = batch.rows().len() as u64 == sorted.unchanged
            && batch.rejects().is_empty()
            && batch.deleted().next().is_none()
            && batch.resolved().is_empty()
            && missing.is_empty()
            && self.opening.state.as_ref() == Some(state);
        if nothing_to_do {
            return Ok(Written { unchanged: sorted.unchanged, ..Written::default() });
        }

        let now = Timestamp::now().to_string();
        self.session.begin().await?;
        self.check_account().await?;
        if !missing.is_empty() {
            self.session.add_columns(&missing).await?;
        }
        if !batch.resolved().is_empty() {
            self.session.remove_rejects(batch.resolved()).await?;
        }
        let mut rejects: Vec<_> =
            batch.rejects().iter().map(|reject| KeyedReject { key: None, reject: reject.clone() }).collect();
        let work = Work {
            sheet: Sheet { layout: &self.layout, now: &now, relief: Relief::None },
            key: &self.key,
            item_tables: &self.opening.item_tables,
            new: sorted.new,
            differing: sorted.differing,
            deleted: deleted_keys(&self.key, batch),
        };
        let mut written = match manner {
            Manner::Careful => write_carefully(&mut self.session, &work, &mut rejects).await?,
            _ => write_plainly(&mut self.session, &work).await?,
        };
        written.unchanged = sorted.unchanged;
        written.rejected = rejects.len() as u64;
        if !rejects.is_empty() {
            self.session.reject(&rejects, &now).await?;
        }
        if !self.session.save_state(&json_of(state)?, self.batch, &now).await? {
            return Err(Failure::Refused(self.session.fenced_off()));
        }
        self.session.commit().await.map_err(|error| Failure::Commit(error, written))?;
        self.has_settled_account = true;
        if let Some(existing) = &mut self.opening.existing {
            existing.extend(missing);
        }
        self.opening.state = Some(state.clone());
        Ok(written)
    }

    /// Refuses the first rows where those of another account came since the table was looked at: of two first runs at the
    /// same instant, one is too late.
    async fn check_account(&mut self) -> Result<(), Failure> {
        if self.has_settled_account || self.session.account().is_none() {
            return Ok(());
        }
        let others = self.session.account_of_others().await?;
        match (others, self.session.account()) {
            (Some(stored), Some(account)) => {
                Err(Failure::Refused(other_account(&self.opening.table, &stored, account)))
            }
            _ => Ok(()),
        }
    }

    /// Columns of the batch that the table does not have yet.
    fn missing_columns(&self, batch: &Batch) -> Vec<TableColumn> {
        if !self.opening.has_columns {
            return Vec::new();
        }
        let existing = self.opening.existing.as_deref().unwrap_or_default();
        let is_missing =
            |column: &&Column| !existing.iter().any(|known| S::NAMES.are_same(&known.name, &column.name));
        batch.columns().iter().filter(is_missing).map(|column| self.session.new_column(column)).collect()
    }

    fn lay_out(&mut self, batch: &Batch, missing: &[TableColumn]) {
        if self.opening.has_columns && self.columns != batch.columns() {
            let mut existing = self.opening.existing.clone().unwrap_or_default();
            existing.extend_from_slice(missing);
            self.layout = Layout::new(batch.columns(), &self.opening.key, &existing, S::NAMES);
            self.columns = batch.columns().to_vec();
            self.session.lay_out(&self.layout);
        }
    }
}

fn json_of(state: &StreamState) -> Result<String, Failure> {
    let json = serde_json::to_string(state).map_err(|error| {
        Failure::Refused(ConnectorError::new(ErrorCode::InternalError, "the state is no JSON").source(error))
    })?;
    Ok(without_escaped_nul(json))
}

impl<S: Session> StreamWriter for Writer<S> {
    fn write<'a>(&'a mut self, batch: Batch, state: &'a StreamState) -> BoxFuture<'a, Result<Written>> {
        Box::pin(async move {
            self.start();
            let written = if self.opening.dry_run {
                self.preview(&batch).await
            } else {
                self.write_until_done(&batch, state).await
            };
            self.settle(written)
        })
    }

    fn compare<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Standing>>> {
        Box::pin(async move {
            self.start();
            let standings = self.standings_of(batch, Measure::Digests).await;
            self.settle(standings)
        })
    }

    fn compare_contents<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Standing>>> {
        Box::pin(async move {
            self.start();
            let standings = self.standings_of(batch, Measure::Contents).await;
            self.settle(standings)
        })
    }

    fn live_keys<'a>(
        &'a mut self,
        within: &'a [(String, String)],
        after: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            self.start();
            let keys = self.page_of_keys(within, after, most).await;
            self.settle(keys)
        })
    }
}

mod asking;
mod contents;
#[cfg(test)]
mod fake;
mod paging;
#[cfg(test)]
mod tests;
