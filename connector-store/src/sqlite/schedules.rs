//! Schedules in SQLite.

use connector_core::Result;
use jiff::Timestamp;
use serde_json::Value;

use super::Database;
use crate::schedules::{self, CLAIM, LastTime, Schedule, ScheduleKey, ScheduleRow, StoredSchedule};

impl Database {
    pub(crate) async fn schedules(&self, app_id: &str) -> Result<Vec<StoredSchedule>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<ScheduleRow> = sqlx::query_as(
            "SELECT connection, name, expression, time_zone, jitter_seconds, request, enabled, next_at, last_at,
                 last_run_id, last_skipped, claimed_until, updated_at
             FROM connector_schedules WHERE app_id = ?1 ORDER BY connection, name",
        )
        .bind(app_id.to_owned())
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.explain(error))?;
        rows.into_iter().map(|row| schedules::schedule(app_id, row)).collect()
    }

    pub(crate) async fn put_schedule(&self, schedule: &Schedule) -> Result<()> {
        self.migrate().await?;
        let put = async {
            let mut connection = self.connect().await?;
            sqlx::query(
                "INSERT INTO connector_schedules (app_id, connection, name, expression, time_zone, jitter_seconds,
                     request, enabled, next_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (app_id, connection, name) DO UPDATE SET
                     expression = excluded.expression, time_zone = excluded.time_zone,
                     jitter_seconds = excluded.jitter_seconds, request = excluded.request,
                     enabled = excluded.enabled, next_at = excluded.next_at, claimed_until = NULL,
                     updated_at = excluded.updated_at",
            )
            .bind(schedule.key.app_id.clone())
            .bind(schedule.key.connection.clone())
            .bind(schedule.key.name.clone())
            .bind(schedule.expression.clone())
            .bind(schedule.time_zone.clone())
            .bind(i64::from(schedule.jitter_seconds))
            .bind(Value::Object(schedule.request.clone()).to_string())
            .bind(schedule.enabled)
            .bind(schedule.next_at.map(|at| at.to_string()))
            .bind(Timestamp::now().to_string())
            .execute(&mut connection)
            .await
        };
        put.await.map(|_| ()).map_err(|error| self.explain(error))
    }

    pub(crate) async fn remove_schedule(&self, key: &ScheduleKey) -> Result<bool> {
        // One that is there already is opened to write.
        if self.connect_if_there().await?.is_none() {
            return Ok(false);
        }
        let removed = async {
            let mut connection = self.connect().await?;
            sqlx::query("DELETE FROM connector_schedules WHERE app_id = ?1 AND connection = ?2 AND name = ?3")
                .bind(key.app_id.clone())
                .bind(key.connection.clone())
                .bind(key.name.clone())
                .execute(&mut connection)
                .await
        };
        let done = removed.await.map_err(|error| self.explain(error))?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn claim_schedule(
        &self,
        key: &ScheduleKey,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let claimed = async {
            let mut connection = self.connect().await?;
            sqlx::query(
                "UPDATE connector_schedules SET claimed_until = ?6
                 WHERE app_id = ?1 AND connection = ?2 AND name = ?3 AND enabled AND next_at = ?4
                     AND (claimed_until IS NULL OR julianday(claimed_until) <= julianday(?5))",
            )
            .bind(key.app_id.clone())
            .bind(key.connection.clone())
            .bind(key.name.clone())
            .bind(due.to_string())
            .bind(now.to_string())
            .bind((now + CLAIM).to_string())
            .execute(&mut connection)
            .await
        };
        let done = claimed.await.map_err(|error| self.explain(error))?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn settle_schedule(
        &self,
        key: &ScheduleKey,
        due: Timestamp,
        next: Option<Timestamp>,
    ) -> Result<()> {
        let settled = async {
            let mut connection = self.connect().await?;
            sqlx::query(
                "UPDATE connector_schedules SET next_at = ?5, claimed_until = NULL
                 WHERE app_id = ?1 AND connection = ?2 AND name = ?3 AND next_at = ?4",
            )
            .bind(key.app_id.clone())
            .bind(key.connection.clone())
            .bind(key.name.clone())
            .bind(due.to_string())
            .bind(next.map(|at| at.to_string()))
            .execute(&mut connection)
            .await
        };
        settled.await.map(|_| ()).map_err(|error| self.explain(error))
    }

    pub(crate) async fn note_schedule(&self, key: &ScheduleKey, last: &LastTime) -> Result<()> {
        let noted = async {
            let mut connection = self.connect().await?;
            sqlx::query(
                "UPDATE connector_schedules SET last_at = ?4, last_run_id = ?5, last_skipped = ?6
                 WHERE app_id = ?1 AND connection = ?2 AND name = ?3",
            )
            .bind(key.app_id.clone())
            .bind(key.connection.clone())
            .bind(key.name.clone())
            .bind(last.at.to_string())
            .bind(last.outcome.as_ref().ok().map(ToString::to_string))
            .bind(last.outcome.as_ref().err().cloned())
            .execute(&mut connection)
            .await
        };
        noted.await.map(|_| ()).map_err(|error| self.explain(error))
    }
}
