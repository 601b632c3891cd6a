//! Rows of the layout `documents` in PostgreSQL, in pages: documents by key, parents by when they were written.

use connector_core::Result;
use connector_core::sync::{ParentQuery, ParentRow, StoredDocument};

use super::status::instant;
use super::table::full_name;
use super::{Database, document_table};
use crate::documents::{DocumentPlace, field_of, half_of};
use crate::identifier::{quoted, sql};
use crate::live::{self, DocumentRow, MarkedRow};

impl Database {
    /// Documents in the order of their keys, after a key. Empty when there is no table.
    pub(crate) async fn whole_documents(
        &self,
        schema: &str,
        place: &DocumentPlace,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<StoredDocument>> {
        let schema = place.schema.as_deref().unwrap_or(schema);
        let mut connection = self.pool().acquire().await.map_err(|error| self.explain(error))?;
        if document_table::describe(&mut connection, schema, place, self.shown()).await?.is_none() {
            return Ok(Vec::new());
        }
        let [key, content] = [place.columns.key, place.columns.content].map(quoted);
        let condition =
            if after.is_some() { format!("WHERE {key} > $2::text::uuid ") } else { String::new() };
        let statement = sql(format!(
            "SELECT {key}::text, {content}::text FROM {} {condition}ORDER BY {key} LIMIT $1",
            full_name(schema, &place.table)
        ));
        let mut query = sqlx::query_as(statement).bind(i64::from(most));
        if let Some(after) = after {
            query = query.bind(after);
        }
        let rows: Vec<DocumentRow> =
            query.fetch_all(&mut *connection).await.map_err(|error| self.explain(error))?;
        Ok(rows.into_iter().map(live::document).collect())
    }

    /// Rows in the order in which they were last written, after a mark. Empty when there is no table.
    pub(crate) async fn parents_in_documents(
        &self,
        schema: &str,
        place: &DocumentPlace,
        query: &ParentQuery,
    ) -> Result<Vec<ParentRow>> {
        let schema = place.schema.as_deref().unwrap_or(schema);
        let mut connection = self.pool().acquire().await.map_err(|error| self.explain(error))?;
        if document_table::describe(&mut connection, schema, place, self.shown()).await?.is_none() {
            return Ok(Vec::new());
        }
        let content = quoted(place.columns.content);
        let value = |n: u8| format!("coalesce({content} #>> ${n}, {content} #>> ${})", n + 1);
        let statement = format!(
            concat!(
                "SELECT id, ",
                instant!("written_at"),
                " FROM (SELECT {id} AS id, coalesce(updated_at, 'epoch') AS written_at FROM {table}
                        WHERE {id} IS NOT NULL AND ($4::text IS NULL OR {only} = $4)) AS rows
                  WHERE $7::text IS NULL OR (written_at, id) > ($7::text::timestamptz, $8::text)
                  ORDER BY written_at, id LIMIT $1"
            ),
            id = value(2),
            only = value(5),
            table = full_name(schema, &place.table),
        );
        let only = query.only.as_ref();
        let column = only.map_or("", |(column, _)| column);
        let rows: Vec<MarkedRow> = sqlx::query_as(sql(statement))
            .bind(i64::from(query.most))
            .bind(field_of(&query.id))
            .bind(half_of(&query.id))
            .bind(only.map(|(_, value)| value))
            .bind(field_of(column))
            .bind(half_of(column))
            .bind(query.after.as_ref().map(|mark| &mark.written_at))
            .bind(query.after.as_ref().map(|mark| &mark.id))
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| self.explain(error))?;
        Ok(rows.into_iter().map(live::parent).collect())
    }
}
