//! Writing to the log: one task of a process gathers what waits, and adds it in one transaction.

use std::time::Duration;

use connector_core::{ConnectorError, Result};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::{AuditEntry, Backend, unavailable};
use crate::{postgres, sqlite};

/// Entries that may wait. When there are more, the store is too slow for what is asked, and saying so at once is better
/// than a queue that grows.
const MOST_WAITING: usize = 8192;

/// Entries in a transaction: at most a megabyte.
const LARGEST_BATCH: usize = 2048;

/// Time for a transaction, with the waits for others that add to the log.
const LONGEST_WRITE: Duration = Duration::from_secs(4);

/// Time from the call to the answer.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// An entry, and who waits for it to be written.
pub(super) struct Waiting {
    entry: AuditEntry,
    written: oneshot::Sender<bool>,
}

/// Why entries were not written.
pub(crate) enum Unwritten {
    Database(sqlx::Error),
    Entry(ConnectorError),
}

impl From<sqlx::Error> for Unwritten {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Starts the task; it ends with the last log that has its queue.
pub(super) fn start(backend: Backend) -> mpsc::Sender<Waiting> {
    let (queue, waiting) = mpsc::channel(MOST_WAITING);
    tokio::spawn(write(backend, waiting));
    queue
}

/// Puts an entry into the queue, and waits until it is durable.
pub(super) async fn wait(queue: &mpsc::Sender<Waiting>, entry: AuditEntry) -> Result<()> {
    let (written, outcome) = oneshot::channel();
    if queue.try_send(Waiting { entry, written }).is_err() {
        return Err(unavailable("too many entries are waiting"));
    }
    match timeout(LONGEST_WAIT, outcome).await {
        Ok(Ok(true)) => Ok(()),
        Ok(_) => Err(unavailable("the store refuses it")),
        Err(_) => Err(unavailable("the store does not answer in time")),
    }
}

async fn write(backend: Backend, mut waiting: mpsc::Receiver<Waiting>) {
    let mut appending = Appending::to(backend);
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
        let (entries, callers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|waiting| (waiting.entry, waiting.written)).unzip();
        let is_written = match timeout(LONGEST_WRITE, appending.append(&entries)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(?error, "the audit log cannot be written");
                false
            }
            Err(_) => {
                tracing::error!("the audit log could not be written in time");
                false
            }
        };
        for caller in callers {
            // One that went away is not told.
            let _ = caller.send(is_written);
        }
    }
}

/// A backend with the connection that is kept for the log.
enum Appending {
    Postgres(postgres::AuditWriter),
    Sqlite(sqlite::AuditWriter),
}

impl Appending {
    fn to(backend: Backend) -> Self {
        match backend {
            Backend::Postgres(database) => Self::Postgres(postgres::AuditWriter::new(database)),
            Backend::Sqlite(database) => Self::Sqlite(sqlite::AuditWriter::new(database)),
        }
    }

    async fn append(&mut self, entries: &[AuditEntry]) -> Result<()> {
        match self {
            Self::Postgres(writer) => writer.append(entries).await,
            Self::Sqlite(writer) => writer.append(entries).await,
        }
    }
}
