//! What `status` shows of an SQLite store.

use connector_core::Result;
use jiff::Timestamp;
use serde_json::json;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::Database;
use crate::documents::table_in;
use crate::identifier::{quoted, sql};
use crate::status::{
    self, Counting, Counts, MOST_COUNTED, RunQuery, RunRow, RunSummary, StreamQuery, StreamRow,
    StreamSummary, SyncedConnection, SyncedRow,
};

impl Database {
    /// The latest runs of an app, last first.
    pub(crate) async fn runs(&self, app_id: &str, query: &RunQuery) -> Result<Vec<RunSummary>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<RunRow> = sqlx::query_as(
            "SELECT run_id, app_id, connection, schema, status, started_at, finished_at, report FROM connector_runs
             WHERE app_id = ?1 AND (?2 IS NULL OR connection IN (SELECT value FROM json_each(?2)))
               AND (?3 IS NULL OR run_id = ?3)
             ORDER BY started_at DESC, run_id LIMIT ?4",
        )
        .bind(app_id.to_owned())
        .bind(query.connections.as_ref().map(|names| json!(names).to_string()))
        .bind(query.run_id.map(|run_id| run_id.to_string()))
        .bind(i64::from(query.most))
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.explain(error))?;
        rows.into_iter().map(status::run).collect()
    }

    /// Notes that somebody wants a run to end; `false` when none of this id is at work.
    pub(crate) async fn cancel_run(&self, run_id: Uuid) -> Result<bool> {
        // One that is there already is opened to write.
        if self.connect_if_there().await?.is_none() {
            return Ok(false);
        }
        let mut connection = self.connect().await.map_err(|error| self.explain(error))?;
        let done = sqlx::query(
            "UPDATE connector_runs SET cancel_asked_at = coalesce(cancel_asked_at, ?2)
             WHERE run_id = ?1 AND finished_at IS NULL",
        )
        .bind(run_id.to_string())
        .bind(Timestamp::now().to_string())
        .execute(&mut connection)
        .await
        .map_err(|error| self.explain(error))?;
        Ok(done.rows_affected() == 1)
    }

    /// Whether somebody wants a run to end.
    pub(super) async fn is_cancelled(&self, run_id: Uuid) -> Result<bool> {
        let Some(mut connection) = self.connect_if_there().await? else { return Ok(false) };
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM connector_runs WHERE run_id = ?1 AND cancel_asked_at IS NOT NULL)",
        )
        .bind(run_id.to_string())
        .fetch_one(&mut connection)
        .await
        .map_err(|error| self.explain(error))
    }

    /// The latest run of each of these connections.
    pub(crate) async fn last_runs(&self, app_id: &str, connections: &[String]) -> Result<Vec<RunSummary>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<RunRow> = sqlx::query_as(
            "SELECT run_id, app_id, connection, schema, status, started_at, finished_at, report FROM connector_runs
             WHERE run_id IN (SELECT (SELECT run_id FROM connector_runs r WHERE r.app_id = ?1 AND r.connection = c.value
                                      ORDER BY started_at DESC, run_id LIMIT 1) FROM json_each(?2) c)
             ORDER BY connection",
        )
        .bind(app_id.to_owned())
        .bind(json!(connections).to_string())
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.explain(error))?;
        rows.into_iter().map(status::run).collect()
    }

    /// The connections of an app that something was ever written of.
    pub(crate) async fn synced_connections(&self, app_id: &str) -> Result<Vec<SyncedConnection>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<SyncedRow> = sqlx::query_as(
            "SELECT connection, count(*), max(updated_at),
                 (SELECT status FROM connector_runs r WHERE r.app_id = ?1 AND r.connection = c.connection
                  ORDER BY started_at DESC, run_id LIMIT 1)
             FROM connector_cursors c WHERE app_id = ?1 GROUP BY connection ORDER BY connection",
        )
        .bind(app_id.to_owned())
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.explain(error))?;
        rows.into_iter().map(status::synced).collect()
    }

    /// The streams of an app that something was ever written of.
    pub(crate) async fn streams(&self, app_id: &str, query: &StreamQuery) -> Result<Vec<StreamSummary>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<StreamRow> = sqlx::query_as(
            "SELECT connection, schema, stream, state, updated_at,
                 (SELECT count(*) FROM connector_rejects r WHERE r.app_id = c.app_id AND r.connection = c.connection
                  AND r.schema = c.schema AND r.stream = c.stream)
             FROM connector_cursors c
             WHERE app_id = ?1 AND (?2 IS NULL OR connection IN (SELECT value FROM json_each(?2)))
               AND (?3 IS NULL OR (connection, schema, stream) > (?3, ?4, ?5))
             ORDER BY connection, schema, stream LIMIT ?6",
        )
        .bind(app_id.to_owned())
        .bind(query.connections.as_ref().map(|names| json!(names).to_string()))
        .bind(query.after.as_ref().map(|(connection, _, _)| connection.clone()))
        .bind(query.after.as_ref().map(|(_, schema, _)| schema.clone()))
        .bind(query.after.as_ref().map(|(_, _, stream)| stream.clone()))
        .bind(i64::from(query.most))
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.explain(error))?;
        let mut streams = Vec::with_capacity(rows.len());
        for row in rows {
            let counts = count(&mut connection, &row.2, query.counting).await.ok();
            streams.push(status::stream(row, counts)?);
        }
        Ok(streams)
    }
}

async fn count(connection: &mut SqliteConnection, stream: &str, counting: Counting) -> sqlx::Result<Counts> {
    let place = table_in(stream);
    let table = quoted(place.map_or(stream, |(_, table)| table));
    let marks = if place.is_some() { "NULL" } else { "_deleted_at" };
    let most = match counting {
        Counting::Exact => -1,
        Counting::Bounded => MOST_COUNTED + 1,
    };
    let query = format!(
        "SELECT count(*) FILTER (WHERE mark IS NULL), count(mark) FROM (SELECT {marks} AS mark FROM {table} LIMIT ?1)"
    );
    let (live, deleted): (i64, i64) =
        sqlx::query_as(sql(query)).bind(most).fetch_one(&mut *connection).await?;
    if counting == Counting::Exact || live + deleted <= MOST_COUNTED {
        return Ok(Counts::counted((live, deleted)));
    }
    // Rows are numbered as they come and most stay for good: the last number tells about how many there are.
    let last: i64 =
        sqlx::query_scalar(sql(format!("SELECT max(rowid) FROM {table}"))).fetch_one(connection).await?;
    Ok(Counts { live: last.max(live), deleted: None, are_estimated: true })
}
