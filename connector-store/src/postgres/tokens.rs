//! Connections in PostgreSQL, sealed; a row lock keeps other processes out while tokens are renewed.

use std::sync::Arc;

use connector_core::oauth::{
    Connection, ConnectionKey, ConnectionSummary, LockedConnection, RefreshAttempt, TokenStore,
};
use connector_core::{ConnectorError, Result};
use futures_util::future::BoxFuture;
use sqlx::{PgConnection, Postgres, Transaction};
use tokio::sync::OwnedMutexGuard;

use super::Database;
use super::status::instant;
use crate::vault::{Keyring, Sealed, SealedRow, SummaryRow, changed_meanwhile, held_too_long, summary};

/// The vault of a PostgreSQL store.
pub(crate) struct PgVault {
    pub(crate) database: Arc<Database>,
    pub(crate) keyring: Keyring,
}

/// Another writer may come first a few times, not for ever.
const SAVE_TRIES: usize = 5;

impl PgVault {
    async fn read(&self, id: &ConnectionKey) -> Result<Option<Connection>> {
        if !self.database.is_there().await? {
            return Ok(None);
        }
        let query = sqlx::query_as(concat!(
            "SELECT account, state, ",
            instant!("expires_at"),
            ", generation, key_id, tokens, settings FROM connector.connections WHERE app_id = $1 AND name = $2"
        ));
        let row: Option<SealedRow> = query
            .bind(&id.app_id)
            .bind(&id.name)
            .fetch_optional(self.database.pool())
            .await
            .map_err(|error| self.database.explain(error))?;
        row.map(|row| Sealed::from_row(row)?.open(&self.keyring.for_opening()?, id)).transpose()
    }

    async fn take_lock<'a>(&'a self, id: &'a ConnectionKey) -> Result<Box<dyn LockedConnection + 'a>> {
        let turn = self.database.queues.enter(id).await;
        self.database.migrate().await?;
        let (transaction, sealed) = self.read_for_update(id).await.map_err(|error| {
            let is_timeout = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|c| c == "55P03");
            if is_timeout { held_too_long(id) } else { self.database.explain(error) }
        })?;
        let sealed = sealed.map(Sealed::from_row).transpose()?;
        let generation = sealed.as_ref().map_or(0, |sealed| sealed.generation);
        let current = sealed.map(|sealed| sealed.open(&self.keyring.for_opening()?, id)).transpose()?;
        Ok(Box::new(Locked { vault: self, id, current, generation, transaction, _turn: turn }))
    }

    async fn read_for_update(
        &self,
        id: &ConnectionKey,
    ) -> sqlx::Result<(Transaction<'static, Postgres>, Option<SealedRow>)> {
        let mut transaction = self.database.pool().begin().await?;
        sqlx::query("SET LOCAL lock_timeout = '30s'").execute(&mut *transaction).await?;
        let query = sqlx::query_as(concat!(
            "SELECT account, state, ",
            instant!("expires_at"),
            ", generation, key_id, tokens, settings FROM connector.connections
             WHERE app_id = $1 AND name = $2 FOR UPDATE"
        ));
        let row = query.bind(&id.app_id).bind(&id.name).fetch_optional(&mut *transaction).await?;
        Ok((transaction, row))
    }

    async fn put(&self, id: &ConnectionKey, connection: &Connection) -> Result<()> {
        let key = self.keyring.for_sealing()?;
        self.database.migrate().await?;
        let explain = |error| self.database.explain(error);
        for _ in 0..SAVE_TRIES {
            let mut transaction = self.database.pool().begin().await.map_err(explain)?;
            let generation: Option<i64> = sqlx::query_scalar(
                "SELECT generation FROM connector.connections WHERE app_id = $1 AND name = $2 FOR UPDATE",
            )
            .bind(&id.app_id)
            .bind(&id.name)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(explain)?;
            let generation = generation.unwrap_or_default();
            let sealed = Sealed::seal(&key, id, generation + 1, connection)?;
            if swap(&mut transaction, id, generation, &sealed).await.map_err(explain)? {
                return transaction.commit().await.map_err(explain);
            }
        }
        Err(changed_meanwhile(id))
    }

    async fn summaries(&self, app_id: &str) -> Result<Vec<ConnectionSummary>> {
        if !self.database.is_there().await? {
            return Ok(Vec::new());
        }
        let rows: Vec<SummaryRow> = sqlx::query_as(concat!(
            "SELECT name, account, state, ",
            instant!("expires_at"),
            ", ",
            instant!("updated_at"),
            " FROM connector.connections WHERE app_id = $1 ORDER BY name"
        ))
        .bind(app_id)
        .fetch_all(self.database.pool())
        .await
        .map_err(|error| self.database.explain(error))?;
        rows.into_iter().map(summary).collect()
    }
}

/// Writes the connection over the generation that was read; `false` when there is another by now.
async fn swap(
    connection: &mut PgConnection,
    id: &ConnectionKey,
    generation: i64,
    sealed: &Sealed,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO connector.connections AS c
             (app_id, name, account, state, expires_at, generation, key_id, tokens, settings, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5::text::timestamptz, $6, $7, $8, $9, now(), now())
         ON CONFLICT (app_id, name) DO UPDATE SET
             account = excluded.account, state = excluded.state, expires_at = excluded.expires_at,
             generation = excluded.generation, key_id = excluded.key_id, tokens = excluded.tokens,
             settings = excluded.settings, updated_at = excluded.updated_at
         WHERE c.generation = $10",
    )
    .bind(&id.app_id)
    .bind(&id.name)
    .bind(&sealed.account)
    .bind(&sealed.state)
    .bind(sealed.expires_at.map(|instant| instant.to_string()))
    .bind(sealed.generation)
    .bind(&sealed.key_id)
    .bind(&sealed.tokens)
    .bind(&sealed.settings)
    .bind(generation)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

struct Locked<'a> {
    vault: &'a PgVault,
    id: &'a ConnectionKey,
    current: Option<Connection>,
    generation: i64,
    transaction: Transaction<'static, Postgres>,
    _turn: OwnedMutexGuard<()>,
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

    fn commit<'a>(mut self: Box<Self>, connection: &'a Connection) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let explain = |error| -> ConnectorError { self.vault.database.explain(error) };
            let key = self.vault.keyring.for_sealing()?;
            let sealed = Sealed::seal(&key, self.id, self.generation + 1, connection)?;
            let is_ours =
                swap(&mut self.transaction, self.id, self.generation, &sealed).await.map_err(explain)?;
            if !is_ours {
                return Err(changed_meanwhile(self.id));
            }
            self.transaction.commit().await.map_err(explain)
        })
    }
}

impl TokenStore for PgVault {
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
