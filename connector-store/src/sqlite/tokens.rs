//! Connections in SQLite, sealed; a lock on a file keeps other processes out while tokens are renewed. A transaction
//! would do so too, and would hold up every writer for as long as the app takes to answer.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use connector_core::Result;
use connector_core::oauth::{
    Connection, ConnectionKey, ConnectionSummary, LockedConnection, RefreshAttempt, TokenStore,
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use super::Database;
use crate::vault::{Keyring, Sealed, SealedRow, SummaryRow, changed_meanwhile, held_too_long, summary};

const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// An operating system's lock cannot be awaited and given up again.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// The vault of an SQLite store.
pub(crate) struct SqliteVault {
    pub(crate) database: Arc<Database>,
    pub(crate) keyring: Keyring,
}

impl SqliteVault {
    async fn read(&self, id: &ConnectionKey) -> Result<Option<Connection>> {
        let sealed = self.read_sealed(id).await?;
        sealed.map(|sealed| sealed.open(&self.keyring.for_opening()?, id)).transpose()
    }

    async fn read_sealed(&self, id: &ConnectionKey) -> Result<Option<Sealed>> {
        let Some(mut connection) = self.database.connect_if_there().await? else {
            return Ok(None);
        };
        let row: Option<SealedRow> = sqlx::query_as(
            "SELECT account, state, expires_at, generation, key_id, tokens, settings FROM connector_connections
             WHERE app_id = ?1 AND name = ?2",
        )
        .bind(id.app_id.clone())
        .bind(id.name.clone())
        .fetch_optional(&mut connection)
        .await
        .map_err(|error| self.database.explain(error))?;
        row.map(Sealed::from_row).transpose()
    }

    async fn take_lock<'a>(&'a self, id: &'a ConnectionKey) -> Result<Box<dyn LockedConnection + 'a>> {
        let hold = self.hold(id).await?;
        let sealed = self.read_sealed(id).await?;
        let generation = sealed.as_ref().map_or(0, |sealed| sealed.generation);
        let current = sealed.map(|sealed| sealed.open(&self.keyring.for_opening()?, id)).transpose()?;
        Ok(Box::new(Locked { vault: self, id, current, generation, _hold: hold }))
    }

    /// Waits until nobody else holds the connection.
    async fn hold(&self, id: &ConnectionKey) -> Result<Hold> {
        let turn = self.database.queues.enter(id).await;
        self.database.migrate().await?;
        let until = Instant::now() + LOCK_TIMEOUT;
        loop {
            if let Some(file) = self.database.try_lock_file(&[&id.app_id, &id.name, "tokens"])? {
                return Ok(Hold { _file: file, _turn: turn });
            }
            if Instant::now() >= until {
                return Err(held_too_long(id));
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    async fn put(&self, id: &ConnectionKey, connection: &Connection) -> Result<()> {
        let _hold = self.hold(id).await?;
        let generation = self.read_sealed(id).await?.map_or(0, |sealed| sealed.generation);
        self.swap(id, generation, connection).await
    }

    /// Writes the connection over the generation that was read.
    async fn swap(&self, id: &ConnectionKey, generation: i64, connection: &Connection) -> Result<()> {
        let sealed = Sealed::seal(&self.keyring.for_sealing()?, id, generation + 1, connection)?;
        let explain = |error| self.database.explain(error);
        let mut database = self.database.connect().await.map_err(explain)?;
        // The one place where losing the last commit with the machine's power is not made good by reading again.
        sqlx::query("PRAGMA synchronous = FULL").execute(&mut database).await.map_err(explain)?;
        let done = sqlx::query(
            "INSERT INTO connector_connections
                 (app_id, name, account, state, expires_at, generation, key_id, tokens, settings, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)
             ON CONFLICT (app_id, name) DO UPDATE SET
                 account = excluded.account, state = excluded.state, expires_at = excluded.expires_at,
                 generation = excluded.generation, key_id = excluded.key_id, tokens = excluded.tokens,
                 settings = excluded.settings, updated_at = excluded.updated_at
             WHERE generation = ?11",
        )
        .bind(id.app_id.clone())
        .bind(id.name.clone())
        .bind(sealed.account)
        .bind(sealed.state)
        .bind(sealed.expires_at.map(|instant| instant.to_string()))
        .bind(sealed.generation)
        .bind(sealed.key_id)
        .bind(sealed.tokens)
        .bind(sealed.settings)
        .bind(Timestamp::now().to_string())
        .bind(generation)
        .execute(&mut database)
        .await
        .map_err(explain)?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(changed_meanwhile(id)) }
    }

    async fn summaries(&self, app_id: &str) -> Result<Vec<ConnectionSummary>> {
        let Some(mut connection) = self.database.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<SummaryRow> = sqlx::query_as(
            "SELECT name, account, state, expires_at, updated_at FROM connector_connections
             WHERE app_id = ?1 ORDER BY name",
        )
        .bind(app_id.to_owned())
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.database.explain(error))?;
        rows.into_iter().map(summary).collect()
    }
}

/// Keeps others out, of this process and of all.
struct Hold {
    _file: File,
    _turn: OwnedMutexGuard<()>,
}

struct Locked<'a> {
    vault: &'a SqliteVault,
    id: &'a ConnectionKey,
    current: Option<Connection>,
    generation: i64,
    _hold: Hold,
}

impl LockedConnection for Locked<'_> {
    fn current(&self) -> Option<&Connection> {
        self.current.as_ref()
    }

    fn attempt(&self) -> Option<&RefreshAttempt> {
        None
    }

    fn begin<'a>(&'a mut self, _: &'a RefreshAttempt) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn commit<'a>(self: Box<Self>, connection: &'a Connection) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a,
    {
        Box::pin(async move { self.vault.swap(self.id, self.generation, connection).await })
    }
}

impl TokenStore for SqliteVault {
    fn load<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<Option<Connection>>> {
        Box::pin(self.read(key))
    }

    fn lock<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<Box<dyn LockedConnection + 'a>>> {
        Box::pin(self.take_lock(key))
    }

    fn save<'a>(&'a self, key: &'a ConnectionKey, connection: &'a Connection) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.put(key, connection))
    }

    fn delete<'a>(&'a self, _: &'a ConnectionKey) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(false) })
    }

    fn list<'a>(&'a self, app_id: &'a str) -> BoxFuture<'a, Result<Vec<ConnectionSummary>>> {
        Box::pin(self.summaries(app_id))
    }
}
