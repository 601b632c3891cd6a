//! What a sync wrote: the documents of a stream's table in SQLite.

use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row, SqlSafeStr, SqlStr};

/// The live documents of a table.
pub(crate) async fn documents(database: &Path, table: &str) -> Result<Vec<Value>, String> {
    let options = SqliteConnectOptions::new().filename(database).read_only(true).disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .map_err(|error| format!("the database cannot be read: {error}"))?;
    let rows = sqlx::query(select(table)).fetch_all(&mut connection).await;
    let rows = rows.map_err(|error| format!("the table {table} cannot be read: {error}"))?;
    let documents = rows.iter().map(|row| {
        let document: String = row.try_get(0).map_err(|_| format!("_doc of {table} is no text"))?;
        serde_json::from_str(&document).map_err(|_| format!("_doc of {table} is no JSON"))
    });
    let documents = documents.collect();
    // Nothing was written, so that nothing is lost when it does not close well.
    let _ = connection.close().await;
    documents
}

#[expect(clippy::disallowed_methods, reason = "the one text of SQL here; its name is quoted")]
fn select(table: &str) -> SqlStr {
    let quoted = table.replace('"', "\"\"");
    sqlx::AssertSqlSafe(format!("SELECT _doc FROM \"{quoted}\" WHERE _deleted_at IS NULL")).into_sql_str()
}
