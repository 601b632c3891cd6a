//! Keys to the HTTP server in PostgreSQL.

use connector_core::Result;

use super::Database;
use super::status::instant;
use crate::access_keys::{AccessKey, KeyRow};

impl Database {
    pub(crate) async fn insert_access_key(&self, key: &AccessKey) -> Result<()> {
        self.migrate().await?;
        sqlx::query(
            "INSERT INTO connector.access_keys
                 (id, digest, label, scopes, apps, connectors, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7::timestamptz, $8::timestamptz)",
        )
        .bind(&key.id)
        .bind(&key.digest)
        .bind(&key.label)
        .bind(key.scopes.join(" "))
        .bind(key.apps.join(" "))
        .bind(key.connectors.join(" "))
        .bind(key.created_at.to_string())
        .bind(key.expires_at.map(|instant| instant.to_string()))
        .execute(self.pool())
        .await
        .map(|_| ())
        .map_err(|error| self.explain(error))
    }

    /// All keys, or the one with this id.
    pub(crate) async fn access_keys(&self, id: Option<&str>) -> Result<Vec<KeyRow>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        self.again(|| {
            sqlx::query_as(concat!(
                "SELECT id, digest, label, scopes, apps, connectors, ",
                instant!("created_at"),
                ", ",
                instant!("expires_at"),
                ", ",
                instant!("revoked_at"),
                ", ",
                instant!("last_used_at"),
                " FROM connector.access_keys k WHERE $1 IS NULL OR id = $1 ORDER BY k.created_at, id"
            ))
            .bind(id)
            .fetch_all(self.pool())
        })
        .await
    }

    pub(crate) async fn revoke_access_key(&self, id: &str) -> Result<bool> {
        if !self.is_there().await? {
            return Ok(false);
        }
        let done = self
            .again(|| {
                sqlx::query(
                    "UPDATE connector.access_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1",
                )
                .bind(id)
                .execute(self.pool())
            })
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn touch_access_key(&self, id: &str) -> Result<()> {
        self.again(|| {
            sqlx::query("UPDATE connector.access_keys SET last_used_at = now() WHERE id = $1")
                .bind(id)
                .execute(self.pool())
        })
        .await
        .map(|_| ())
    }
}
