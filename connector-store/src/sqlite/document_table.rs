//! A table of the layout `documents` in SQLite: looked at, created.

use connector_core::{ConnectorError, ErrorCode, Result};
use sqlx::{Connection, SqliteConnection};

use super::fault::explain;
use super::table::has_unique_key;
use crate::documents::{CREATED_AT, DocumentPlace, FoundColumn, ID, UPDATED_AT, lacks};
use crate::fault::other_shape;
use crate::identifier::{quoted, sql};

/// Makes the table unless it is there. Says whether it has no rows.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    place: &DocumentPlace,
    shown: &str,
) -> Result<bool> {
    if let Some(is_empty) = describe(connection, place, shown).await? {
        return Ok(is_empty);
    }
    let created = async {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        if catalog(&mut transaction, place).await?.is_empty() {
            create(&mut transaction, place).await?;
        }
        transaction.commit().await
    };
    let context = || format!("preparing the table {}", place.table);
    created.await.map_err(|error| explain(error, shown).context(context()))?;
    describe(connection, place, shown).await?.ok_or_else(|| {
        let message = format!("the table {} was dropped just now", place.table);
        ConnectorError::new(ErrorCode::ServiceError, message)
    })
}

/// Whether the table has no rows; `None` when there is no table.
pub(super) async fn describe(
    connection: &mut SqliteConnection,
    place: &DocumentPlace,
    shown: &str,
) -> Result<Option<bool>> {
    let explain = |error| explain(error, shown);
    let columns = catalog(connection, place).await.map_err(explain)?;
    if columns.is_empty() {
        return Ok(None);
    }
    // SQLite puts any value into any column, but it counts in this type alone.
    let fits = |column: &str, sql_type: &str| column != ID || sql_type == "integer";
    if let Some(lack) = lacks(&columns, &place.columns, fits) {
        return Err(other_shape(&place.table, &lack));
    }
    let key = [place.columns.key.to_owned()];
    if !has_unique_key(connection, &place.table, &key).await.map_err(explain)? {
        return Err(other_shape(&place.table, &format!("no unique key on {}", place.columns.key)));
    }
    let query = sql(format!("SELECT NOT EXISTS (SELECT 1 FROM {})", quoted(&place.table)));
    let is_empty = sqlx::query_scalar(query).fetch_one(connection).await.map_err(explain)?;
    Ok(Some(is_empty))
}

async fn catalog(connection: &mut SqliteConnection, place: &DocumentPlace) -> sqlx::Result<Vec<FoundColumn>> {
    // An integer that is the primary key counts by itself.
    let columns: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT name, lower(type), CASE WHEN name = ?2 THEN pk = 0 ELSE \"notnull\" AND dflt_value IS NULL END
         FROM pragma_table_info(?1) ORDER BY cid",
    )
    .bind(place.table.clone())
    .bind(ID)
    .fetch_all(connection)
    .await?;
    let found = |(name, sql_type, must_be_given)| FoundColumn { name, sql_type, must_be_given };
    Ok(columns.into_iter().map(found).collect())
}

async fn create(connection: &mut SqliteConnection, place: &DocumentPlace) -> sqlx::Result<()> {
    let [key, content, kind] = [place.columns.key, place.columns.content, place.columns.kind].map(quoted);
    let statement = format!(
        "CREATE TABLE {} ({ID} INTEGER PRIMARY KEY, {key} TEXT NOT NULL UNIQUE, {content} TEXT NOT NULL, {kind} TEXT,
             {CREATED_AT} TEXT DEFAULT CURRENT_TIMESTAMP, {UPDATED_AT} TEXT DEFAULT CURRENT_TIMESTAMP)",
        quoted(&place.table),
    );
    sqlx::query(sql(statement)).execute(connection).await?;
    Ok(())
}
