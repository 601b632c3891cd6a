//! Live rows of a stream's table in SQLite, in pages: documents by key, parents by when they were written.

use connector_core::Result;
use connector_core::stream::ColumnType;
use connector_core::sync::{ParentQuery, ParentRow, StoredDocument};
use sqlx::SqliteConnection;

use super::{Database, types};
use crate::fault::foreign_table;
use crate::identifier::{quoted, sql};
use crate::layout::TableColumn;
use crate::live::{self, DocumentRow, MarkedRow};

/// When a row was written, so that the order of the text is the order in time: the text is of the length that the
/// instant needs, and `Z` comes after every digit.
const WRITTEN_AT: &str = "rtrim(_synced_at, 'Z')";

impl Database {
    /// Documents of live rows in the order of the table's key, after a key.
    pub(crate) async fn documents(
        &self,
        table: &str,
        key: &[String],
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<StoredDocument>> {
        let after = after.map(|after| live::parts(after, key.len())).transpose()?.unwrap_or_default();
        let connected = self.connect_to_read().await.map_err(|error| self.explain(error))?;
        let Some(mut connection) = connected else {
            return Ok(Vec::new());
        };
        let columns = columns(&mut connection, table).await.map_err(|error| self.explain(error))?;
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let column = |name: &str| {
            find(&columns, name).ok_or_else(|| foreign_table(table, &format!("column {}", quoted(name))))
        };
        column("_doc")?;
        column("_deleted_at")?;
        let key = key.iter().map(|name| column(name)).collect::<Result<Vec<_>>>()?;
        let statement = sql(documents_statement(&quoted(table), &key, !after.is_empty()));
        let mut query = sqlx::query_as(statement).bind(i64::from(most));
        for part in after {
            query = query.bind(part);
        }
        let rows: Vec<DocumentRow> =
            query.fetch_all(&mut connection).await.map_err(|error| self.explain(error))?;
        Ok(rows.into_iter().map(live::document).collect())
    }

    /// Live rows in the order in which they were last written, after a mark. There is no index for this order, as in
    /// PostgreSQL: one page of parents feeds minutes of requests.
    pub(crate) async fn parents(&self, query: &ParentQuery) -> Result<Vec<ParentRow>> {
        let connected = self.connect_to_read().await.map_err(|error| self.explain(error))?;
        let Some(mut connection) = connected else {
            return Ok(Vec::new());
        };
        let columns = columns(&mut connection, &query.table).await.map_err(|error| self.explain(error))?;
        let only = query.only.as_ref().map(|(name, _)| find(&columns, name));
        let (Some(id), true, false) =
            (find(&columns, &query.id), find(&columns, "_synced_at").is_some(), matches!(only, Some(None)))
        else {
            return Ok(Vec::new());
        };
        let statement =
            sql(parents_statement(&quoted(&query.table), id, only.flatten(), query.after.is_some()));
        let mut page = sqlx::query_as(statement).bind(i64::from(query.most));
        if let Some((_, value)) = &query.only {
            page = page.bind(value.clone());
        }
        if let Some(mark) = &query.after {
            page = page.bind(mark.written_at.clone()).bind(mark.id.clone());
        }
        let rows: Vec<MarkedRow> =
            page.fetch_all(&mut connection).await.map_err(|error| self.explain(error))?;
        Ok(rows.into_iter().map(live::parent).collect())
    }
}

/// The columns of a table or view; none when there is none.
pub(super) async fn columns(
    connection: &mut SqliteConnection,
    table: &str,
) -> sqlx::Result<Vec<TableColumn>> {
    let columns: Vec<(String, String)> =
        sqlx::query_as("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid")
            .bind(table.to_owned())
            .fetch_all(connection)
            .await?;
    Ok(columns.into_iter().map(|(name, sql_type)| types::from_catalog(name, sql_type, &[])).collect())
}

pub(super) fn find<'c>(columns: &'c [TableColumn], name: &str) -> Option<&'c TableColumn> {
    live::find(columns, name, str::eq_ignore_ascii_case)
}

/// The value of a column, which is `name` in the statement, as the text that a row has for it.
pub(super) fn text_of(column: &TableColumn, name: &str) -> String {
    if column.kind == ColumnType::Boolean {
        return format!("CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE CAST({name} AS TEXT) END");
    }
    format!("CAST({name} AS TEXT)")
}

fn documents_statement(table: &str, key: &[&TableColumn], has_after: bool) -> String {
    let names: Vec<String> = key.iter().map(|column| quoted(&column.name)).collect();
    let joined = key
        .iter()
        .zip(&names)
        .map(|(column, name)| text_of(column, name))
        .collect::<Vec<_>>()
        .join(" || char(31) || ");
    let values: Vec<String> = (0..key.len()).map(|n| format!("?{}", n + 2)).collect();
    let after = if has_after { format!(" AND {}", live::is_after(&names, &values)) } else { String::new() };
    format!(
        "SELECT {joined}, _doc FROM {table} WHERE _deleted_at IS NULL{after} ORDER BY {} LIMIT ?1",
        names.join(", ")
    )
}

fn parents_statement(table: &str, id: &TableColumn, only: Option<&TableColumn>, has_after: bool) -> String {
    let name = quoted(&id.name);
    let mut conditions = vec!["_deleted_at IS NULL".to_owned(), format!("{name} IS NOT NULL")];
    let mut next = 2;
    if let Some(only) = only {
        conditions.push(format!("{} = ?2", text_of(only, &quoted(&only.name))));
        next += 1;
    }
    if has_after {
        let after = format!("({WRITTEN_AT}, {name}) > (rtrim(?{next}, 'Z'), ?{})", next + 1);
        conditions.push(after);
    }
    let conditions = conditions.join(" AND ");
    format!(
        "SELECT {}, _synced_at FROM {table} WHERE {conditions} ORDER BY {WRITTEN_AT}, {name} LIMIT ?1",
        text_of(id, &name)
    )
}
