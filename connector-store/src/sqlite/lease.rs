//! Leases in SQLite: a lock on a file beside the database, which a dead holder lets go of at once, and a fence number
//! in a row.

use std::fs::File;
use std::time::Duration;

use connector_core::Result;
use connector_core::sync::RunStart;
use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use super::Database;
use crate::lease::{Holder, ReportRow, Scope, held, host_name};

/// A killed holder's lock ends within milliseconds, but not before the next process may ask.
const TRIES: u32 = 8;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// A lease that is held as long as its file is open.
pub(super) struct Lease {
    pub(super) file: File,
    pub(super) fence: i64,
}

/// Takes the lease, marks runs that were killed, records this one.
pub(super) async fn take(database: &Database, scope: &Scope, run: &RunStart) -> Result<Lease> {
    let explain = |error| database.explain(error).context("taking the lease");
    let file = lock(database, scope).await?;
    let mut connection = database.connect().await.map_err(explain)?;
    let Some(file) = file else {
        let holder = holder(&mut connection, scope).await.map_err(explain)?;
        return Err(held(scope, holder.as_ref()));
    };
    let fence = record(&mut connection, scope, run).await.map_err(explain)?;
    Ok(Lease { file, fence })
}

async fn lock(database: &Database, scope: &Scope) -> Result<Option<File>> {
    for left in (0..TRIES).rev() {
        let file = database.try_lock_file(&[&scope.app_id, &scope.connection])?;
        if file.is_some() {
            return Ok(file);
        }
        if left > 0 {
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }
    Ok(None)
}

async fn holder(connection: &mut SqliteConnection, scope: &Scope) -> sqlx::Result<Option<Holder>> {
    let row: Option<(String, String, i64, String)> = sqlx::query_as(
        "SELECT run_id, host, pid, taken_at FROM connector_leases
         WHERE app_id = ?1 AND connection = ?2 ORDER BY taken_at DESC LIMIT 1",
    )
    .bind(scope.app_id.clone())
    .bind(scope.connection.clone())
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(run_id, host, pid, since)| Holder { run_id, host, pid, since }))
}

async fn record(connection: &mut SqliteConnection, scope: &Scope, run: &RunStart) -> sqlx::Result<i64> {
    let (host, pid) = (host_name(), i64::from(std::process::id()));
    let now = Timestamp::now().to_string();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let fence = sqlx::query_scalar(
        "INSERT INTO connector_leases (app_id, connection, schema, fence, run_id, host, pid, taken_at)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7)
         ON CONFLICT (app_id, connection, schema) DO UPDATE SET
             fence = fence + 1, run_id = excluded.run_id, host = excluded.host, pid = excluded.pid,
             taken_at = excluded.taken_at
         RETURNING fence",
    )
    .bind(scope.app_id.clone())
    .bind(scope.connection.clone())
    .bind(scope.schema.clone())
    .bind(run.run_id.to_string())
    .bind(host.clone())
    .bind(pid)
    .bind(now.clone())
    .fetch_one(&mut *transaction)
    .await?;
    sqlx::query(
        "UPDATE connector_runs SET status = 'interrupted', finished_at = ?3
         WHERE app_id = ?1 AND connection = ?2 AND status = 'running'",
    )
    .bind(scope.app_id.clone())
    .bind(scope.connection.clone())
    .bind(now)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "INSERT INTO connector_runs (run_id, app_id, connection, schema, status, host, pid, started_at)
         VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?6, ?7)",
    )
    .bind(run.run_id.to_string())
    .bind(scope.app_id.clone())
    .bind(scope.connection.clone())
    .bind(scope.schema.clone())
    .bind(host)
    .bind(pid)
    .bind(run.started_at.to_string())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(fence)
}

impl Database {
    /// Whether a run holds a connection now, in this process or any other. Whoever asks has the lock for a moment; a run
    /// that begins just then tries again.
    pub(crate) fn is_held(&self, app_id: &str, connection: &str) -> Result<bool> {
        Ok(self.try_lock_file(&[app_id, connection])?.is_none())
    }
}

/// Writes the report, if the lease still holds.
pub(super) async fn write_report(
    connection: &mut SqliteConnection,
    scope: &Scope,
    fence: i64,
    run_id: Uuid,
    report: &ReportRow,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE connector_runs SET status = ?1, finished_at = ?2, requests = ?3, report = ?4
         WHERE run_id = ?5 AND EXISTS (
             SELECT 1 FROM connector_leases WHERE app_id = ?6 AND connection = ?7 AND schema = ?8 AND fence = ?9)",
    )
    .bind(report.status.clone())
    .bind(report.finished_at.clone())
    .bind(report.requests)
    .bind(report.json.clone())
    .bind(run_id.to_string())
    .bind(scope.app_id.clone())
    .bind(scope.connection.clone())
    .bind(scope.schema.clone())
    .bind(fence)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
