//! Connections in PostgreSQL, sealed.

use std::sync::Arc;

use connector_core::Result;
use connector_core::oauth::{Connection, ConnectionKey, ConnectionSummary, LockedConnection, TokenStore};
use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use super::Database;
use super::status::instant;
use super::token_lock::DURABLE;
use crate::vault::{Keyring, Sealed, SealedRow, SummaryRow, begun_at, changed_meanwhile, summary, told};

/// The vault of a PostgreSQL store.
pub(crate) struct PgVault {
    pub(crate) database: Arc<Database>,
    pub(crate) keyring: Keyring,
}

/// Another writer may come first a few times, not for ever.
const SAVE_TRIES: usize = 5;

/// The columns that tell how renewing went, in the order of the rows that read them.
macro_rules! renewal_columns {
    () => {
        concat!(
            "reason, failures, ",
            instant!("failing_since"),
            ", failing_days, ",
            instant!("retry_after"),
            ", ",
            instant!("refreshed_at"),
            ", ",
            instant!("failed_at"),
            ", rejected_client"
        )
    };
}

/// When a refresh was begun that is still written down.
macro_rules! begun_at {
    () => {
        concat!(
            "(SELECT ",
            instant!("a.started_at"),
            " FROM connector.refresh_attempts a WHERE a.app_id = c.app_id AND a.name = c.name)"
        )
    };
}

/// Reads a whole connection, with what tells the begin of an attempt.
macro_rules! select_sealed {
    ($begun_at:expr) => {
        concat!(
            "SELECT account, state, ",
            instant!("expires_at"),
            ", generation, key_id, tokens, settings, ",
            $begun_at,
            ", ",
            renewal_columns!(),
            " FROM connector.connections c WHERE app_id = $1 AND name = $2"
        )
    };
}

/// Reads a whole connection and holds its row. Its attempt is read afterwards: this one sees what was there before it
/// waited.
pub(super) const SELECT_FOR_UPDATE: &str = concat!(select_sealed!("NULL::text"), " FOR UPDATE OF c");

impl PgVault {
    async fn read(&self, id: &ConnectionKey) -> Result<Option<Connection>> {
        if !self.database.is_there().await? {
            return Ok(None);
        }
        let query = sqlx::query_as(select_sealed!(begun_at!()));
        let row: Option<SealedRow> = query
            .bind(&id.app_id)
            .bind(&id.name)
            .fetch_optional(self.database.pool())
            .await
            .map_err(|error| self.database.explain(error))?;
        let Some(row) = row else { return Ok(None) };
        let begun_at = begun_at(&row)?;
        let connection = Sealed::from_row(row)?.open(&self.keyring.for_opening()?, id)?;
        Ok(Some(told(connection, begun_at)))
    }

    async fn put(&self, id: &ConnectionKey, connection: &Connection) -> Result<()> {
        let key = self.keyring.for_sealing()?;
        self.database.migrate().await?;
        let explain = |error| self.database.explain(error);
        for _ in 0..SAVE_TRIES {
            let mut transaction = self.database.pool().begin().await.map_err(explain)?;
            sqlx::query(DURABLE).execute(&mut *transaction).await.map_err(explain)?;
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

    async fn remove(&self, id: &ConnectionKey) -> Result<bool> {
        if !self.database.is_there().await? {
            return Ok(false);
        }
        let explain = |error| self.database.explain(error);
        let mut connection = self.database.pool().acquire().await.map_err(explain)?;
        take_out(&mut connection, id, None).await.map_err(explain)
    }

    async fn was_taken_out(&self, id: &ConnectionKey) -> Result<bool> {
        if !self.database.is_there().await? {
            return Ok(false);
        }
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM connector.removed WHERE app_id = $1 AND name = $2)")
            .bind(&id.app_id)
            .bind(&id.name)
            .fetch_one(self.database.pool())
            .await
            .map_err(|error| self.database.explain(error))
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
            ", generation, ",
            begun_at!(),
            ", ",
            renewal_columns!(),
            " FROM connector.connections c WHERE app_id = $1 ORDER BY name"
        ))
        .bind(app_id)
        .fetch_all(self.database.pool())
        .await
        .map_err(|error| self.database.explain(error))?;
        rows.into_iter().map(summary).collect()
    }
}

