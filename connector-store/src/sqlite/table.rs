//! A stream's table in SQLite: looked at, created, extended.

use connector_core::stream::RESERVED_COLUMNS;
use connector_core::sync::Table;
use connector_core::{ConnectorError, ErrorCode, Result};
use sqlx::{Connection, SqliteConnection};

use super::fault::explain;
use super::types;
use crate::fault::foreign_table;
use crate::identifier::{quoted, sql};
use crate::layout::TableColumn;
use crate::statements::definitions;

/// A stream's table as the database has it.
pub(super) struct Described {
    /// Without our own.
    pub(super) columns: Vec<TableColumn>,
    pub(super) is_empty: bool,
}

/// The table, created and extended by what is declared.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    table: &Table,
    shown: &str,
) -> Result<Described> {
    let columns = catalog(connection, table).await.map_err(|error| explain(error, shown))?;
    if columns.is_empty() || !lacking(&columns, table).is_empty() {
        let changed = async {
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            let columns = catalog(&mut transaction, table).await?;
            if columns.is_empty() {
                create(&mut transaction, table).await?;
            } else {
                add_columns(&mut transaction, &quoted(&table.name), &lacking(&columns, table)).await?;
            }
            transaction.commit().await
        };
        let place = || format!("preparing the table {}", table.name);
        changed.await.map_err(|error| explain(error, shown).context(place()))?;
    }
    describe(connection, table, shown).await?.ok_or_else(|| {
        ConnectorError::new(ErrorCode::ServiceError, format!("the table {} was dropped just now", table.name))
    })
}

/// Declared columns that the table does not have.
fn lacking(columns: &[TableColumn], table: &Table) -> Vec<TableColumn> {
    let has = |name: &str| columns.iter().any(|known| known.name.eq_ignore_ascii_case(name));
    table.columns.iter().filter(|column| !has(&column.name)).map(types::new_column).collect()
}

/// The table as it is; `None` when there is none.
pub(super) async fn describe(
    connection: &mut SqliteConnection,
    table: &Table,
    shown: &str,
) -> Result<Option<Described>> {
    let mut columns = catalog(connection, table).await.map_err(|error| explain(error, shown))?;
    if columns.is_empty() {
        return Ok(None);
    }
    if let Some(lacking) = RESERVED_COLUMNS.iter().find(|own| columns.iter().all(|known| known.name != **own))
    {
        return Err(foreign_table(&table.name, &format!("column {lacking}")));
    }
    let looked = async {
        let is_unique = has_unique_key(connection, &table.name, &table.key).await?;
        let query = sql(format!("SELECT NOT EXISTS (SELECT 1 FROM {})", quoted(&table.name)));
        let is_empty: bool = sqlx::query_scalar(query).fetch_one(connection).await?;
        sqlx::Result::Ok((is_unique, is_empty))
    };
    let (is_unique, is_empty) = looked.await.map_err(|error| explain(error, shown))?;
    if !is_unique {
        return Err(foreign_table(&table.name, &format!("primary key ({})", table.key.join(", "))));
    }
    columns.retain(|column| !RESERVED_COLUMNS.contains(&column.name.as_str()));
    Ok(Some(Described { columns, is_empty }))
}

async fn catalog(connection: &mut SqliteConnection, table: &Table) -> sqlx::Result<Vec<TableColumn>> {
    let columns: Vec<(String, String)> =
        sqlx::query_as("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid")
            .bind(table.name.clone())
            .fetch_all(connection)
            .await?;
    let known = |(name, sql_type)| types::from_catalog(name, sql_type, &table.columns);
    Ok(columns.into_iter().map(known).collect())
}

/// Whether no two rows of a table can have the same key.
pub(super) async fn has_unique_key(
    connection: &mut SqliteConnection,
    table: &str,
    key: &[String],
) -> sqlx::Result<bool> {
    let mut wanted: Vec<String> = key.iter().map(|name| name.to_ascii_lowercase()).collect();
    wanted.sort();
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT l.name, lower(i.name) FROM pragma_index_list(?1) l JOIN pragma_index_info(l.name) i
         WHERE l.\"unique\" AND NOT l.partial
         UNION ALL SELECT 'primary key', lower(name) FROM pragma_table_info(?1) WHERE pk > 0
         ORDER BY 1, 2",
    )
    .bind(table.to_owned())
    .fetch_all(connection)
    .await?;
    let is_key = |index: &[(String, String)]| index.iter().map(|(_, column)| column).eq(wanted.iter());
    Ok(columns.chunk_by(|a, b| a.0 == b.0).any(is_key))
}

/// An ordinary table with a unique key: without row ids, rows of this size are slower and larger by far.
async fn create(connection: &mut SqliteConnection, table: &Table) -> sqlx::Result<()> {
    let own =
        "_doc TEXT NOT NULL, _hash BLOB NOT NULL, _synced_at TEXT NOT NULL, _first_seen_at TEXT NOT NULL,
        _deleted_at TEXT, _run_id TEXT NOT NULL";
    let statement =
        format!("CREATE TABLE {} ({})", quoted(&table.name), definitions(table, types::name, own));
    sqlx::query(sql(statement)).execute(connection).await?;
    Ok(())
}

/// `table` is its name, quoted.
pub(super) async fn add_columns(
    connection: &mut SqliteConnection,
    table: &str,
    columns: &[TableColumn],
) -> sqlx::Result<()> {
    for column in columns {
        let statement =
            format!("ALTER TABLE {table} ADD COLUMN {} {}", quoted(&column.name), column.sql_type);
        sqlx::query(sql(statement)).execute(&mut *connection).await?;
    }
    Ok(())
}
