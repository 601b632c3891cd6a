//! Hints in SQLite.

use connector_core::Result;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::SqliteConnection;

use super::Database;
use crate::hints::{Added, HintRow, Hints, MINUTES_TO_FINISH, at_first_sight};

impl Database {
    pub(crate) async fn add_hint(&self, hints: &Hints, stream: &str, record_id: &str) -> Result<Added> {
        self.migrate().await?;
        let added = async {
            let mut connection = self.connect().await?;
            let (waits, count): (Option<bool>, i64) = sqlx::query_as(
                "SELECT (SELECT taken_at IS NULL FROM connector_hints
                         WHERE app_id = ?1 AND connection = ?2 AND stream = ?3 AND record_id = ?4),
                     (SELECT count(*) FROM connector_hints WHERE app_id = ?1 AND connection = ?2)",
            )
            .bind(hints.app_id.clone())
            .bind(hints.connection.clone())
            .bind(stream.to_owned())
            .bind(record_id.to_owned())
            .fetch_one(&mut connection)
            .await?;
            match at_first_sight(waits, count) {
                Some(added) => Ok(added),
                None => insert(&mut connection, hints, stream, record_id).await,
            }
        };
        added.await.map_err(|error| self.explain(error))
    }

    pub(crate) async fn take_hints(&self, hints: &Hints, most: u32) -> Result<Vec<HintRow>> {
        let now = Timestamp::now();
        let forgotten = now.saturating_sub(SignedDuration::from_mins(MINUTES_TO_FINISH));
        let forgotten = forgotten.unwrap_or(Timestamp::MIN).to_string();
        // One that is there already is opened to write.
        if self.connect_if_there().await?.is_none() {
            return Ok(Vec::new());
        }
        let taken = async {
            let mut connection = self.connect().await?;
            sqlx::query_as(
                "UPDATE connector_hints SET taken_at = ?3 WHERE id IN (
                     SELECT id FROM connector_hints
                     WHERE app_id = ?1 AND connection = ?2 AND (taken_at IS NULL OR taken_at < ?4)
                     ORDER BY id LIMIT ?5)
                 RETURNING id, stream, record_id, added_at",
            )
            .bind(hints.app_id.clone())
            .bind(hints.connection.clone())
            .bind(now.to_string())
            .bind(forgotten)
            .bind(i64::from(most))
            .fetch_all(&mut connection)
            .await
        };
        let mut rows: Vec<HintRow> = taken.await.map_err(|error| self.explain(error))?;
        rows.sort_unstable_by_key(|row| row.0);
        Ok(rows)
    }

    pub(crate) async fn finish_hints(&self, hints: &Hints, ids: &[i64]) -> Result<()> {
        let finished = async {
            let mut connection = self.connect().await?;
            sqlx::query(
                "DELETE FROM connector_hints WHERE app_id = ?1 AND connection = ?2
                 AND id IN (SELECT value FROM json_each(?3))",
            )
            .bind(hints.app_id.clone())
            .bind(hints.connection.clone())
            .bind(json!(ids).to_string())
            .execute(&mut connection)
            .await
        };
        finished.await.map(|_| ()).map_err(|error| self.explain(error))
    }

    pub(crate) async fn count_hints(&self, hints: &Hints) -> Result<i64> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(0);
        };
        sqlx::query_scalar("SELECT count(*) FROM connector_hints WHERE app_id = ?1 AND connection = ?2")
            .bind(hints.app_id.clone())
            .bind(hints.connection.clone())
            .fetch_one(&mut connection)
            .await
            .map_err(|error| self.explain(error))
    }
}

/// What is replaced gets a new id.
async fn insert(
    connection: &mut SqliteConnection,
    hints: &Hints,
    stream: &str,
    record_id: &str,
) -> sqlx::Result<Added> {
    let done = sqlx::query(
        "INSERT OR REPLACE INTO connector_hints (app_id, connection, stream, record_id, added_at)
         SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (
             SELECT 1 FROM connector_hints
             WHERE app_id = ?1 AND connection = ?2 AND stream = ?3 AND record_id = ?4 AND taken_at IS NULL)",
    )
    .bind(hints.app_id.clone())
    .bind(hints.connection.clone())
    .bind(stream.to_owned())
    .bind(record_id.to_owned())
    .bind(Timestamp::now().to_string())
    .execute(connection)
    .await?;
    Ok(if done.rows_affected() > 0 { Added::New } else { Added::Waiting })
}
