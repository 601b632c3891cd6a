//! Rejects of a batch in SQLite: filed, and taken out again.

use serde_json::json;

use super::session::SqliteSession;
use crate::session::{KeyedReject, distinct_rejects};

impl SqliteSession {
    /// Files rejects; one that was filed before is only seen again.
    pub(super) async fn file_rejects(&mut self, rejects: &[KeyedReject], now: &str) -> sqlx::Result<()> {
        for (digest, KeyedReject { key, reject }) in distinct_rejects(rejects) {
            sqlx::query(
                "INSERT INTO connector_rejects
                     (run_id, app_id, connection, schema, stream, digest, key, payload, code, reason, path, created_at,
                      seen_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)
                 ON CONFLICT (app_id, connection, schema, stream, digest) DO UPDATE SET
                     run_id = excluded.run_id, key = excluded.key, code = excluded.code, reason = excluded.reason,
                     path = excluded.path, seen_at = excluded.seen_at",
            )
            .bind(self.run_id.to_string())
            .bind(self.scope.app_id.clone())
            .bind(self.scope.connection.clone())
            .bind(self.scope.schema.clone())
            .bind(self.stream.clone())
            .bind(digest.to_vec())
            .bind(key.clone())
            .bind(reject.payload.clone())
            .bind(reject.code.clone())
            .bind(reject.reason.clone())
            .bind(reject.path.clone())
            .bind(now.to_owned())
            .execute(self.connection().await?)
            .await?;
        }
        Ok(())
    }

    /// Removes rejects of this stream, by their numbers.
    pub(super) async fn take_out_rejects(&mut self, numbers: &[i64]) -> sqlx::Result<()> {
        sqlx::query(
            "DELETE FROM connector_rejects WHERE id IN (SELECT value FROM json_each(?1))
             AND app_id = ?2 AND connection = ?3 AND schema = ?4 AND stream = ?5",
        )
        .bind(json!(numbers).to_string())
        .bind(self.scope.app_id.clone())
        .bind(self.scope.connection.clone())
        .bind(self.scope.schema.clone())
        .bind(self.stream.clone())
        .execute(self.connection().await?)
        .await?;
        Ok(())
    }
}
