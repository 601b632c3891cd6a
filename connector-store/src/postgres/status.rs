//! What `status` shows of a PostgreSQL store.

use connector_core::Result;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Database;
use super::table::full_name;
use crate::identifier::sql;
use crate::status::{RunSummary, StreamSummary};

/// An instant as text, in UTC.
macro_rules! instant {
    ($column:literal) => {
        concat!(
            "to_char(",
            $column,
            " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        )
    };
}
pub(super) use instant;

type RunRow = (
    Uuid,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
);
type CursorRow = (String, String, String, String, String, i64);

impl Database {
    /// The latest runs of an app, last first.
    pub(crate) async fn runs(&self, app_id: &str, most: u32) -> Result<Vec<RunSummary>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let rows: Vec<RunRow> = sqlx::query_as(concat!(
            "SELECT run_id, app_id, connection, schema, status, ",
            instant!("started_at"),
            ", ",
            instant!("finished_at"),
            ", report::text FROM connector.runs WHERE app_id = $1 ORDER BY started_at DESC, run_id LIMIT $2"
        ))
        .bind(app_id)
        .bind(i64::from(most))
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.explain(error))?;
        let summary = |(run_id, app_id, connection, schema, status, started, finished, report): RunRow| {
            Ok(RunSummary {
                run_id,
                app_id,
                connection,
                schema,
                status,
                started_at: crate::status::instant(&started)?,
                finished_at: finished
                    .map(|finished| crate::status::instant(&finished))
                    .transpose()?,
                report: report.and_then(|report| serde_json::from_str(&report).ok()),
            })
        };
        rows.into_iter().map(summary).collect()
    }

    /// The streams of an app that something was ever written of.
    pub(crate) async fn streams(&self, app_id: &str) -> Result<Vec<StreamSummary>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let mut connection = self.pool().acquire().await.map_err(|error| self.explain(error))?;
        let rows: Vec<CursorRow> = sqlx::query_as(concat!(
            "SELECT connection, schema, stream, state::text, ",
            instant!("updated_at"),
            ", (SELECT count(*) FROM connector.rejects r WHERE r.app_id = c.app_id AND r.connection = c.connection
                AND r.schema = c.schema AND r.stream = c.stream)
             FROM connector.cursors c WHERE app_id = $1 ORDER BY connection, schema, stream"
        ))
        .bind(app_id)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.explain(error))?;
        let mut streams = Vec::with_capacity(rows.len());
        for (name, schema, stream, state, updated_at, rejected) in rows {
            let counts = count(&mut connection, &schema, &stream).await.ok();
            let counts = counts.map(|(live, deleted)| (live.unsigned_abs(), deleted.unsigned_abs()));
            streams.push(StreamSummary {
                connection: name,
                schema,
                stream,
                state: serde_json::from_str(&state).unwrap_or_default(),
                updated_at: crate::status::instant(&updated_at)?,
                rows: counts.map(|(live, _)| live),
                deleted: counts.map(|(_, deleted)| deleted),
                rejected: rejected.unsigned_abs(),
            });
        }
        Ok(streams)
    }
}

async fn count(connection: &mut PgConnection, schema: &str, stream: &str) -> sqlx::Result<(i64, i64)> {
    let table = full_name(schema, stream);
    let query =
        format!("SELECT count(*) FILTER (WHERE _deleted_at IS NULL), count(_deleted_at) FROM {table}");
    sqlx::query_as(sql(query)).fetch_one(connection).await
}
