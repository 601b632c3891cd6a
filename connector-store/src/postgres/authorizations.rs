//! Authorizations under way in PostgreSQL.

use std::sync::Arc;

use connector_core::oauth::{AuthorizationStore, ConnectionKey, PendingAuthorization, TakenAuthorization};
use connector_core::{Result, Secret};
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::Database;
use crate::authorizations::{SealedAuthorization, digest, sortable};
use crate::vault::Keyring;

/// The authorizations of a PostgreSQL store.
pub(crate) struct PgAuthorizations {
    pub(crate) database: Arc<Database>,
    pub(crate) keyring: Keyring,
}

impl PgAuthorizations {
    /// What has expired goes when something new comes.
    async fn keep(&self, state: &Secret, pending: &PendingAuthorization) -> Result<()> {
        let digest = digest(state);
        let row = SealedAuthorization::seal(&self.keyring, &digest, pending)?;
        self.database.migrate().await?;
        let now = sortable(Timestamp::now());
        let done = sqlx::query(
            "WITH expired AS (DELETE FROM connector.authorizations WHERE expires_at <= $7::text::timestamptz)
             INSERT INTO connector.authorizations
                 (flow_id, state_digest, app_id, connection, key_id, sealed, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7::text::timestamptz, $8::text::timestamptz)",
        )
        .bind(pending.flow_id)
        .bind(digest)
        .bind(&pending.key.app_id)
        .bind(&pending.key.name)
        .bind(row.key_id)
        .bind(row.sealed)
        .bind(now)
        .bind(sortable(pending.expires_at))
        .execute(self.database.pool());
        done.await.map(|_| ()).map_err(|error| self.database.explain(error))
    }

    async fn take_out(&self, state: &Secret) -> Result<TakenAuthorization> {
        if !self.database.is_there().await? {
            return Ok(TakenAuthorization::Unknown);
        }
        let digest = digest(state);
        let now = sortable(Timestamp::now());
        let explain = |error| self.database.explain(error);
        let taken: Option<(String, String, Vec<u8>)> = sqlx::query_as(
            "UPDATE connector.authorizations SET used_at = $2::text::timestamptz
             WHERE state_digest = $1 AND used_at IS NULL AND expires_at > $2::text::timestamptz
             RETURNING app_id, key_id, sealed",
        )
        .bind(&digest)
        .bind(&now)
        .fetch_optional(self.database.pool())
        .await
        .map_err(explain)?;
        if let Some((app_id, key_id, sealed)) = taken {
            let pending = SealedAuthorization { key_id, sealed }.open(&self.keyring, &app_id, &digest)?;
            return Ok(TakenAuthorization::Fresh(Box::new(pending)));
        }
        let is_used: Option<i32> = sqlx::query_scalar(
            "SELECT 1 FROM connector.authorizations
             WHERE state_digest = $1 AND used_at IS NOT NULL AND expires_at > $2::text::timestamptz",
        )
        .bind(&digest)
        .bind(&now)
        .fetch_optional(self.database.pool())
        .await
        .map_err(explain)?;
        Ok(if is_used.is_some() { TakenAuthorization::Used } else { TakenAuthorization::Unknown })
    }
}

impl Database {
    /// Whether an authorization of the connection is under way.
    pub(crate) async fn is_being_authorized(&self, id: &ConnectionKey) -> Result<bool> {
        if !self.is_there().await? {
            return Ok(false);
        }
        self.again(|| {
            sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM connector.authorizations
                 WHERE app_id = $1 AND connection = $2 AND used_at IS NULL AND expires_at > now())",
            )
            .bind(&id.app_id)
            .bind(&id.name)
            .fetch_one(self.pool())
        })
        .await
    }
}

impl AuthorizationStore for PgAuthorizations {
    fn put<'a>(&'a self, state: &'a Secret, pending: &'a PendingAuthorization) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.keep(state, pending))
    }

    fn is_waiting<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<bool>> {
        Box::pin(self.database.is_being_authorized(key))
    }

    fn take<'a>(&'a self, state: &'a Secret) -> BoxFuture<'a, Result<TakenAuthorization>> {
        Box::pin(self.take_out(state))
    }
}
