//! Live rows of a stream's table in PostgreSQL, in pages: documents by key, parents by when they were written.

use connector_core::Result;
use connector_core::stream::ColumnType;
use connector_core::sync::{ParentQuery, ParentRow, StoredDocument};
use sqlx::PgExecutor;

use super::status::instant;
use super::table::full_name;
use super::{Database, types};
use crate::fault::foreign_table;
use crate::identifier::{quoted, sql};
use crate::layout::TableColumn;
use crate::live::{self, DocumentRow, MarkedRow};

impl Database {
    /// Documents of live rows in the order of the table's key, after a key. The order of text is that of the
    /// database's collation, which is the one of the key's index.
    pub(crate) async fn documents(
        &self,
        schema: &str,
        table: &str,
        key: &[String],
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<StoredDocument>> {
        let after = after.map(|after| live::parts(after, key.len())).transpose()?;
        let columns = self.again(|| columns(self.pool(), schema, table)).await?;
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let column = |name: &str| {
            find(&columns, name).ok_or_else(|| foreign_table(table, &format!("column {}", quoted(name))))
        };
        column("_doc")?;
        column("_deleted_at")?;
        let key = key.iter().map(|name| column(name)).collect::<Result<Vec<_>>>()?;
        let statement = sql(documents_statement(&full_name(schema, table), &key, after.is_some()));
        let rows: Vec<DocumentRow> = self
            .again(|| {
                let mut query = sqlx::query_as(statement.clone()).bind(i64::from(most));
                for part in after.iter().flatten() {
                    query = query.bind(part);
                }
                query.fetch_all(self.pool())
            })
            .await?;
        Ok(rows.into_iter().map(live::document).collect())
    }

    /// Live rows in the order in which they were last written, after a mark.
    ///
    /// There is no index for this order: it would have to be kept for every row that is ever written, and would take
    /// from updates that they need touch no index. One page of parents feeds minutes of requests, and finding it by
    /// reading the table took 45 ms of 100,000 rows.
    pub(crate) async fn parents(&self, schema: &str, query: &ParentQuery) -> Result<Vec<ParentRow>> {
        let columns = self.again(|| columns(self.pool(), schema, &query.table)).await?;
        let only = query.only.as_ref().map(|(name, _)| find(&columns, name));
        let (Some(id), true, false) =
            (find(&columns, &query.id), find(&columns, "_synced_at").is_some(), matches!(only, Some(None)))
        else {
            return Ok(Vec::new());
        };
        let table = full_name(schema, &query.table);
        let statement = sql(parents_statement(&table, id, only.flatten(), query.after.is_some()));
        let rows: Vec<MarkedRow> = self
            .again(|| {
                let mut page = sqlx::query_as(statement.clone()).bind(i64::from(query.most));
                if let Some((_, value)) = &query.only {
                    page = page.bind(value);
                }
                if let Some(mark) = &query.after {
                    page = page.bind(&mark.written_at).bind(&mark.id);
                }
                page.fetch_all(self.pool())
            })
            .await?;
        Ok(rows.into_iter().map(live::parent).collect())
    }
}

/// The columns of a table or view; none when there is none.
pub(super) async fn columns(
    database: impl PgExecutor<'_>,
    schema: &str,
    table: &str,
) -> sqlx::Result<Vec<TableColumn>> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
         WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
    )
    .bind(full_name(schema, table))
    .fetch_all(database)
    .await?;
    Ok(columns.into_iter().map(|(name, sql_type)| types::from_catalog(name, sql_type)).collect())
}

pub(super) fn find<'c>(columns: &'c [TableColumn], name: &str) -> Option<&'c TableColumn> {
    live::find(columns, name, |a, b| a == b)
}

/// The value of a column, which is `name` in the statement, as the text that a row has for it.
pub(super) fn text_of(column: &TableColumn, name: &str) -> String {
    if column.kind == ColumnType::Timestamp && column.exact {
        let day_and_time = format!("to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')");
        return format!("rtrim(rtrim({day_and_time}, '0'), '.') || 'Z'");
    }
    format!("{name}::text")
}

fn documents_statement(table: &str, key: &[&TableColumn], has_after: bool) -> String {
    let names: Vec<String> = key.iter().map(|column| quoted(&column.name)).collect();
    let joined = key
        .iter()
        .zip(&names)
        .map(|(column, name)| text_of(column, name))
        .collect::<Vec<_>>()
        .join(" || chr(31) || ");
    let cast = |(column, n): (&&TableColumn, usize)| format!("${n}::text::{}", column.sql_type);
    let values: Vec<String> = key.iter().zip(2..).map(cast).collect();
    let after = if has_after { format!(" AND {}", live::is_after(&names, &values)) } else { String::new() };
    format!(
        "SELECT {joined}, _doc::text FROM {table} WHERE _deleted_at IS NULL{after} ORDER BY {} LIMIT $1",
        names.join(", ")
    )
}

fn parents_statement(table: &str, id: &TableColumn, only: Option<&TableColumn>, has_after: bool) -> String {
    let name = quoted(&id.name);
    let mut conditions = vec!["_deleted_at IS NULL".to_owned(), format!("{name} IS NOT NULL")];
    let mut next = 2;
    if let Some(only) = only {
        conditions.push(format!("{} = $2", text_of(only, &quoted(&only.name))));
        next += 1;
    }
    if has_after {
        let values = format!("(${next}::text::timestamptz, ${}::text::{})", next + 1, id.sql_type);
        conditions.push(format!("(_synced_at, {name}) > {values}"));
    }
    let conditions = conditions.join(" AND ");
    format!(
        "SELECT {}, {} FROM {table} WHERE {conditions} ORDER BY _synced_at, {name} LIMIT $1",
        text_of(id, &name),
        instant!("_synced_at"),
    )
}
