//! Rejects of a batch in PostgreSQL: filed, and taken out again.

use super::session::PgSession;
use crate::session::{KeyedReject, distinct_rejects};
use crate::text::without_nul;

impl PgSession {
    /// Files rejects; one that was filed before is only seen again.
    pub(super) async fn file_rejects(&mut self, rejects: &[KeyedReject], now: &str) -> sqlx::Result<()> {
        let rejects = distinct_rejects(rejects);
        let texts = |of: fn(&KeyedReject) -> Option<&str>| -> Vec<_> {
            rejects.iter().map(|(_, reject)| of(reject).map(without_nul)).collect()
        };
        sqlx::query(
            "INSERT INTO connector.rejects
                 (run_id, app_id, connection, schema, stream, digest, key, payload, code, reason, path, created_at, seen_at)
             SELECT $1, $2, $3, $4, $5, r.digest, r.key, r.payload, r.code, r.reason, r.path,
                    $6::text::timestamptz, $6::text::timestamptz
             FROM unnest($7::bytea[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
                  AS r(digest, key, payload, code, reason, path)
             ON CONFLICT (app_id, connection, schema, stream, digest) DO UPDATE SET
                 run_id = excluded.run_id, key = excluded.key, code = excluded.code, reason = excluded.reason,
                 path = excluded.path, seen_at = excluded.seen_at",
        )
        .bind(self.run_id)
        .bind(self.scope.app_id.clone())
        .bind(self.scope.connection.clone())
        .bind(self.scope.schema.clone())
        .bind(self.stream.clone())
        .bind(now)
        .bind(rejects.iter().map(|(digest, _)| digest.as_slice()).collect::<Vec<_>>())
        .bind(texts(|reject| reject.key.as_deref()))
        .bind(texts(|reject| Some(&reject.reject.payload)))
        .bind(texts(|reject| Some(&reject.reject.code)))
        .bind(texts(|reject| Some(&reject.reject.reason)))
        .bind(texts(|reject| reject.reject.path.as_deref()))
        .execute(self.connection().await?)
        .await?;
        Ok(())
    }

    /// Removes rejects of this stream, by their numbers.
    pub(super) async fn take_out_rejects(&mut self, numbers: &[i64]) -> sqlx::Result<()> {
        sqlx::query(
            "DELETE FROM connector.rejects
             WHERE id = ANY ($1) AND app_id = $2 AND connection = $3 AND schema = $4 AND stream = $5",
        )
        .bind(numbers)
        .bind(self.scope.app_id.clone())
        .bind(self.scope.connection.clone())
        .bind(self.scope.schema.clone())
        .bind(self.stream.clone())
        .execute(self.connection().await?)
        .await?;
        Ok(())
    }
}
