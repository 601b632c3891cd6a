//! A stream's table in PostgreSQL: looked at, created, extended.

use connector_core::stream::ColumnType;
use connector_core::sync::{ChildTable, Table};
use connector_core::{ConnectorError, ErrorCode, Result};
use sqlx::{Connection, PgConnection};

use super::fault::explain;
use super::types;
use crate::fault::foreign_table;
use crate::identifier::{quoted, sql};
use crate::layout::{Names, TableColumn};
use crate::shape::{OwnColumns, POSITION, TableShape};

/// Ours, in the order of a new table. Items have the first of them alone.
const OWN: OwnColumns = &[
    ("_doc", "jsonb NOT NULL"),
    ("_hash", "bytea NOT NULL"),
    ("_synced_at", "timestamptz NOT NULL"),
    ("_first_seen_at", "timestamptz NOT NULL"),
    ("_deleted_at", "timestamptz"),
    ("_run_id", "uuid NOT NULL"),
];

/// Held while tables are created: `IF NOT EXISTS` alone fails when two sessions create the same thing at once.
pub(super) const CREATION_LOCK: i64 = 0x636f_6e6e_6563_7401;

/// A stream's table as the database has it.
pub(super) struct Described {
    /// Without our own.
    pub(super) columns: Vec<TableColumn>,
    pub(super) is_empty: bool,
}

/// The name of a stream's table in statements.
pub(super) fn full_name(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
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
        sql_type: "integer".to_owned(),
        exact: true,
    };
    TableShape::of_items(child, parent_key, position, types::new_column, &OWN[..1])
}

/// The table, created and extended by what is wanted.
pub(super) async fn prepare(
    connection: &mut PgConnection,
    schema: &str,
    shape: &TableShape,
    shown: &str,
) -> Result<Described> {
    // Looked at first: a table that is not ours is refused as it is.
    if let Some(described) = describe(connection, schema, shape, shown).await?
        && shape.lacking(&described.columns, Names::Exact).is_empty()
    {
        return Ok(described);
    }
    change(connection, schema, shape).await.map_err(|error| {
        explain(error, shown).context(format!("preparing the table {}", full_name(schema, &shape.name)))
    })?;
    describe(connection, schema, shape, shown).await?.ok_or_else(|| {
        ConnectorError::new(ErrorCode::ServiceError, format!("the table {} was dropped just now", shape.name))
    })
}

async fn change(connection: &mut PgConnection, schema: &str, shape: &TableShape) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(CREATION_LOCK).execute(&mut *transaction).await?;
    let columns = catalog(&mut transaction, schema, &shape.name).await?;
    if columns.is_empty() {
        create(&mut transaction, schema, shape).await?;
    } else {
        let lacking = shape.lacking(&columns, Names::Exact);
        add_columns(&mut transaction, &full_name(schema, &shape.name), &lacking).await?;
    }
    transaction.commit().await
}

/// The table as it is; `None` when there is none.
pub(super) async fn describe(
    connection: &mut PgConnection,
    schema: &str,
    shape: &TableShape,
    shown: &str,
) -> Result<Option<Described>> {
    let mut columns =
        catalog(connection, schema, &shape.name).await.map_err(|error| explain(error, shown))?;
    if columns.is_empty() {
        return Ok(None);
    }
    let name = full_name(schema, &shape.name);
    if let Some(lacking) = shape.lacking_own(&columns) {
        return Err(foreign_table(&name, &format!("column {lacking}")));
    }
    let looked = async {
        let is_unique = has_unique_key(connection, schema, &shape.name, &shape.key).await?;
        let query = sql(format!("SELECT NOT EXISTS (SELECT 1 FROM {name})"));
        let is_empty: bool = sqlx::query_scalar(query).fetch_one(connection).await?;
        sqlx::Result::Ok((is_unique, is_empty))
    };
    let (is_unique, is_empty) = looked.await.map_err(|error| explain(error, shown))?;
    if !is_unique {
        return Err(foreign_table(&name, &format!("primary key ({})", shape.key.join(", "))));
    }
    columns.retain(|column| !shape.is_own(&column.name));
    Ok(Some(Described { columns, is_empty }))
}

async fn catalog(connection: &mut PgConnection, schema: &str, name: &str) -> sqlx::Result<Vec<TableColumn>> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod)
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum",
    )
    .bind(schema)
    .bind(name)
    .fetch_all(connection)
    .await?;
    Ok(columns.into_iter().map(|(name, sql_type)| types::from_catalog(name, sql_type)).collect())
}

/// Whether no two rows of a table can have the same key.
pub(super) async fn has_unique_key(
    connection: &mut PgConnection,
    schema: &str,
    table: &str,
    key: &[String],
) -> sqlx::Result<bool> {
    let mut key = key.to_vec();
    key.sort();
    sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $1 AND c.relname = $2
               AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
               AND $3 = ARRAY(SELECT a.attname::text COLLATE \"C\" FROM pg_attribute a
                              WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) ORDER BY 1))",
    )
    .bind(schema)
    .bind(table)
    .bind(key)
    .fetch_one(connection)
    .await
}

/// The schema, created unless it is there: a role that may not create one may still use it.
pub(super) async fn create_schema(connection: &mut PgConnection, schema: &str) -> sqlx::Result<()> {
    let schema_exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
            .bind(schema)
            .fetch_one(&mut *connection)
            .await?;
    if !schema_exists {
        let statement = sql(format!("CREATE SCHEMA {}", quoted(schema)));
        sqlx::query(statement).execute(connection).await?;
    }
    Ok(())
}

async fn create(connection: &mut PgConnection, schema: &str, shape: &TableShape) -> sqlx::Result<()> {
    create_schema(connection, schema).await?;
    let statement = format!("CREATE TABLE {} ({})", full_name(schema, &shape.name), shape.definitions());
    sqlx::query(sql(statement)).execute(connection).await?;
    Ok(())
}

/// `table` is its full name, quoted.
pub(super) async fn add_columns(
    connection: &mut PgConnection,
    table: &str,
    columns: &[TableColumn],
) -> sqlx::Result<()> {
    let add = |column: &TableColumn| {
        format!("ADD COLUMN IF NOT EXISTS {} {}", quoted(&column.name), column.sql_type)
    };
    if columns.is_empty() {
        return Ok(());
    }
    let clauses: Vec<String> = columns.iter().map(add).collect();
    sqlx::query(sql(format!("ALTER TABLE {table} {}", clauses.join(", ")))).execute(connection).await?;
    Ok(())
}
