//! Rejects in SQLite: listed, counted, and told from those that a later write made pointless.

use connector_core::Result;
use connector_core::stream::ColumnType;
use connector_core::sync::{StoredReject, Table};
use serde_json::json;

use super::Database;
use super::live::{columns, find, text_of};
use crate::identifier::{quoted, sql};
use crate::layout::TableColumn;
use crate::lease::Scope;
use crate::rejects::{self, CountRow, RejectCount, RejectQuery, RejectRow, RejectSummary};

impl Database {
    /// Rejects of an app, in the order in which they were first seen.
    pub(crate) async fn rejects(&self, app_id: &str, query: &RejectQuery) -> Result<Vec<RejectSummary>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<RejectRow> = sqlx::query_as(
            "SELECT id, connection, schema, stream, key, code, reason, path, created_at, seen_at, payload
             FROM connector_rejects
             WHERE app_id = ?1 AND id > ?2 AND (?3 IS NULL OR connection = ?3)
               AND (?4 IS NULL OR schema = ?4) AND (?5 IS NULL OR stream = ?5)
             ORDER BY id LIMIT ?6",
        )
        .bind(app_id.to_owned())
        .bind(query.after)
        .bind(query.connection.clone())
        .bind(query.schema.clone())
        .bind(query.stream.clone())
        .bind(i64::from(query.most))
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.explain(error))?;
        rows.into_iter().map(rejects::summary).collect()
    }

    /// How many rejects there are, for each stream that has some.
    pub(crate) async fn reject_counts(&self, app_id: &str) -> Result<Vec<RejectCount>> {
        let Some(mut connection) = self.connect_if_there().await? else {
            return Ok(Vec::new());
        };
        let rows: Vec<CountRow> = sqlx::query_as(
            "SELECT connection, schema, stream, count(*) FROM connector_rejects WHERE app_id = ?1
             GROUP BY connection, schema, stream ORDER BY connection, schema, stream",
        )
        .bind(app_id.to_owned())
        .fetch_all(&mut connection)
        .await
        .map_err(|error| self.explain(error))?;
        Ok(rows.into_iter().map(rejects::count).collect())
    }

    /// Rejects of a stream as a run gets them.
    pub(crate) async fn stored_rejects(
        &self,
        scope: &Scope,
        table: &Table,
        after: i64,
        most: u32,
    ) -> Result<Vec<StoredReject>> {
        let query = RejectQuery {
            connection: Some(scope.connection.clone()),
            schema: Some(scope.schema.clone()),
            stream: Some(table.name.clone()),
            after,
            most,
        };
        let rejects = self.rejects(&scope.app_id, &query).await?;
        let superseded = self.superseded(table, &rejects).await?;
        Ok(rejects::stored(rejects, &superseded))
    }

    /// Ids of rejects whose row was written, or deleted, when they were last seen or later.
    async fn superseded(&self, table: &Table, all: &[RejectSummary]) -> Result<Vec<i64>> {
        let connected = self.connect_to_read().await.map_err(|error| self.explain(error))?;
        let Some(mut connection) = connected else {
            return Ok(Vec::new());
        };
        let columns = columns(&mut connection, &table.name).await.map_err(|error| self.explain(error))?;
        let key: Option<Vec<&TableColumn>> = table.key.iter().map(|name| find(&columns, name)).collect();
        let Some(key) = key.filter(|_| find(&columns, "_synced_at").is_some()) else {
            return Ok(Vec::new());
        };
        let findable = rejects::findable(all, &key);
        if findable.is_empty() {
            return Ok(Vec::new());
        }
        sqlx::query_scalar(sql(superseded_statement(&quoted(&table.name), &key)))
            .bind(json!(findable).to_string())
            .fetch_all(&mut connection)
            .await
            .map_err(|error| self.explain(error))
    }
}

fn superseded_statement(table: &str, key: &[&TableColumn]) -> String {
    let is_key = |(n, column): (usize, &&TableColumn)| {
        let name = format!("t.{}", quoted(&column.name));
        // The others are compared as they are, by way of the key's index.
        let name = if column.kind == ColumnType::Boolean { text_of(column, &name) } else { name };
        format!("{name} = (k.value ->> '$[1][{n}]')")
    };
    let matches: Vec<String> = key.iter().enumerate().map(is_key).collect();
    // Instants are compared without their `Z`, as in the order of parents.
    format!(
        "SELECT r.id FROM json_each(?1) k
         CROSS JOIN connector_rejects r ON r.id = (k.value ->> '$[0]') CROSS JOIN {table} t ON {}
         WHERE max(rtrim(t._synced_at, 'Z'), rtrim(coalesce(t._deleted_at, ''), 'Z')) >= rtrim(r.seen_at, 'Z')",
        matches.join(" AND ")
    )
}
