//! Hints in PostgreSQL.

use connector_core::Result;

use super::Database;
use super::status::instant;
use crate::hints::{Added, HintRow, Hints, MINUTES_TO_FINISH, at_first_sight};

impl Database {
    pub(crate) async fn add_hint(&self, hints: &Hints, stream: &str, record_id: &str) -> Result<Added> {
        self.migrate().await?;
        let (waits, count): (Option<bool>, i64) = self
            .again(|| {
                sqlx::query_as(
                    "SELECT (SELECT taken_at IS NULL FROM connector.hints
                             WHERE app_id = $1 AND connection = $2 AND stream = $3 AND record_id = $4),
                         (SELECT count(*) FROM connector.hints WHERE app_id = $1 AND connection = $2)",
                )
                .bind(&hints.app_id)
                .bind(&hints.connection)
                .bind(stream)
                .bind(record_id)
                .fetch_one(self.pool())
            })
            .await?;
        if let Some(added) = at_first_sight(waits, count) {
            return Ok(added);
        }
        let added = self
            .again(|| {
                sqlx::query(
                    "INSERT INTO connector.hints AS h (app_id, connection, stream, record_id, added_at)
                     VALUES ($1, $2, $3, $4, now())
                     ON CONFLICT (app_id, connection, stream, record_id) DO UPDATE SET
                         id = excluded.id, added_at = excluded.added_at, taken_at = NULL
                         WHERE h.taken_at IS NOT NULL",
                )
                .bind(&hints.app_id)
                .bind(&hints.connection)
                .bind(stream)
                .bind(record_id)
                .execute(self.pool())
            })
            .await?;
        Ok(if added.rows_affected() == 1 { Added::New } else { Added::Waiting })
    }

    pub(crate) async fn take_hints(&self, hints: &Hints, most: u32) -> Result<Vec<HintRow>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let mut rows: Vec<HintRow> = self
            .again(|| {
                sqlx::query_as(concat!(
                    "WITH next AS MATERIALIZED (
                         SELECT id FROM connector.hints
                         WHERE app_id = $1 AND connection = $2
                           AND (taken_at IS NULL OR taken_at < now() - $3 * interval '1 minute')
                         ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED)
                     UPDATE connector.hints AS h SET taken_at = now() FROM next WHERE h.id = next.id
                     RETURNING h.id, stream, record_id, ",
                    instant!("added_at")
                ))
                .bind(&hints.app_id)
                .bind(&hints.connection)
                .bind(MINUTES_TO_FINISH)
                .bind(i64::from(most))
                .fetch_all(self.pool())
            })
            .await?;
        rows.sort_unstable_by_key(|row| row.0);
        Ok(rows)
    }

    pub(crate) async fn finish_hints(&self, hints: &Hints, ids: &[i64]) -> Result<()> {
        self.again(|| {
            sqlx::query("DELETE FROM connector.hints WHERE app_id = $1 AND connection = $2 AND id = ANY ($3)")
                .bind(&hints.app_id)
                .bind(&hints.connection)
                .bind(ids)
                .execute(self.pool())
        })
        .await?;
        Ok(())
    }

    pub(crate) async fn count_hints(&self, hints: &Hints) -> Result<i64> {
        if !self.is_there().await? {
            return Ok(0);
        }
        self.again(|| {
            sqlx::query_scalar("SELECT count(*) FROM connector.hints WHERE app_id = $1 AND connection = $2")
                .bind(&hints.app_id)
                .bind(&hints.connection)
                .fetch_one(self.pool())
        })
        .await
    }
}
