//! Keys to the HTTP server in SQLite.

use connector_core::Result;
use jiff::Timestamp;

use super::Database;
use crate::access_keys::{AccessKey, KeyRow};

impl Database {
    pub(crate) async fn insert_access_key(&self, key: &AccessKey) -> Result<()> {
        self.migrate().await?;
        let explain = |error| self.explain(error);
        let mut connection = self.connect().await.map_err(explain)?;
        sqlx::query(
            "INSERT INTO connector_access_keys
                 (id, digest, label, scopes, apps, connectors, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .bind(key.id.clone())
        .bind(key.digest.clone())
        .bind(key.label.clone())
        .bind(key.scopes.join(" "))
        .bind(key.apps.join(" "))
        .bind(key.connectors.join(" "))
        .bind(key.created_at.to_string())
        .bind(key.expires_at.map(|instant| instant.to_string()))
        .execute(&mut connection)
        .await
        .map(|_| ())
        .map_err(explain)
    }

    /// All keys, or the one with this id.
    pub(crate) async fn access_keys(&self, id: Option<&str>) -> Result<Vec<KeyRow>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        sqlx::query_as(
            "SELECT id, digest, label, scopes, apps, connectors, created_at, expires_at, revoked_at, last_used_at
             FROM connector_access_keys WHERE ?1 IS NULL OR id = ?1 ORDER BY created_at, id",
        )
        .bind(id.map(str::to_owned))
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.explain(error))
    }

    pub(crate) async fn revoke_access_key(&self, id: &str) -> Result<bool> {
        // One that is there already is opened to write.
        if self.connect_if_there().await?.is_none() {
            return Ok(false);
        }
        let explain = |error| self.explain(error);
        let mut connection = self.connect().await.map_err(explain)?;
        let done = sqlx::query(
            "UPDATE connector_access_keys SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1",
        )
        .bind(id.to_owned())
        .bind(Timestamp::now().to_string())
        .execute(&mut connection)
        .await
        .map_err(explain)?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn touch_access_key(&self, id: &str) -> Result<()> {
        let explain = |error| self.explain(error);
        let mut connection = self.connect().await.map_err(explain)?;
        sqlx::query("UPDATE connector_access_keys SET last_used_at = ?2 WHERE id = ?1")
            .bind(id.to_owned())
            .bind(Timestamp::now().to_string())
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(explain)
    }
}
