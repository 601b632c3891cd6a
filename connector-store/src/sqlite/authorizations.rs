//! Authorizations under way in SQLite.

use std::sync::Arc;

use connector_core::oauth::{AuthorizationStore, ConnectionKey, PendingAuthorization, TakenAuthorization};
use connector_core::{Result, Secret};
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::Database;
use crate::authorizations::{SealedAuthorization, digest, sortable};
use crate::vault::Keyring;

/// The authorizations of an SQLite store.
pub(crate) struct SqliteAuthorizations {
    pub(crate) database: Arc<Database>,
    pub(crate) keyring: Keyring,
}

impl SqliteAuthorizations {
    /// What has expired goes when something new comes.
    async fn keep(&self, state: &Secret, pending: &PendingAuthorization) -> Result<()> {
        let digest = digest(state);
        self.database.migrate().await?;
        let row = SealedAuthorization::seal(&self.keyring, &digest, pending)?;
        let now = sortable(Timestamp::now());
        let kept = async {
            let mut connection = self.database.connect().await?;
            sqlx::query("DELETE FROM connector_authorizations WHERE expires_at <= ?1")
                .bind(now.clone())
                .execute(&mut connection)
                .await?;
            sqlx::query(
                "INSERT INTO connector_authorizations
                     (flow_id, state_digest, app_id, connection, key_id, sealed, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )
            .bind(pending.flow_id.to_string())
            .bind(digest)
            .bind(pending.key.app_id.clone())
            .bind(pending.key.name.clone())
            .bind(row.key_id)
            .bind(row.sealed)
            .bind(now)
            .bind(sortable(pending.expires_at))
            .execute(&mut connection)
            .await
        };
        kept.await.map(|_| ()).map_err(|error| self.database.explain(error))
    }

    async fn take_out(&self, state: &Secret) -> Result<TakenAuthorization> {
        // One that is there already is opened to write.
        if self.database.connect_if_there().await?.is_none() {
            return Ok(TakenAuthorization::Unknown);
        }
        let explain = |error| self.database.explain(error);
        let mut connection = self.database.connect().await.map_err(explain)?;
        let digest = digest(state);
        let now = sortable(Timestamp::now());
        let taken: Option<(String, String, Vec<u8>)> = sqlx::query_as(
            "UPDATE connector_authorizations SET used_at = ?2
             WHERE state_digest = ?1 AND used_at IS NULL AND expires_at > ?2
             RETURNING app_id, key_id, sealed",
        )
        .bind(digest.clone())
        .bind(now.clone())
        .fetch_optional(&mut connection)
        .await
        .map_err(explain)?;
        if let Some((app_id, key_id, sealed)) = taken {
            let pending = SealedAuthorization { key_id, sealed }.open(&self.keyring, &app_id, &digest)?;
            return Ok(TakenAuthorization::Fresh(Box::new(pending)));
        }
        let is_used: Option<i32> = sqlx::query_scalar(
            "SELECT 1 FROM connector_authorizations
             WHERE state_digest = ?1 AND used_at IS NOT NULL AND expires_at > ?2",
        )
        .bind(digest)
        .bind(now)
        .fetch_optional(&mut connection)
        .await
        .map_err(explain)?;
        Ok(if is_used.is_some() { TakenAuthorization::Used } else { TakenAuthorization::Unknown })
    }
}

impl Database {
    /// Whether an authorization of the connection is under way.
    pub(crate) async fn is_being_authorized(&self, id: &ConnectionKey) -> Result<bool> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(false);
        };
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM connector_authorizations
             WHERE app_id = ?1 AND connection = ?2 AND used_at IS NULL AND expires_at > ?3)",
        )
        .bind(id.app_id.clone())
        .bind(id.name.clone())
        .bind(sortable(Timestamp::now()))
        .fetch_one(&mut connection)
        .await
        .map_err(|error| self.explain(error))
    }
}

impl AuthorizationStore for SqliteAuthorizations {
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
