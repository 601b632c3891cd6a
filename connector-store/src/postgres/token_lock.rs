//! The lock of a connection in PostgreSQL: its row's, in a transaction over a session of its own, so that a holder that
//! dies lets go with its session.

use connector_core::oauth::{Connection, ConnectionKey, LockedConnection, RefreshAttempt};
use connector_core::{ConnectorError, Result};
use futures_util::future::BoxFuture;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::{OwnedMutexGuard, SemaphorePermit};

use super::tokens::{SELECT_FOR_UPDATE, swap, take_out};
use super::{Database, PgVault};
use crate::vault::{AttemptRow, Sealed, SealedRow, attempt, changed_meanwhile, held_too_long};

/// Tokens that were handed out once must outlive the server's power, whatever its default is.
pub(super) const DURABLE: &str = "SET LOCAL synchronous_commit = on";

/// Sessions with a lock, at most, in one process: each waits for an app to answer.
pub(super) const MOST_HOLDERS: usize = 8;

/// A machine that is gone is noticed within 10 s, and a process that is frozen after longer than any answer takes.
const SESSION: &str = "SELECT set_config('lock_timeout', '30s', false),
     set_config('tcp_keepalives_idle', '4', false), set_config('tcp_keepalives_interval', '2', false),
     set_config('tcp_keepalives_count', '3', false),
     set_config('idle_in_transaction_session_timeout', '60s', false)";

struct Locked<'a> {
    vault: &'a PgVault,
    id: &'a ConnectionKey,
    current: Option<Connection>,
    attempt: Option<RefreshAttempt>,
    generation: i64,
    /// In a transaction that holds the row. Closing the session ends it.
    session: PgConnection,
    _place: SemaphorePermit<'a>,
    _turn: OwnedMutexGuard<()>,
}

impl PgVault {
    pub(super) async fn take_lock<'a>(
        &'a self,
        id: &'a ConnectionKey,
    ) -> Result<Box<dyn LockedConnection + 'a>> {
        let database = &self.database;
        let turn = database.queues.enter(id).await;
        database.migrate().await?;
        // The semaphore is never closed.
        let place = database.holders.acquire().await.map_err(|_| held_too_long(id))?;
        let (session, sealed, found) = hold(database, id).await.map_err(|error| {
            let is_timeout = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|c| c == "55P03");
            if is_timeout { held_too_long(id) } else { database.explain(error) }
        })?;
        let sealed = sealed.map(Sealed::from_row).transpose()?;
        let generation = sealed.as_ref().map_or(0, |sealed| sealed.generation);
        let current = sealed.map(|sealed| sealed.open(&self.keyring.for_opening()?, id)).transpose()?;
        let attempt = found.map(attempt).transpose()?;
        Ok(Box::new(Locked {
            vault: self,
            id,
            current,
            attempt,
            generation,
            session,
            _place: place,
            _turn: turn,
        }))
    }
}

async fn hold(
    database: &Database,
    id: &ConnectionKey,
) -> sqlx::Result<(PgConnection, Option<SealedRow>, Option<AttemptRow>)> {
    let mut session = database.connect().await?;
    sqlx::query(SESSION).execute(&mut session).await?;
    sqlx::query("BEGIN").execute(&mut session).await?;
    let row = sqlx::query_as(SELECT_FOR_UPDATE)
        .bind(&id.app_id)
        .bind(&id.name)
        .fetch_optional(&mut session)
        .await?;
    // A statement of its own: it must see what was written while the one before waited.
    let attempt = sqlx::query_as(
        "SELECT attempt_id::text, token_digest, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
         FROM connector.refresh_attempts WHERE app_id = $1 AND name = $2",
    )
    .bind(&id.app_id)
    .bind(&id.name)
    .fetch_optional(&mut session)
    .await?;
    Ok((session, row, attempt))
}

/// Writes the attempt down over another session: the one with the lock commits when the answer is there.
async fn write_down(database: &Database, id: &ConnectionKey, attempt: &RefreshAttempt) -> sqlx::Result<()> {
    let mut transaction = database.pool().begin().await?;
    sqlx::query(DURABLE).execute(&mut *transaction).await?;
    sqlx::query(
        "INSERT INTO connector.refresh_attempts (app_id, name, attempt_id, token_digest, started_at)
         VALUES ($1, $2, $3::text::uuid, $4, $5::text::timestamptz)
         ON CONFLICT (app_id, name) DO UPDATE SET attempt_id = excluded.attempt_id,
             token_digest = excluded.token_digest, started_at = excluded.started_at",
    )
    .bind(&id.app_id)
    .bind(&id.name)
    .bind(attempt.id.to_string())
    .bind(&attempt.token_digest)
    .bind(attempt.started_at.to_string())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

impl Locked<'_> {
    /// Makes what was written last, and ends the session.
    async fn let_go(mut self) -> Result<()> {
        let committed = sqlx::query("COMMIT").execute(&mut self.session).await;
        committed.map_err(|error| self.vault.database.explain(error))?;
        // What matters is done; the server ends the session by itself otherwise.
        let _ = self.session.close().await;
        Ok(())
    }
}

impl LockedConnection for Locked<'_> {
    fn current(&self) -> Option<&Connection> {
        self.current.as_ref()
    }

    fn attempt(&self) -> Option<&RefreshAttempt> {
        self.attempt.as_ref()
    }

    fn begin<'a>(&'a mut self, attempt: &'a RefreshAttempt) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let database = &self.vault.database;
            write_down(database, self.id, attempt).await.map_err(|error| database.explain(error))
        })
    }

    fn commit<'a>(mut self: Box<Self>, connection: &'a Connection) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let explain = |error| -> ConnectorError { self.vault.database.explain(error) };
            let key = self.vault.keyring.for_sealing()?;
            let sealed = Sealed::seal(&key, self.id, self.generation + 1, connection)?;
            sqlx::query(DURABLE).execute(&mut self.session).await.map_err(explain)?;
            let is_ours =
                swap(&mut self.session, self.id, self.generation, &sealed).await.map_err(explain)?;
            if !is_ours {
                return Err(changed_meanwhile(self.id));
            }
            self.let_go().await
        })
    }

    fn remove<'a>(mut self: Box<Self>) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let explain = |error| -> ConnectorError { self.vault.database.explain(error) };
            sqlx::query(DURABLE).execute(&mut self.session).await.map_err(explain)?;
            let is_ours =
                take_out(&mut self.session, self.id, Some(self.generation)).await.map_err(explain)?;
            if !is_ours {
                return Err(changed_meanwhile(self.id));
            }
            self.let_go().await
        })
    }
}
