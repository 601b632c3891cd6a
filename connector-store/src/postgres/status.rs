//! What `status` shows of a PostgreSQL store.

use connector_core::Result;
use sqlx::PgConnection;

use super::Database;
use super::table::full_name;
use crate::documents::table_in;
use crate::identifier::sql;
use crate::status::{
    self, RunQuery, RunRow, RunSummary, StreamQuery, StreamRow, StreamSummary, SyncedConnection, SyncedRow,
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
            let counts = count(&mut connection, &row.1, &row.2).await.ok();
            streams.push(status::stream(row, counts)?);
        }
        Ok(streams)
    }
}

async fn count(connection: &mut PgConnection, schema: &str, stream: &str) -> sqlx::Result<(i64, i64)> {
    if let Some((other, table)) = table_in(stream) {
        let query = format!("SELECT count(*), 0::int8 FROM {}", full_name(other.unwrap_or(schema), table));
        return sqlx::query_as(sql(query)).fetch_one(connection).await;
    }
    let table = full_name(schema, stream);
    let query =
        format!("SELECT count(*) FILTER (WHERE _deleted_at IS NULL), count(_deleted_at) FROM {table}");
    sqlx::query_as(sql(query)).fetch_one(connection).await
}
