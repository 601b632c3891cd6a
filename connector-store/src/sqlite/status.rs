//! What `status` shows of an SQLite store.

use connector_core::Result;
use sqlx::SqliteConnection;

use super::Database;
use crate::documents::table_in;
use crate::identifier::{quoted, sql};
use crate::status::{self, RunRow, RunSummary, StreamRow, StreamSummary};

impl Database {
    /// The latest runs of an app, last first.
    pub(crate) async fn runs(&self, app_id: &str, most: u32) -> Result<Vec<RunSummary>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<RunRow> = sqlx::query_as(
            "SELECT run_id, app_id, connection, schema, status, started_at, finished_at, report FROM connector_runs
             WHERE app_id = ?1 ORDER BY started_at DESC, run_id LIMIT ?2",
        )
        .bind(app_id.to_owned())
        .bind(i64::from(most))
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.explain(error))?;
        rows.into_iter().map(status::run).collect()
    }

    /// The streams of an app that something was ever written of.
    pub(crate) async fn streams(&self, app_id: &str) -> Result<Vec<StreamSummary>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<StreamRow> = sqlx::query_as(
            "SELECT connection, schema, stream, state, updated_at,
                 (SELECT count(*) FROM connector_rejects r WHERE r.app_id = c.app_id AND r.connection = c.connection
                  AND r.schema = c.schema AND r.stream = c.stream)
             FROM connector_cursors c WHERE app_id = ?1 ORDER BY connection, schema, stream",
        )
        .bind(app_id.to_owned())
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
