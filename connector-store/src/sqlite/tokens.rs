//! Connections in SQLite, sealed.

use std::sync::Arc;

use connector_core::Result;
use connector_core::oauth::{Connection, ConnectionKey, ConnectionSummary, LockedConnection, TokenStore};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sqlx::{Connection as _, SqliteConnection};

use super::Database;
use crate::vault::{Keyring, Sealed, SealedRow, SummaryRow, begun_at, changed_meanwhile, summary, told};

/// The vault of an SQLite store.
pub(crate) struct SqliteVault {
    pub(crate) database: Arc<Database>,
    pub(crate) keyring: Keyring,
}

/// When a refresh was begun that is still written down.
macro_rules! begun_at {
    () => {
        "(SELECT started_at FROM connector_refresh_attempts AS a WHERE a.app_id = c.app_id AND a.name = c.name)"
    };
}

impl SqliteVault {
    async fn read(&self, id: &ConnectionKey) -> Result<Option<Connection>> {
        let Some(row) = self.read_row(id).await? else { return Ok(None) };
        let begun_at = begun_at(&row)?;
        let connection = Sealed::from_row(row)?.open(&self.keyring.for_opening()?, id)?;
        Ok(Some(told(connection, begun_at)))
    }

    pub(super) async fn read_sealed(&self, id: &ConnectionKey) -> Result<Option<Sealed>> {
        self.read_row(id).await?.map(Sealed::from_row).transpose()
    }

    async fn read_row(&self, id: &ConnectionKey) -> Result<Option<SealedRow>> {
        let Some(mut connection) = self.database.connect_if_there().await? else {
            return Ok(None);
        };
        sqlx::query_as(concat!(
            "SELECT account, state, expires_at, generation, key_id, tokens, settings, ",
            begun_at!(),
            ", reason, failures, failing_since, failing_days, retry_after, refreshed_at, failed_at, rejected_client
             FROM connector_connections AS c WHERE app_id = ?1 AND name = ?2"
        ))
        .bind(id.app_id.clone())
        .bind(id.name.clone())
        .fetch_optional(&mut connection)
        .await
        .map_err(|error| self.database.explain(error))
    }

    async fn put(&self, id: &ConnectionKey, connection: &Connection) -> Result<()> {
        let _hold = self.hold(id).await?;
        let generation = self.read_sealed(id).await?.map_or(0, |sealed| sealed.generation);
        self.swap(id, generation, connection).await
    }

    async fn remove(&self, id: &ConnectionKey) -> Result<bool> {
        if self.read_sealed(id).await?.is_none() {
            return Ok(false);
        }
        let _hold = self.hold(id).await?;
        self.take_out(id, None).await
    }

    /// Takes the connection of this generation out, of any when there is none, with an attempt to renew it, and notes that;
    /// `false` when it is not there.
    pub(super) async fn take_out(&self, id: &ConnectionKey, generation: Option<i64>) -> Result<bool> {
        let explain = |error| self.database.explain(error);
        let mut database = self.connect_durably().await?;
        let mut transaction = database.begin_with("BEGIN IMMEDIATE").await.map_err(explain)?;
        let done = sqlx::query(
            "DELETE FROM connector_connections
             WHERE app_id = ?1 AND name = ?2 AND (?3 IS NULL OR generation = ?3)",
        )
        .bind(id.app_id.clone())
        .bind(id.name.clone())
        .bind(generation)
        .execute(&mut *transaction)
        .await
        .map_err(explain)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        forget_attempt(&mut transaction, id).await.map_err(explain)?;
        remember_removal(&mut transaction, id).await.map_err(explain)?;
        transaction.commit().await.map_err(explain)?;
        Ok(true)
    }

