//! Rows of the layout `documents` in SQLite, in pages: documents by key, parents by when they were written.

use connector_core::Result;
use connector_core::sync::{ParentQuery, ParentRow, StoredDocument};

use super::{Database, document_table};
use crate::documents::{DocumentPlace, field_of, half_of, json_path};
use crate::identifier::{quoted, sql};
use crate::live::{self, DocumentRow, MarkedRow};

impl Database {
    /// Documents in the order of their keys, after a key. Empty when there is no table.
    pub(crate) async fn whole_documents(
        &self,
        place: &DocumentPlace,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<StoredDocument>> {
        let connected = self.connect_to_read().await.map_err(|error| self.explain(error))?;
        let Some(mut connection) = connected else {
            return Ok(Vec::new());
        };
        if document_table::describe(&mut connection, place, self.shown()).await?.is_none() {
            return Ok(Vec::new());
        }
        let [key, content] = [place.columns.key, place.columns.content].map(quoted);
        let statement = sql(format!(
            "SELECT {key}, {content} FROM {} WHERE {key} > ?2 ORDER BY {key} LIMIT ?1",
            quoted(&place.table)
        ));
        let rows: Vec<DocumentRow> = sqlx::query_as(statement)
            .bind(i64::from(most))
            .bind(after.unwrap_or_default().to_owned())
            .fetch_all(&mut connection)
            .await
            .map_err(|error| self.explain(error))?;
        Ok(rows.into_iter().map(live::document).collect())
    }

    /// Rows in the order in which they were last written, after a mark. Empty when there is no table.
    pub(crate) async fn parents_in_documents(
        &self,
        place: &DocumentPlace,
        query: &ParentQuery,
    ) -> Result<Vec<ParentRow>> {
        let connected = self.connect_to_read().await.map_err(|error| self.explain(error))?;
        let Some(mut connection) = connected else {
            return Ok(Vec::new());
        };
        if document_table::describe(&mut connection, place, self.shown()).await?.is_none() {
            return Ok(Vec::new());
        }
        let content = quoted(place.columns.content);
        let value = |n: u8| format!("CAST(coalesce({content} ->> ?{n}, {content} ->> ?{}) AS TEXT)", n + 1);
        // Instants are texts of the length that they need, and `Z` comes after every digit.
        let statement = format!(
            "SELECT id, written_at FROM (
                 SELECT {id} AS id, coalesce(updated_at, '') AS written_at FROM {table}
                 WHERE {id} IS NOT NULL AND (?4 IS NULL OR {only} = ?4)) AS found
             WHERE ?7 IS NULL OR (rtrim(written_at, 'Z'), id) > (rtrim(?7, 'Z'), ?8)
             ORDER BY rtrim(written_at, 'Z'), id LIMIT ?1",
            id = value(2),
            only = value(5),
            table = quoted(&place.table),
        );
        let path = |names: Vec<String>| json_path(&names);
        let only = query.only.as_ref();
        let column = only.map_or("", |(column, _)| column);
        let rows: Vec<MarkedRow> = sqlx::query_as(sql(statement))
            .bind(i64::from(query.most))
            .bind(path(field_of(&query.id)))
            .bind(path(half_of(&query.id)))
            .bind(only.map(|(_, value)| value.clone()))
            .bind(path(field_of(column)))
            .bind(path(half_of(column)))
            .bind(query.after.as_ref().map(|mark| mark.written_at.clone()))
            .bind(query.after.as_ref().map(|mark| mark.id.clone()))
            .fetch_all(&mut connection)
            .await
            .map_err(|error| self.explain(error))?;
        Ok(rows.into_iter().map(live::parent).collect())
    }
}
