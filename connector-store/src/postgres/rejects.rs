//! Rejects in PostgreSQL: listed, counted, and told from those that a later write made pointless.

use connector_core::Result;
use connector_core::sync::{StoredReject, Table};

use super::Database;
use super::live::{columns, find, text_of};
use super::status::instant;
use super::table::full_name;
use crate::identifier::{quoted, sql};
use crate::layout::TableColumn;
use crate::lease::Scope;
use crate::rejects::{self, CountRow, RejectCount, RejectQuery, RejectRow, RejectSummary};
use crate::statements::listed;

impl Database {
    /// Rejects of an app, in the order in which they were first seen.
    pub(crate) async fn rejects(&self, app_id: &str, query: &RejectQuery) -> Result<Vec<RejectSummary>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let rows: Vec<RejectRow> = self
            .again(|| {
                sqlx::query_as(concat!(
                    "SELECT id, connection, schema, stream, key, code, reason, path, ",
                    instant!("created_at"),
                    ", ",
                    instant!("seen_at"),
                    ", payload FROM connector.rejects
                     WHERE app_id = $1 AND id > $2 AND ($3 IS NULL OR connection = $3)
                       AND ($4 IS NULL OR schema = $4) AND ($5 IS NULL OR stream = $5)
                     ORDER BY id LIMIT $6"
                ))
                .bind(app_id)
                .bind(query.after)
                .bind(&query.connection)
                .bind(&query.schema)
                .bind(&query.stream)
                .bind(i64::from(query.most))
                .fetch_all(self.pool())
            })
            .await?;
        rows.into_iter().map(rejects::summary).collect()
    }

    /// How many rejects there are, for each stream that has some.
    pub(crate) async fn reject_counts(&self, app_id: &str) -> Result<Vec<RejectCount>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let rows: Vec<CountRow> = self
            .again(|| {
                sqlx::query_as(
                    "SELECT connection, schema, stream, count(*) FROM connector.rejects WHERE app_id = $1
                     GROUP BY connection, schema, stream ORDER BY connection, schema, stream",
                )
                .bind(app_id)
                .fetch_all(self.pool())
            })
            .await?;
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
        let superseded = self.superseded(&scope.schema, table, &rejects).await?;
        Ok(rejects::stored(rejects, &superseded))
    }

    /// Ids of rejects whose row was written, or deleted, when they were last seen or later.
    async fn superseded(&self, schema: &str, table: &Table, all: &[RejectSummary]) -> Result<Vec<i64>> {
        let columns = self.again(|| columns(self.pool(), schema, &table.name)).await?;
        let key: Option<Vec<&TableColumn>> = table.key.iter().map(|name| find(&columns, name)).collect();
        let Some(key) = key.filter(|_| find(&columns, "_synced_at").is_some()) else {
            return Ok(Vec::new());
        };
        let findable = rejects::findable(all, &key);
        if findable.is_empty() {
            return Ok(Vec::new());
        }
        let statement = sql(superseded_statement(&full_name(schema, &table.name), &key));
        self.again(|| {
            let ids: Vec<i64> = findable.iter().map(|(id, _)| *id).collect();
            let mut query = sqlx::query_scalar(statement.clone()).bind(ids);
            for part in 0..key.len() {
                query = query.bind(findable.iter().map(|(_, parts)| parts[part]).collect::<Vec<_>>());
            }
            query.fetch_all(self.pool())
        })
        .await
    }
}

fn superseded_statement(table: &str, key: &[&TableColumn]) -> String {
    let arrays = listed((0..key.len()).map(|n| format!("${}::text[]", n + 2)));
    let names = listed((0..key.len()).map(|n| format!("k{n}")));
    let is_key = |(n, column): (usize, &&TableColumn)| {
        let name = format!("t.{}", quoted(&column.name));
        if column.exact {
            return format!("{name} = k.k{n}::{}", column.sql_type);
        }
        format!("{} = k.k{n}", text_of(column, &name))
    };
    let matches: Vec<String> = key.iter().enumerate().map(is_key).collect();
    format!(
        "SELECT r.id FROM unnest($1::bigint[], {arrays}) AS k(id, {names})
         JOIN connector.rejects r ON r.id = k.id JOIN {table} t ON {}
         WHERE greatest(t._synced_at, t._deleted_at) >= r.seen_at",
        matches.join(" AND ")
    )
}