    async fn was_taken_out(&self, id: &ConnectionKey) -> Result<bool> {
        let Some(mut connection) = self.database.connect_if_there().await? else { return Ok(false) };
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM connector_removed WHERE app_id = ?1 AND name = ?2)")
            .bind(id.app_id.clone())
            .bind(id.name.clone())
            .fetch_one(&mut connection)
            .await
            .map_err(|error| self.database.explain(error))
    }

    /// Writes the connection over the generation that was read, and forgets an attempt to renew it.
    pub(super) async fn swap(
        &self,
        id: &ConnectionKey,
        generation: i64,
        connection: &Connection,
    ) -> Result<()> {
        let sealed = Sealed::seal(&self.keyring.for_sealing()?, id, generation + 1, connection)?;
        let explain = |error| self.database.explain(error);
        let mut database = self.connect_durably().await?;
        let mut transaction = database.begin_with("BEGIN IMMEDIATE").await.map_err(explain)?;
        if !write(&mut transaction, id, generation, sealed).await.map_err(explain)? {
            return Err(changed_meanwhile(id));
        }
        forget_attempt(&mut transaction, id).await.map_err(explain)?;
        if generation == 0 {
            forget_removal(&mut transaction, id).await.map_err(explain)?;
        }
        transaction.commit().await.map_err(explain)
    }

    /// A connection for the one place where losing the last commit with the machine's power is not made good by reading
    /// again.
    pub(super) async fn connect_durably(&self) -> Result<SqliteConnection> {
        let explain = |error| self.database.explain(error);
        let mut database = self.database.connect().await.map_err(explain)?;
        sqlx::query("PRAGMA synchronous = FULL").execute(&mut database).await.map_err(explain)?;
        Ok(database)
    }

    async fn summaries(&self, app_id: &str) -> Result<Vec<ConnectionSummary>> {
        let Some(mut connection) = self.database.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<SummaryRow> = sqlx::query_as(concat!(
            "SELECT name, account, state, expires_at, updated_at, generation, ",
            begun_at!(),
            ", reason, failures, failing_since, failing_days, retry_after, refreshed_at, failed_at, rejected_client
             FROM connector_connections AS c WHERE app_id = ?1 ORDER BY name"
        ))
        .bind(app_id.to_owned())
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.database.explain(error))?;
        rows.into_iter().map(summary).collect()
    }
}

/// `false` when there is another generation by now.
async fn write(
    connection: &mut SqliteConnection,
    id: &ConnectionKey,
    generation: i64,
    sealed: Sealed,
) -> sqlx::Result<bool> {
    let text = |instant: Option<Timestamp>| instant.map(|instant| instant.to_string());
    let renewal = sealed.renewal;
    let done = sqlx::query(
        "INSERT INTO connector_connections
             (app_id, name, account, state, expires_at, generation, key_id, tokens, settings, created_at, updated_at,
              reason, failures, failing_since, failing_days, retry_after, refreshed_at, failed_at, rejected_client)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
         ON CONFLICT (app_id, name) DO UPDATE SET
             account = excluded.account, state = excluded.state, expires_at = excluded.expires_at,
             generation = excluded.generation, key_id = excluded.key_id, tokens = excluded.tokens,
             settings = excluded.settings, updated_at = excluded.updated_at, reason = excluded.reason,
             failures = excluded.failures, failing_since = excluded.failing_since,
             failing_days = excluded.failing_days, retry_after = excluded.retry_after,
             refreshed_at = excluded.refreshed_at, failed_at = excluded.failed_at,
             rejected_client = excluded.rejected_client
         WHERE generation = ?11",
    )
    .bind(id.app_id.clone())
    .bind(id.name.clone())
    .bind(sealed.account)
    .bind(sealed.state)
    .bind(text(sealed.expires_at))
    .bind(sealed.generation)
    .bind(sealed.key_id)
    .bind(sealed.tokens)
    .bind(sealed.settings)
    .bind(Timestamp::now().to_string())
    .bind(generation)
    .bind(renewal.reason)
    .bind(renewal.failures)
    .bind(text(renewal.failing_since))
    .bind(renewal.failing_days)
    .bind(text(renewal.retry_after))
    .bind(text(renewal.succeeded_at))
    .bind(text(renewal.failed_at))
    .bind(renewal.rejected_client)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn forget_attempt(connection: &mut SqliteConnection, id: &ConnectionKey) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM connector_refresh_attempts WHERE app_id = ?1 AND name = ?2")
        .bind(id.app_id.clone())
        .bind(id.name.clone())
        .execute(connection)
        .await
        .map(drop)
}

async fn remember_removal(connection: &mut SqliteConnection, id: &ConnectionKey) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO connector_removed (app_id, name, removed_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (app_id, name) DO UPDATE SET removed_at = excluded.removed_at",
    )
    .bind(id.app_id.clone())
    .bind(id.name.clone())
    .bind(Timestamp::now().to_string())
    .execute(connection)
    .await
    .map(drop)
}

async fn forget_removal(connection: &mut SqliteConnection, id: &ConnectionKey) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM connector_removed WHERE app_id = ?1 AND name = ?2")
        .bind(id.app_id.clone())
        .bind(id.name.clone())
        .execute(connection)
        .await
        .map(drop)
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

    fn delete<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<bool>> {
        Box::pin(self.remove(key))
    }

    fn was_removed<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<bool>> {
        Box::pin(self.was_taken_out(key))
    }

    fn list<'a>(&'a self, app_id: &'a str) -> BoxFuture<'a, Result<Vec<ConnectionSummary>>> {
        Box::pin(self.summaries(app_id))
    }
}
