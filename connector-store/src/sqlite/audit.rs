//! The audit log in SQLite.

use std::sync::Arc;

use connector_core::Result;
use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection, SqliteTransaction};

use super::Database;
use super::fault::class;
use crate::attempts::Attempts;
use crate::audit::{AuditEntry, AuditRow, Head, HeadRow, Link, Unwritten, hexadecimal};
use crate::fault::Class;

/// Adds rows and moves the end of the chain, if it is where it is thought to be. In one go: each statement hops threads.
macro_rules! add {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "UPDATE connector_audit_head SET seq = ?, hash = ?
             WHERE only_one = 1 AND seq = ? AND hash = ? RETURNING seq;
             INSERT INTO connector_audit (seq, entry, hash)
             SELECT value ->> 0, value ->> 1, unhex(value ->> 2) FROM json_each(?) WHERE changes() = 1;",
            $after
        )
    };
}

/// Adds to the log, over a connection of its own.
pub(crate) struct AuditWriter {
    database: Arc<Database>,
    kept: Option<Kept>,
}

/// What is kept between two batches: the connection, and the end of the chain as this writer left it.
struct Kept {
    connection: SqliteConnection,
    head: Option<Head>,
}

impl AuditWriter {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database, kept: None }
    }

    /// Adds entries at the end of the chain, all or none.
    pub(crate) async fn append(&mut self, entries: &[AuditEntry]) -> Result<()> {
        self.database.migrate().await?;
        let mut attempts = Attempts::default();
        loop {
            // A connection with a transaction that went wrong is not put back.
            let kept = match self.kept.take() {
                Some(kept) => Ok(kept),
                None => connect(&self.database).await.map(|connection| Kept { connection, head: None }),
            };
            let mut kept = kept.map_err(|error| self.database.explain(error))?;
            match kept.add(entries).await {
                Err(Unwritten::Database(error)) if is_locked(&error) && attempts.next().await => {}
                Err(Unwritten::Database(error)) => return Err(self.database.explain(error)),
                Err(Unwritten::Entry(error)) => return Err(error),
                Ok(()) => {
                    self.kept = Some(kept);
                    return Ok(());
                }
            }
        }
    }
}

impl Kept {
    /// In one go while no other process adds to the log, else under a lock.
    async fn add(&mut self, entries: &[AuditEntry]) -> Result<(), Unwritten> {
        if let Some(end) = self.head.take() {
            let script = add!("BEGIN IMMEDIATE;", "COMMIT");
            self.head = add_after(&mut self.connection, script, &end, entries).await?;
        }
        if self.head.is_none() {
            let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
            let end = end(&mut transaction).await?;
            let head = add_after(&mut transaction, add!("", ""), &end, entries).await?;
            transaction.commit().await?;
            self.head = head;
        }
        Ok(())
    }
}

/// Adds entries if the chain ends there; `None` when it does not, and nothing was added.
async fn add_after(
    connection: &mut SqliteConnection,
    script: &'static str,
    end: &Head,
    entries: &[AuditEntry],
) -> Result<Option<Head>, Unwritten> {
    // The clock is read after the entry at the end was written: numbers go up with time.
    let (links, head) = end.extend(entries, Timestamp::now()).map_err(Unwritten::Entry)?;
    let rows: Vec<(i64, String, String)> =
        links.into_iter().map(|Link { seq, entry, hash }| (seq, entry, hexadecimal(&hash))).collect();
    let rows = serde_json::to_string(&rows).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let moved = sqlx::query(script)
        .bind(head.seq)
        .bind(head.hash.clone())
        .bind(end.seq)
        .bind(end.hash.clone())
        .bind(rows)
        .fetch_all(connection)
        .await?;
    Ok((!moved.is_empty()).then_some(head))
}

/// Where the chain ends; of an empty log, that it is empty is written down first.
async fn end(transaction: &mut SqliteTransaction<'_>) -> sqlx::Result<Head> {
    let nothing = Head::of_nothing();
    sqlx::query("INSERT OR IGNORE INTO connector_audit_head (only_one, seq, hash) VALUES (1, ?1, ?2)")
        .bind(nothing.seq)
        .bind(nothing.hash)
        .execute(&mut **transaction)
        .await?;
    sqlx::query_as("SELECT seq, hash FROM connector_audit_head WHERE only_one = 1")
        .fetch_one(&mut **transaction)
        .await
        .map(Head::from_row)
}

/// Whether others kept the file locked: then nothing was written, not even where it was the commit that failed.
fn is_locked(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some() && class(error) == Class::Transient
}

async fn connect(database: &Database) -> sqlx::Result<SqliteConnection> {
    let mut connection = database.connect().await?;
    // Durable means that the machine may lose its power right after; others get on after a few seconds.
    sqlx::query("PRAGMA synchronous = FULL").execute(&mut connection).await?;
    sqlx::query("PRAGMA busy_timeout = 3000").execute(&mut connection).await?;
    Ok(connection)
}

impl Database {
    /// Rows of the log with greater numbers, in order. A store that does not exist yet has none.
    pub(crate) async fn audit_rows(&self, after: i64, most: u32) -> Result<Vec<AuditRow>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        sqlx::query_as("SELECT seq, entry, hash FROM connector_audit WHERE seq > ?1 ORDER BY seq LIMIT ?2")
            .bind(after)
            .bind(i64::from(most))
            .fetch_all(&mut connection)
            .await
            .map_err(|error| self.explain(error))
    }

    pub(crate) async fn audit_head(&self) -> Result<Option<HeadRow>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(None);
        };
        sqlx::query_as("SELECT seq, hash FROM connector_audit_head WHERE only_one = 1")
            .fetch_optional(&mut connection)
            .await
            .map_err(|error| self.explain(error))
    }
}
