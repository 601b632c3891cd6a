//! What `status` shows of a PostgreSQL store.

use connector_core::Result;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Database;
use super::table::full_name;
use crate::documents::table_in;
use crate::identifier::sql;
use crate::status::{
    self, Counting, Counts, MOST_COUNTED, RunQuery, RunRow, RunSummary, StreamQuery, StreamRow,
    StreamSummary, SyncedConnection, SyncedRow,
};

/// An instant as text, in UTC.
macro_rules! instant {
    ($column:literal) => {
        concat!("to_char(", $column, " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    };
}
pub(super) use instant;

impl Database {
    /// The latest runs of an app, last first.
    pub(crate) async fn runs(&self, app_id: &str, query: &RunQuery) -> Result<Vec<RunSummary>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let rows: Vec<RunRow> = sqlx::query_as(concat!(
            "SELECT run_id::text, app_id, connection, schema, status, ",
            instant!("started_at"),
            ", ",
            instant!("finished_at"),
            ", report::text FROM connector.runs
             WHERE app_id = $1 AND ($2 IS NULL OR connection = ANY($2)) AND ($3 IS NULL OR run_id = $3)
             ORDER BY started_at DESC, run_id LIMIT $4"
        ))
        .bind(app_id)
        .bind(&query.connections)
        .bind(query.run_id)
        .bind(i64::from(query.most))
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.explain(error))?;
        rows.into_iter().map(status::run).collect()
    }

    /// Notes that somebody wants a run to end; `false` when none of this id is at work.
    pub(crate) async fn cancel_run(&self, run_id: Uuid) -> Result<bool> {
        if !self.is_there().await? {
            return Ok(false);
        }
        let done = sqlx::query(
            "UPDATE connector.runs SET cancel_asked_at = coalesce(cancel_asked_at, now())
             WHERE run_id = $1 AND finished_at IS NULL",
        )
        .bind(run_id)
        .execute(self.pool())
        .await
        .map_err(|error| self.explain(error))?;
        Ok(done.rows_affected() == 1)
    }

    /// Whether somebody wants a run to end.
    pub(super) async fn is_cancelled(&self, run_id: Uuid) -> Result<bool> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM connector.runs WHERE run_id = $1 AND cancel_asked_at IS NOT NULL)",
        )
        .bind(run_id)
        .fetch_one(self.pool())
        .await
        .map_err(|error| self.explain(error))
    }

    /// The latest run of each of these connections.
    pub(crate) async fn last_runs(&self, app_id: &str, connections: &[String]) -> Result<Vec<RunSummary>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let rows: Vec<RunRow> = sqlx::query_as(concat!(
            "SELECT run_id::text, app_id, connection, schema, status, ",
            instant!("started_at"),
            ", ",
            instant!("finished_at"),
            ", report::text FROM connector.runs
             WHERE run_id IN (SELECT (SELECT run_id FROM connector.runs r WHERE r.app_id = $1 AND r.connection = c.name
                                      ORDER BY started_at DESC, run_id LIMIT 1) FROM unnest($2::text[]) c(name))
             ORDER BY connection"
        ))
        .bind(app_id)
        .bind(connections)
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.explain(error))?;
        rows.into_iter().map(status::run).collect()
    }

    /// The connections of an app that something was ever written of.
    pub(crate) async fn synced_connections(&self, app_id: &str) -> Result<Vec<SyncedConnection>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let rows: Vec<SyncedRow> = sqlx::query_as(concat!(
            "SELECT connection, count(*), ",
            instant!("max(updated_at)"),
            ", (SELECT status FROM connector.runs r WHERE r.app_id = $1 AND r.connection = c.connection
                ORDER BY started_at DESC, run_id LIMIT 1)
             FROM connector.cursors c WHERE app_id = $1 GROUP BY connection ORDER BY connection"
        ))
        .bind(app_id)
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.explain(error))?;
        rows.into_iter().map(status::synced).collect()
    }

    /// The streams of an app that something was ever written of.
    pub(crate) async fn streams(&self, app_id: &str, query: &StreamQuery) -> Result<Vec<StreamSummary>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let mut connection = self.pool().acquire().await.map_err(|error| self.explain(error))?;
        let rows: Vec<StreamRow> = sqlx::query_as(concat!(
            "SELECT connection, schema, stream, state::text, ",
            instant!("updated_at"),
            ", (SELECT count(*) FROM connector.rejects r WHERE r.app_id = c.app_id AND r.connection = c.connection
                AND r.schema = c.schema AND r.stream = c.stream)
             FROM connector.cursors c
             WHERE app_id = $1 AND ($2 IS NULL OR connection = ANY($2))
               AND ($3 IS NULL OR (connection, schema, stream) > ($3, $4, $5))
             ORDER BY connection, schema, stream LIMIT $6"
        ))
        .bind(app_id)
        .bind(&query.connections)
        .bind(query.after.as_ref().map(|(connection, _, _)| connection))
        .bind(query.after.as_ref().map(|(_, schema, _)| schema))
        .bind(query.after.as_ref().map(|(_, _, stream)| stream))
        .bind(i64::from(query.most))
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.explain(error))?;
        let mut streams = Vec::with_capacity(rows.len());
        for row in rows {
            let counts = count(&mut connection, &row.1, &row.2, query.counting).await.ok();
            streams.push(status::stream(row, counts)?);
        }
        Ok(streams)
    }
}

async fn count(
    connection: &mut PgConnection,
    schema: &str,
    stream: &str,
    counting: Counting,
) -> sqlx::Result<Counts> {
    let place = table_in(stream);
    let table = match place {
        Some((other, table)) => full_name(other.unwrap_or(schema), table),
        None => full_name(schema, stream),
    };
    let marks = if place.is_some() { "NULL::timestamptz" } else { "_deleted_at" };
    let most = match counting {
        Counting::Exact => None,
        Counting::Bounded => Some(MOST_COUNTED + 1),
    };
    let query = format!(
        "SELECT count(*) FILTER (WHERE mark IS NULL), count(mark) FROM (SELECT {marks} AS mark FROM {table} LIMIT $1) t"
    );
    let (live, deleted): (i64, i64) =
        sqlx::query_as(sql(query)).bind(most).fetch_one(&mut *connection).await?;
    if counting == Counting::Exact || live + deleted <= MOST_COUNTED {
        return Ok(Counts::counted((live, deleted)));
    }
    // What autovacuum found last; a table that it never saw has -1.
    let rows: i64 = sqlx::query_scalar("SELECT reltuples::int8 FROM pg_class WHERE oid = to_regclass($1)")
        .bind(&table)
        .fetch_one(connection)
        .await?;
    Ok(Counts { live: rows.max(live), deleted: None, are_estimated: true })
}