/// Writes the connection over the generation that was read, and forgets an attempt to renew it; `false` when there is
/// another generation by now.
pub(super) async fn swap(
    connection: &mut PgConnection,
    id: &ConnectionKey,
    generation: i64,
    sealed: &Sealed,
) -> sqlx::Result<bool> {
    let text = |instant: Option<jiff::Timestamp>| instant.map(|instant| instant.to_string());
    let renewal = &sealed.renewal;
    let done = sqlx::query(
        "INSERT INTO connector.connections AS c
             (app_id, name, account, state, expires_at, generation, key_id, tokens, settings, created_at, updated_at,
              reason, failures, failing_since, failing_days, retry_after, refreshed_at, failed_at, rejected_client)
         VALUES ($1, $2, $3, $4, $5::text::timestamptz, $6, $7, $8, $9, now(), now(),
                 $11, $12, $13::text::timestamptz, $14, $15::text::timestamptz, $16::text::timestamptz,
                 $17::text::timestamptz, $18)
         ON CONFLICT (app_id, name) DO UPDATE SET
             account = excluded.account, state = excluded.state, expires_at = excluded.expires_at,
             generation = excluded.generation, key_id = excluded.key_id, tokens = excluded.tokens,
             settings = excluded.settings, updated_at = excluded.updated_at, reason = excluded.reason,
             failures = excluded.failures, failing_since = excluded.failing_since,
             failing_days = excluded.failing_days, retry_after = excluded.retry_after,
             refreshed_at = excluded.refreshed_at, failed_at = excluded.failed_at,
             rejected_client = excluded.rejected_client
         WHERE c.generation = $10",
    )
    .bind(&id.app_id)
    .bind(&id.name)
    .bind(&sealed.account)
    .bind(&sealed.state)
    .bind(text(sealed.expires_at))
    .bind(sealed.generation)
    .bind(&sealed.key_id)
    .bind(&sealed.tokens)
    .bind(&sealed.settings)
    .bind(generation)
    .bind(&renewal.reason)
    .bind(i32::try_from(renewal.failures).unwrap_or(i32::MAX))
    .bind(text(renewal.failing_since))
    .bind(i32::try_from(renewal.failing_days).unwrap_or(i32::MAX))
    .bind(text(renewal.retry_after))
    .bind(text(renewal.succeeded_at))
    .bind(text(renewal.failed_at))
    .bind(&renewal.rejected_client)
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() != 1 {
        return Ok(false);
    }
    sqlx::query("DELETE FROM connector.refresh_attempts WHERE app_id = $1 AND name = $2")
        .bind(&id.app_id)
        .bind(&id.name)
        .execute(&mut *connection)
        .await?;
    if generation == 0 {
        sqlx::query("DELETE FROM connector.removed WHERE app_id = $1 AND name = $2")
            .bind(&id.app_id)
            .bind(&id.name)
            .execute(connection)
            .await?;
    }
    Ok(true)
}

/// Takes the connection of this generation out, of any when there is none, with an attempt to renew it, and notes that;
/// `false` when it is not there.
pub(super) async fn take_out(
    connection: &mut PgConnection,
    id: &ConnectionKey,
    generation: Option<i64>,
) -> sqlx::Result<bool> {
    let removed: i64 = sqlx::query_scalar(
        "WITH gone AS (DELETE FROM connector.connections
                       WHERE app_id = $1 AND name = $2 AND ($3::bigint IS NULL OR generation = $3) RETURNING 1),
              over AS (DELETE FROM connector.refresh_attempts
                       WHERE app_id = $1 AND name = $2 AND EXISTS (SELECT 1 FROM gone)),
              noted AS (INSERT INTO connector.removed (app_id, name, removed_at)
                        SELECT $1, $2, now() FROM gone
                        ON CONFLICT (app_id, name) DO UPDATE SET removed_at = excluded.removed_at)
         SELECT count(*) FROM gone",
    )
    .bind(&id.app_id)
    .bind(&id.name)
    .bind(generation)
    .fetch_one(connection)
    .await?;
    Ok(removed > 0)
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
