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

/// Adds to the log, over a connection of its own.
pub(crate) struct AuditWriter {
    database: Arc<Database>,
    kept: Option<SqliteConnection>,
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
            let connected = match self.kept.take() {
                Some(connection) => Ok(connection),
                None => connect(&self.database).await,
            };
            let mut connection = connected.map_err(|error| self.database.explain(error))?;
            match add(&mut connection, entries).await {
                Err(Unwritten::Before(error))
                    if class(&error) == Class::Transient && attempts.next().await => {}
                Err(Unwritten::Before(error) | Unwritten::AtCommit(error)) => {
                    return Err(self.database.explain(error));
                }
                Err(Unwritten::Entry(error)) => return Err(error),
                Ok(()) => {
                    self.kept = Some(connection);
                    return Ok(());
                }
            }
        }
    }
}

async fn add(connection: &mut SqliteConnection, entries: &[AuditEntry]) -> Result<(), Unwritten> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(Unwritten::Before)?;
    let head = read(&mut transaction).await.map_err(Unwritten::Before)?;
    // The clock is read under the lock: numbers go up with time.
    let (links, head) = head.extend(entries, Timestamp::now()).map_err(Unwritten::Entry)?;
    insert(&mut transaction, links, head).await.map_err(Unwritten::Before)?;
    transaction.commit().await.map_err(Unwritten::AtCommit)
}

async fn read(transaction: &mut SqliteTransaction<'_>) -> sqlx::Result<Head> {
    let row: Option<HeadRow> =
        sqlx::query_as("SELECT seq, hash FROM connector_audit_head WHERE only_one = 1")
            .fetch_optional(&mut **transaction)
            .await?;
    Ok(row.map_or_else(Head::of_nothing, Head::from_row))
}

/// In one statement: each one hops threads.
async fn insert(transaction: &mut SqliteTransaction<'_>, links: Vec<Link>, head: Head) -> sqlx::Result<()> {
    let rows: Vec<(i64, String, String)> =
        links.into_iter().map(|Link { seq, entry, hash }| (seq, entry, hexadecimal(&hash))).collect();
    let rows = serde_json::to_string(&rows).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query(
        "INSERT INTO connector_audit (seq, entry, hash)
         SELECT value ->> 0, value ->> 1, unhex(value ->> 2) FROM json_each(?1)",
    )
    .bind(rows)
    .execute(&mut **transaction)
    .await?;
    sqlx::query("INSERT OR REPLACE INTO connector_audit_head (only_one, seq, hash) VALUES (1, ?1, ?2)")
        .bind(head.seq)
        .bind(head.hash)
        .execute(&mut **transaction)
        .await?;
    Ok(())
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
