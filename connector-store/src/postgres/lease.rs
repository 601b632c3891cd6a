//! Leases in PostgreSQL: a session's advisory lock, which a dead holder lets go of at once, and a fence number in a
//! row, which a holder that lost its session unknowingly fails at.

use std::time::Duration;

use connector_core::Result;
use connector_core::sync::RunStart;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{Database, presence};
use crate::lease::{Holder, ReportRow, Scope, held, host_name, lock_number};

/// A killed holder's session ends within milliseconds, but not before the next process may ask.
const TRIES: u32 = 8;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// A lease that is held as long as its connection lives.
pub(super) struct Lease {
    pub(super) connection: PgConnection,
    pub(super) fence: i64,
}

/// Takes the lease, marks runs that were killed, records this one.
pub(super) async fn take(database: &Database, scope: &Scope, run: &RunStart) -> Result<Lease> {
    let explain = |error| database.explain(error).context("taking the lease");
    let mut connection = database.connect().await.map_err(explain)?;
    // A transaction of the run before may be at its end; it never takes long.
    sqlx::query("SET lock_timeout = '30s'").execute(&mut connection).await.map_err(explain)?;
    presence::watch(&mut connection).await.map_err(explain)?;
    if !lock(&mut connection, scope).await.map_err(explain)? {
        let holder = holder(&mut connection, scope).await.map_err(explain)?;
        return Err(held(scope, holder.as_ref()));
    }
    let fence = record(&mut connection, scope, run).await.map_err(explain)?;
    Ok(Lease { connection, fence })
}

async fn lock(connection: &mut PgConnection, scope: &Scope) -> sqlx::Result<bool> {
    for left in (0..TRIES).rev() {
        let is_ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(scope.number())
            .fetch_one(&mut *connection)
            .await?;
        if is_ours {
            return Ok(true);
        }
        if left > 0 {
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }
    Ok(false)
}

async fn holder(connection: &mut PgConnection, scope: &Scope) -> sqlx::Result<Option<Holder>> {
    let row: Option<(String, String, i64, String)> = sqlx::query_as(
        "SELECT run_id::text, host, pid, to_char(taken_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
         FROM connector.leases WHERE app_id = $1 AND connection = $2 ORDER BY taken_at DESC LIMIT 1",
    )
    .bind(&scope.app_id)
    .bind(&scope.connection)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(run_id, host, pid, since)| Holder { run_id, host, pid, since }))
}

async fn record(connection: &mut PgConnection, scope: &Scope, run: &RunStart) -> sqlx::Result<i64> {
    let (host, pid) = (host_name(), i64::from(std::process::id()));
    let mut transaction = connection.begin().await?;
    let fence = sqlx::query_scalar(
        "INSERT INTO connector.leases AS l (app_id, connection, schema, fence, run_id, host, pid, taken_at)
         VALUES ($1, $2, $3, 1, $4, $5, $6, now())
         ON CONFLICT (app_id, connection, schema) DO UPDATE SET
             fence = l.fence + 1, run_id = excluded.run_id, host = excluded.host, pid = excluded.pid, taken_at = now()
         RETURNING fence",
    )
    .bind(&scope.app_id)
    .bind(&scope.connection)
    .bind(&scope.schema)
    .bind(run.run_id)
    .bind(&host)
    .bind(pid)
    .fetch_one(&mut *transaction)
    .await?;
    sqlx::query(
        "UPDATE connector.runs SET status = 'interrupted', finished_at = now()
         WHERE app_id = $1 AND connection = $2 AND status = 'running'",
    )
    .bind(&scope.app_id)
    .bind(&scope.connection)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "INSERT INTO connector.runs (run_id, app_id, connection, schema, status, host, pid, started_at)
         VALUES ($1, $2, $3, $4, 'running', $5, $6, $7::text::timestamptz)",
    )
    .bind(run.run_id)
    .bind(&scope.app_id)
    .bind(&scope.connection)
    .bind(&scope.schema)
    .bind(&host)
    .bind(pid)
    .bind(run.started_at.to_string())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(fence)
}

impl Database {
    /// Whether a run holds a connection now, in this process or any other.
    pub(crate) async fn is_held(&self, app_id: &str, connection: &str) -> Result<bool> {
        let number = lock_number(app_id, connection).cast_unsigned();
        // A lock is shown as the halves of its number.
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                 AND classid::bigint = $1 AND objid::bigint = $2
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        )
        .bind((number >> 32).cast_signed())
        .bind((number & 0xffff_ffff).cast_signed())
        .fetch_one(self.pool())
        .await
        .map_err(|error| self.explain(error))
    }
}

/// Writes the report, if the lease still holds.
pub(super) async fn write_report(
    connection: &mut PgConnection,
    scope: &Scope,
    fence: i64,
    run_id: Uuid,
    report: &ReportRow,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE connector.runs SET status = $1, finished_at = $2::text::timestamptz, requests = $3,
             report = $4::text::jsonb
         WHERE run_id = $5 AND EXISTS (
             SELECT 1 FROM connector.leases
             WHERE app_id = $6 AND connection = $7 AND schema = $8 AND fence = $9 FOR SHARE)",
    )
    .bind(report.status.clone())
    .bind(report.finished_at.clone())
    .bind(report.requests)
    .bind(report.json.clone())
    .bind(run_id)
    .bind(&scope.app_id)
    .bind(&scope.connection)
    .bind(&scope.schema)
    .bind(fence)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets go. A connection that fails here has let go already.
pub(super) async fn release(mut connection: PgConnection, scope: &Scope) {
    let unlock = sqlx::query("SELECT pg_advisory_unlock($1)").bind(scope.number());
    if unlock.execute(&mut connection).await.is_ok() {
        let _ = connection.close().await;
    }
}
