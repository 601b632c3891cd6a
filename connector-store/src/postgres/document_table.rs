//! A table of the layout `documents` in PostgreSQL: looked at, created.

use connector_core::{ConnectorError, ErrorCode, Result};
use sqlx::{Connection, PgConnection};

use super::fault::explain;
use super::table::{CREATION_LOCK, create_schema, full_name, has_unique_key};
use crate::documents::{CREATED_AT, DocumentPlace, FoundColumn, ID, UPDATED_AT, lacks};
use crate::fault::other_shape;
use crate::identifier::{quoted, sql};

/// Makes the table unless it is there. Says whether it has no rows.
pub(super) async fn prepare(
    connection: &mut PgConnection,
    schema: &str,
    place: &DocumentPlace,
    shown: &str,
) -> Result<bool> {
    if let Some(is_empty) = describe(connection, schema, place, shown).await? {
        return Ok(is_empty);
    }
    let created = async {
        let mut transaction = connection.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(CREATION_LOCK)
            .execute(&mut *transaction)
            .await?;
        if catalog(&mut transaction, schema, place).await?.is_empty() {
            create(&mut transaction, schema, place).await?;
        }
        transaction.commit().await
    };
    let name = full_name(schema, &place.table);
    created.await.map_err(|error| explain(error, shown).context(format!("preparing the table {name}")))?;
    describe(connection, schema, place, shown).await?.ok_or_else(|| {
        ConnectorError::new(ErrorCode::ServiceError, format!("the table {name} was dropped just now"))
    })
}

/// Whether the table has no rows; `None` when there is no table.
pub(super) async fn describe(
    connection: &mut PgConnection,
    schema: &str,
    place: &DocumentPlace,
    shown: &str,
) -> Result<Option<bool>> {
    let explain = |error| explain(error, shown);
    let columns = catalog(connection, schema, place).await.map_err(explain)?;
    if columns.is_empty() {
        return Ok(None);
    }
    let name = full_name(schema, &place.table);
    let fits = |column: &str, sql_type: &str| match column {
        ID => matches!(sql_type, "smallint" | "integer" | "bigint"),
        CREATED_AT | UPDATED_AT => sql_type == "timestamp with time zone",
        _ if column == place.columns.key => sql_type == "uuid",
        _ if column == place.columns.content => sql_type == "jsonb",
        _ => sql_type == "text" || sql_type.starts_with("character varying"),
    };
    if let Some(lack) = lacks(&columns, &place.columns, fits) {
        return Err(other_shape(&name, &lack));
    }
    let key = [place.columns.key.to_owned()];
    if !has_unique_key(connection, schema, &place.table, &key).await.map_err(explain)? {
        return Err(other_shape(&name, &format!("no unique key on {}", place.columns.key)));
    }
    let query = sql(format!("SELECT NOT EXISTS (SELECT 1 FROM {name})"));
    let is_empty = sqlx::query_scalar(query).fetch_one(connection).await.map_err(explain)?;
    Ok(Some(is_empty))
}

async fn catalog(
    connection: &mut PgConnection,
    schema: &str,
    place: &DocumentPlace,
) -> sqlx::Result<Vec<FoundColumn>> {
    let columns: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod),
                a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum",
    )
    .bind(schema)
    .bind(&place.table)
    .fetch_all(connection)
    .await?;
    let found = |(name, sql_type, must_be_given)| FoundColumn { name, sql_type, must_be_given };
    Ok(columns.into_iter().map(found).collect())
}

async fn create(connection: &mut PgConnection, schema: &str, place: &DocumentPlace) -> sqlx::Result<()> {
    create_schema(connection, schema).await?;
    let [key, content, kind] = [place.columns.key, place.columns.content, place.columns.kind].map(quoted);
    // The constraint is called as the older tool called it, so that scripts which name it go on working.
    let prefix = place.schema.as_ref().map_or_else(String::new, |schema| format!("{schema}_"));
    let constraint = quoted(&format!("{prefix}{}_constraint_key", place.table));
    let statement = format!(
        "CREATE TABLE {} ({ID} serial PRIMARY KEY, {key} uuid NOT NULL CONSTRAINT {constraint} UNIQUE,
             {content} jsonb NOT NULL, {kind} varchar, {CREATED_AT} timestamptz DEFAULT now(),
             {UPDATED_AT} timestamptz DEFAULT now())",
        full_name(schema, &place.table),
    );
    sqlx::query(sql(statement)).execute(connection).await?;
    Ok(())
}
