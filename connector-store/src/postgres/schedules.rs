//! Schedules in PostgreSQL.

use connector_core::Result;
use jiff::Timestamp;
use serde_json::Value;

use super::Database;
use super::status::instant;
use crate::schedules::{self, CLAIM, LastTime, Schedule, ScheduleKey, ScheduleRow, StoredSchedule};

impl Database {
    pub(crate) async fn schedules(&self, app_id: &str) -> Result<Vec<StoredSchedule>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let rows: Vec<ScheduleRow> = self
            .again(|| {
                sqlx::query_as(concat!(
                    "SELECT connection, name, expression, time_zone, jitter_seconds, request::text, enabled, ",
                    instant!("next_at"),
                    ", ",
                    instant!("last_at"),
                    ", last_run_id::text, last_skipped, ",
                    instant!("claimed_until"),
                    ", ",
                    instant!("updated_at"),
                    " FROM connector.schedules WHERE app_id = $1 ORDER BY connection, name"
                ))
                .bind(app_id)
                .fetch_all(self.pool())
            })
            .await?;
        rows.into_iter().map(|row| schedules::schedule(app_id, row)).collect()
    }

    pub(crate) async fn put_schedule(&self, schedule: &Schedule) -> Result<()> {
        self.migrate().await?;
        let key = &schedule.key;
        self.again(|| {
            sqlx::query(
                "INSERT INTO connector.schedules (app_id, connection, name, expression, time_zone, jitter_seconds,
                     request, enabled, next_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9::text::timestamptz, now())
                 ON CONFLICT (app_id, connection, name) DO UPDATE SET
                     expression = excluded.expression, time_zone = excluded.time_zone,
                     jitter_seconds = excluded.jitter_seconds, request = excluded.request,
                     enabled = excluded.enabled, next_at = excluded.next_at, claimed_until = NULL,
                     updated_at = excluded.updated_at",
            )
            .bind(&key.app_id)
            .bind(&key.connection)
            .bind(&key.name)
            .bind(&schedule.expression)
            .bind(&schedule.time_zone)
            .bind(i64::from(schedule.jitter_seconds))
            .bind(Value::Object(schedule.request.clone()).to_string())
            .bind(schedule.enabled)
            .bind(schedule.next_at.map(|at| at.to_string()))
            .execute(self.pool())
        })
        .await?;
        Ok(())
    }

    pub(crate) async fn remove_schedule(&self, key: &ScheduleKey) -> Result<bool> {
        if !self.is_there().await? {
            return Ok(false);
        }
        let done = self
            .again(|| {
                sqlx::query(
                    "DELETE FROM connector.schedules WHERE app_id = $1 AND connection = $2 AND name = $3",
                )
                .bind(&key.app_id)
                .bind(&key.connection)
                .bind(&key.name)
                .execute(self.pool())
            })
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn claim_schedule(
        &self,
        key: &ScheduleKey,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        // Not again after a failure: a second try would find the first one's claim, and take it for another's.
        let done = sqlx::query(
            "UPDATE connector.schedules SET claimed_until = $6::text::timestamptz
             WHERE app_id = $1 AND connection = $2 AND name = $3 AND enabled AND next_at = $4::text::timestamptz
                 AND (claimed_until IS NULL OR claimed_until <= $5::text::timestamptz)",
        )
        .bind(&key.app_id)
        .bind(&key.connection)
        .bind(&key.name)
        .bind(due.to_string())
        .bind(now.to_string())
        .bind((now + CLAIM).to_string())
        .execute(self.pool())
        .await
        .map_err(|error| self.explain(error))?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn settle_schedule(
        &self,
        key: &ScheduleKey,
        due: Timestamp,
        next: Option<Timestamp>,
    ) -> Result<()> {
        self.again(|| {
            sqlx::query(
                "UPDATE connector.schedules SET next_at = $5::text::timestamptz, claimed_until = NULL
                 WHERE app_id = $1 AND connection = $2 AND name = $3 AND next_at = $4::text::timestamptz",
            )
            .bind(&key.app_id)
            .bind(&key.connection)
            .bind(&key.name)
            .bind(due.to_string())
            .bind(next.map(|at| at.to_string()))
            .execute(self.pool())
        })
        .await?;
        Ok(())
    }

    pub(crate) async fn note_schedule(&self, key: &ScheduleKey, last: &LastTime) -> Result<()> {
        self.again(|| {
            sqlx::query(
                "UPDATE connector.schedules SET last_at = $4::text::timestamptz, last_run_id = $5, last_skipped = $6
                 WHERE app_id = $1 AND connection = $2 AND name = $3",
            )
            .bind(&key.app_id)
            .bind(&key.connection)
            .bind(&key.name)
            .bind(last.at.to_string())
            .bind(last.outcome.as_ref().ok())
            .bind(last.outcome.as_ref().err())
            .execute(self.pool())
        })
        .await?;
        Ok(())
    }
}
