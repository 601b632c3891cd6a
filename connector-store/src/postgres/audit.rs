//! The audit log in PostgreSQL.

use std::sync::Arc;

use connector_core::Result;
use jiff::Timestamp;
use sqlx::{Connection, PgConnection, PgTransaction};

use super::Database;
use super::fault::class;
use crate::attempts::Attempts;
use crate::audit::{AuditEntry, AuditRow, Head, HeadRow, Link, Unwritten};
use crate::fault::Class;

/// A process that stops inside its transaction keeps the others from writing for a few seconds at most.
const SETTINGS: &str = "SELECT set_config('synchronous_commit', 'on', false), set_config('lock_timeout', '3s', false),
     set_config('idle_in_transaction_session_timeout', '3s', false), set_config('tcp_keepalives_idle', '20', false)";

/// Adds to the log, over a connection of its own.
pub(crate) struct AuditWriter {
    database: Arc<Database>,
    kept: Option<PgConnection>,
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
                None => self.database.connect_with(SETTINGS).await,
            };
            let mut connection = match connected {
                Err(error) if class(&error) == Class::Transient && attempts.next().await => continue,
                connected => connected.map_err(|error| self.database.explain(error))?,
            };
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

async fn add(connection: &mut PgConnection, entries: &[AuditEntry]) -> Result<(), Unwritten> {
    let mut transaction = connection.begin().await.map_err(Unwritten::Before)?;
    let head = lock(&mut transaction).await.map_err(Unwritten::Before)?;
    // The clock is read under the lock: numbers go up with time.
    let (links, head) = head.extend(entries, Timestamp::now()).map_err(Unwritten::Entry)?;
    insert(&mut transaction, links, head).await.map_err(Unwritten::Before)?;
    transaction.commit().await.map_err(Unwritten::AtCommit)
}

/// The end of the chain, which nobody else can move until this transaction ends.
async fn lock(transaction: &mut PgTransaction<'_>) -> sqlx::Result<Head> {
    const READ: &str = "SELECT seq, hash FROM connector.audit_head WHERE only_one = 1 FOR UPDATE";
    if let Some(row) = sqlx::query_as::<_, HeadRow>(READ).fetch_optional(&mut **transaction).await? {
        return Ok(Head::from_row(row));
    }
    let first = Head::of_nothing();
    sqlx::query(
        "INSERT INTO connector.audit_head (only_one, seq, hash) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(first.seq)
    .bind(first.hash)
    .execute(&mut **transaction)
    .await?;
    sqlx::query_as::<_, HeadRow>(READ).fetch_one(&mut **transaction).await.map(Head::from_row)
}

async fn insert(transaction: &mut PgTransaction<'_>, links: Vec<Link>, head: Head) -> sqlx::Result<()> {
    let (mut numbers, mut entries, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for Link { seq, entry, hash } in links {
        numbers.push(seq);
        entries.push(entry);
        hashes.push(hash);
    }
    sqlx::query(
        "WITH head AS (UPDATE connector.audit_head SET seq = $4, hash = $5 WHERE only_one = 1)
         INSERT INTO connector.audit (seq, entry, hash)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])",
    )
    .bind(numbers)
    .bind(entries)
    .bind(hashes)
    .bind(head.seq)
    .bind(head.hash)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

impl Database {
    /// Rows of the log with greater numbers, in order. A store that does not exist yet has none.
    pub(crate) async fn audit_rows(&self, after: i64, most: u32) -> Result<Vec<AuditRow>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        self.again(|| {
            sqlx::query_as(
                "SELECT seq, entry, hash FROM connector.audit WHERE seq > $1 ORDER BY seq LIMIT $2",
            )
            .bind(after)
            .bind(i64::from(most))
            .fetch_all(self.pool())
        })
        .await
    }

    pub(crate) async fn audit_head(&self) -> Result<Option<HeadRow>> {
        if !self.is_there().await? {
            return Ok(None);
        }
        self.again(|| {
            sqlx::query_as("SELECT seq, hash FROM connector.audit_head WHERE only_one = 1")
                .fetch_optional(self.pool())
        })
        .await
    }
}
