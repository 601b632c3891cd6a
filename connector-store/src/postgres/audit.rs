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
    kept: Option<Kept>,
}

/// What is kept between two batches: the connection, and the end of the chain as this writer left it.
struct Kept {
    connection: PgConnection,
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
        let mut tried = Vec::new();
        loop {
            // A connection with a transaction that went wrong is not put back.
            let kept = match self.kept.take() {
                Some(kept) => Ok(kept),
                None => self.database.connect_with(SETTINGS).await.map(Kept::new),
            };
            let added = match kept {
                Ok(mut kept) => match kept.add(entries, &mut tried).await {
                    Ok(()) => {
                        self.kept = Some(kept);
                        return Ok(());
                    }
                    Err(unwritten) => unwritten,
                },
                Err(error) => Unwritten::Database(error),
            };
            match added {
                Unwritten::Entry(error) => return Err(error),
                // Also after a commit that failed: what was tried is looked for before it is tried again.
                Unwritten::Database(error) => {
                    if class(&error) != Class::Transient || !attempts.next().await {
                        return Err(self.database.explain(error));
                    }
                }
            }
        }
    }
}

impl Kept {
    fn new(connection: PgConnection) -> Self {
        Self { connection, head: None }
    }

    /// In one round trip while no other process adds to the log, else in four. `tried` are the ends of the chain that
    /// these entries were to make.
    async fn add(&mut self, entries: &[AuditEntry], tried: &mut Vec<Head>) -> Result<(), Unwritten> {
        let added = match self.head.take() {
            Some(head) => add_after(&mut self.connection, head, entries, tried).await?,
            None => None,
        };
        self.head = Some(match added {
            Some(head) => head,
            None => add_locked(&mut self.connection, entries, tried).await?,
        });
        Ok(())
    }
}

/// Adds entries if the chain still ends where it did; `None` when it does not, and nothing was added.
async fn add_after(
    connection: &mut PgConnection,
    end: Head,
    entries: &[AuditEntry],
    tried: &mut Vec<Head>,
) -> Result<Option<Head>, Unwritten> {
    // The clock is read after the entry at the end was written: numbers go up with time.
    let (links, head) = end.extend(entries, Timestamp::now()).map_err(Unwritten::Entry)?;
    tried.push(head.clone());
    let added = insert(connection, links, &end, &head).await?;
    Ok((added > 0).then_some(head))
}

/// Adds entries where the chain ends, unless one of the tries before had come through after all.
async fn add_locked(
    connection: &mut PgConnection,
    entries: &[AuditEntry],
    tried: &mut Vec<Head>,
) -> Result<Head, Unwritten> {
    let mut transaction = connection.begin().await?;
    let end = lock(&mut transaction).await?;
    for head in &*tried {
        if is_there(&mut transaction, head).await? {
            return Ok(end);
        }
    }
    // The clock is read under the lock: numbers go up with time.
    let (links, head) = end.extend(entries, Timestamp::now()).map_err(Unwritten::Entry)?;
    insert(&mut transaction, links, &end, &head).await?;
    tried.push(head.clone());
    transaction.commit().await?;
    Ok(head)
}

/// Whether the chain passed through here: no other entries give the same hash.
async fn is_there(transaction: &mut PgTransaction<'_>, head: &Head) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM connector.audit WHERE seq = $1 AND hash = $2)")
        .bind(head.seq)
        .bind(&head.hash)
        .fetch_one(&mut **transaction)
        .await
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

/// Adds rows and moves the end of the chain, if it is where it is thought to be. Gives the number of rows.
async fn insert(
    connection: &mut PgConnection,
    links: Vec<Link>,
    end: &Head,
    head: &Head,
) -> sqlx::Result<u64> {
    let (mut numbers, mut entries, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for Link { seq, entry, hash } in links {
        numbers.push(seq);
        entries.push(entry);
        hashes.push(hash);
    }
    let added = sqlx::query(
        "WITH head AS (UPDATE connector.audit_head SET seq = $4, hash = $5
                       WHERE only_one = 1 AND seq = $6 AND hash = $7 RETURNING 1)
         INSERT INTO connector.audit (seq, entry, hash)
         SELECT link.* FROM unnest($1::bigint[], $2::text[], $3::bytea[]) AS link, head",
    )
    .bind(numbers)
    .bind(entries)
    .bind(hashes)
    .bind(head.seq)
    .bind(&head.hash)
    .bind(end.seq)
    .bind(&end.hash)
    .execute(connection)
    .await?;
    Ok(added.rows_affected())
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
