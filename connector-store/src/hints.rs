//! Hints: records that an app said to have changed, waiting to be read.

use std::fmt;
use std::sync::Arc;

use connector_core::{ConnectorError, ErrorCode, Result};
use jiff::Timestamp;

use crate::status::instant;
use crate::{postgres, sqlite};

/// Hints that may wait for one connection. Who sends more than that is better served by a complete read.
const MOST_WAITING: i64 = 100_000;

/// A hint that was taken and not finished for this long is handed out again.
pub(crate) const MINUTES_TO_FINISH: i64 = 10;

/// Longest name of a stream or id of a record, in bytes. They come from outside.
const LONGEST_TEXT: usize = 500;

/// A record to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hint {
    /// Its number in the store.
    pub id: i64,
    /// The stream that the record belongs to.
    pub stream: String,
    /// The record.
    pub record_id: String,
    /// When it was first heard of.
    pub added_at: Timestamp,
}

/// The hints for one connection. They outlive the process, and each record waits once.
#[derive(Clone)]
pub struct Hints {
    pub(crate) backend: Backend,
    pub(crate) app_id: String,
    pub(crate) connection: String,
}

#[derive(Clone)]
pub(crate) enum Backend {
    Postgres(Arc<postgres::Database>),
    Sqlite(Arc<sqlite::Database>),
}

impl Hints {
    /// Adds a hint; `false` when the record is waiting already. One that is being followed right now waits anew: what
    /// is read of it may be older than the hint.
    ///
    /// # Errors
    /// `service_error` when too many are waiting, `invalid_value` for names that can be none.
    pub async fn add(&self, stream: &str, record_id: &str) -> Result<bool> {
        for text in [stream, record_id] {
            if text.is_empty() || text.len() > LONGEST_TEXT || text.contains(char::is_control) {
                let message = "a hint needs the name of a stream and the id of a record";
                return Err(ConnectorError::new(ErrorCode::InvalidValue, message));
            }
        }
        let added = match &self.backend {
            Backend::Postgres(database) => database.add_hint(self, stream, record_id).await?,
            Backend::Sqlite(database) => database.add_hint(self, stream, record_id).await?,
        };
        match added {
            Added::New => Ok(true),
            Added::Waiting => Ok(false),
            Added::Refused => Err(self.full()),
        }
    }

    /// Hands out hints, oldest first. Those that are not [`done`](Self::done) within ten minutes are handed out again.
    pub async fn take(&self, most: u32) -> Result<Vec<Hint>> {
        let rows = match &self.backend {
            Backend::Postgres(database) => database.take_hints(self, most).await?,
            Backend::Sqlite(database) => database.take_hints(self, most).await?,
        };
        rows.into_iter().map(hint).collect()
    }

    /// Removes hints that were followed, unless they were added again meanwhile.
    pub async fn done(&self, ids: &[i64]) -> Result<()> {
        match &self.backend {
            Backend::Postgres(database) => database.finish_hints(self, ids).await,
            Backend::Sqlite(database) => database.finish_hints(self, ids).await,
        }
    }

    /// How many are not done, those that are being followed among them.
    pub async fn waiting(&self) -> Result<u64> {
        let count = match &self.backend {
            Backend::Postgres(database) => database.count_hints(self).await?,
            Backend::Sqlite(database) => database.count_hints(self).await?,
        };
        Ok(count.unsigned_abs())
    }

    fn full(&self) -> ConnectorError {
        let Self { app_id, connection, .. } = self;
        let message = format!("{MOST_WAITING} hints are waiting for connection {connection} of {app_id}");
        ConnectorError::new(ErrorCode::ServiceError, message)
            .app_error_code("store.hints_full")
            .hint("run a sync, which follows them")
    }
}

impl fmt::Debug for Hints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hints")
            .field("app_id", &self.app_id)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// What became of a hint.
pub(crate) enum Added {
    New,
    Waiting,
    /// There are too many.
    Refused,
}

/// What can be told before anything is written: `waits` when the record is known, and how many hints there are.
pub(crate) fn at_first_sight(waits: Option<bool>, count: i64) -> Option<Added> {
    match waits {
        Some(true) => Some(Added::Waiting),
        None if count >= MOST_WAITING => Some(Added::Refused),
        _ => None,
    }
}

/// A row with a hint: its id, stream, record, when it was added.
pub(crate) type HintRow = (i64, String, String, String);

fn hint((id, stream, record_id, added_at): HintRow) -> Result<Hint> {
    Ok(Hint { id, stream, record_id, added_at: instant(&added_at)? })
}
