//! A stream's table in SQLite: looked at, created, extended.

use connector_core::stream::ColumnType;
use connector_core::sync::{ChildTable, Table};
use connector_core::{ConnectorError, ErrorCode, Result};
use sqlx::{Connection, SqliteConnection};

use super::fault::explain;
use super::types;
use crate::fault::foreign_table;
use crate::identifier::{quoted, sql};
use crate::layout::{Names, TableColumn};
use crate::shape::{OwnColumns, POSITION, TableShape};

/// Ours, in the order of a new table. Items have the first of them alone.
const OWN: OwnColumns = &[
    ("_doc", "TEXT NOT NULL"),
    ("_hash", "BLOB NOT NULL"),
    ("_synced_at", "TEXT NOT NULL"),
    ("_first_seen_at", "TEXT NOT NULL"),
    ("_deleted_at", "TEXT"),
    ("_run_id", "TEXT NOT NULL"),
];

/// A stream's table as the database has it.
pub(super) struct Described {
    /// Without our own.
    pub(super) columns: Vec<TableColumn>,
    pub(super) is_empty: bool,
}

/// The table of a stream, as it is wanted.
pub(super) fn of_records(table: &Table) -> TableShape {
    TableShape::of_records(table, types::new_column, OWN)
}

/// The table of the items in a stream's records, as it is wanted; `parent_key` are the columns of the parent's key.
pub(super) fn of_items(child: &ChildTable, parent_key: Vec<TableColumn>) -> TableShape {
    let position = TableColumn {
        name: POSITION.to_owned(),
        kind: ColumnType::Number,
        sql_type: "INTEGER".to_owned(),
        exact: true,
    };
    TableShape::of_items(child, parent_key, position, types::new_column, &OWN[..1])
}

/// The table, created and extended by what is wanted.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    shape: &TableShape,
    shown: &str,
) -> Result<Described> {
    // Looked at first: a table that is not ours is refused as it is.
    if let Some(described) = describe(connection, shape, shown).await?
        && shape.lacking(&described.columns, Names::Folded).is_empty()
    {
        return Ok(described);
    }
    let place = || format!("preparing the table {}", shape.name);
    change(connection, shape).await.map_err(|error| explain(error, shown).context(place()))?;
    describe(connection, shape, shown).await?.ok_or_else(|| {
        ConnectorError::new(ErrorCode::ServiceError, format!("the table {} was dropped just now", shape.name))
    })
}

async fn change(connection: &mut SqliteConnection, shape: &TableShape) -> sqlx::Result<()> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let columns = catalog(&mut transaction, shape).await?;
    if columns.is_empty() {
        create(&mut transaction, shape).await?;
    } else {
        let lacking = shape.lacking(&columns, Names::Folded);
        add_columns(&mut transaction, &quoted(&shape.name), &lacking).await?;
    }
    transaction.commit().await
}

/// The table as it is; `None` when there is none.
pub(super) async fn describe(
    connection: &mut SqliteConnection,
    shape: &TableShape,
    shown: &str,
) -> Result<Option<Described>> {
    let mut columns = catalog(connection, shape).await.map_err(|error| explain(error, shown))?;
    if columns.is_empty() {
        return Ok(None);
    }
    if let Some(lacking) = shape.lacking_own(&columns) {
        return Err(foreign_table(&shape.name, &format!("column {lacking}")));
    }
    let looked = async {
        let is_unique = has_unique_key(connection, &shape.name, &shape.key).await?;
        let query = sql(format!("SELECT NOT EXISTS (SELECT 1 FROM {})", quoted(&shape.name)));
        let is_empty: bool = sqlx::query_scalar(query).fetch_one(connection).await?;
        sqlx::Result::Ok((is_unique, is_empty))
    };
    let (is_unique, is_empty) = looked.await.map_err(|error| explain(error, shown))?;
    if !is_unique {
        return Err(foreign_table(&shape.name, &format!("primary key ({})", shape.key.join(", "))));
    }
    columns.retain(|column| !shape.is_own(&column.name));
    Ok(Some(Described { columns, is_empty }))
}

async fn catalog(connection: &mut SqliteConnection, shape: &TableShape) -> sqlx::Result<Vec<TableColumn>> {
    let columns: Vec<(String, String)> =
        sqlx::query_as("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid")
            .bind(shape.name.clone())
            .fetch_all(connection)
            .await?;
    let known = |(name, sql_type)| types::from_catalog(name, sql_type, shape.columns());
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
async fn create(connection: &mut SqliteConnection, shape: &TableShape) -> sqlx::Result<()> {
    let statement = format!("CREATE TABLE {} ({})", quoted(&shape.name), shape.definitions());
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
