//! What `status` shows of an SQLite store.

use connector_core::Result;
use serde_json::json;
use sqlx::SqliteConnection;

use super::Database;
use crate::documents::table_in;
use crate::identifier::{quoted, sql};
use crate::status::{
    self, RunQuery, RunRow, RunSummary, StreamQuery, StreamRow, StreamSummary, SyncedConnection, SyncedRow,
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
            let counts = count(&mut connection, &row.2).await.ok();
            streams.push(status::stream(row, counts)?);
        }
        Ok(streams)
    }
}

async fn count(connection: &mut SqliteConnection, stream: &str) -> sqlx::Result<(i64, i64)> {
    if let Some((_, table)) = table_in(stream) {
        let query = format!("SELECT count(*), 0 FROM {}", quoted(table));
        return sqlx::query_as(sql(query)).fetch_one(connection).await;
    }
    let table = quoted(stream);
    let query =
        format!("SELECT count(*) FILTER (WHERE _deleted_at IS NULL), count(_deleted_at) FROM {table}");
    sqlx::query_as(sql(query)).fetch_one(connection).await
}
