//! Rows of which only the key is known, in SQLite.

use std::borrow::Cow;

use connector_core::stream::{ColumnType, KEY_SEPARATOR};
use serde_json::{Value, json};

use sqlx::Arguments;
use sqlx::sqlite::SqliteArguments;

use super::session::SqliteSession;
use crate::identifier::{quoted, quoted_list, sql};
use crate::keys::{Key, KeyPage, KeyParts, KeyedSession};
use crate::layout::TableColumn;
use crate::statements::{index_statement, listed};

impl KeyedSession for SqliteSession {
    async fn count_live(&mut self, key: &Key, keys: &[KeyParts<'_>]) -> sqlx::Result<u64> {
        if let Some(documents) = self.documents.clone() {
            return documents.count(self.connection().await?, keys).await;
        }
        let statement = format!(
            "SELECT count(*) FROM {} WHERE {} AND _deleted_at IS NULL",
            self.table,
            key_matches(&key.columns)
        );
        let query = sqlx::query_scalar(sql(statement)).bind(key_values(&key.columns, keys));
        let count: i64 = query.fetch_one(self.connection().await?).await?;
        Ok(count.unsigned_abs())
    }

    async fn mark_deleted(&mut self, key: &Key, keys: &[KeyParts<'_>], now: &str) -> sqlx::Result<u64> {
        if let Some(documents) = self.documents.clone() {
            return documents.delete(self.connection().await?, keys).await;
        }
        let statement = format!(
            "UPDATE {} SET _deleted_at = ?2, _synced_at = ?2, _run_id = ?3 WHERE {} AND _deleted_at IS NULL",
            self.table,
            key_matches(&key.columns)
        );
        let query = sqlx::query(sql(statement))
            .bind(key_values(&key.columns, keys))
            .bind(now.to_owned())
            .bind(self.run_id.to_string());
        Ok(query.execute(self.connection().await?).await?.rows_affected())
    }

    async fn index(&mut self, within: &[&TableColumn], key: &Key) -> sqlx::Result<()> {
        let statement = sql(index_statement(&self.stream, &self.table, within, key));
        sqlx::query(statement).execute(self.connection().await?).await?;
        Ok(())
    }

    async fn live_keys(&mut self, page: &KeyPage<'_>) -> sqlx::Result<Vec<String>> {
        if let Some(documents) = self.documents.clone() {
            return documents.keys(self.connection().await?, page).await;
        }
        let keys = keys_statement(&self.table, page);
        let statement = sql(format!("SELECT json_group_array(key) FROM ({keys} LIMIT {})", page.most));
        let query = sqlx::query_scalar_with(statement, arguments(page)?);
        let json: String = query.fetch_one(self.connection().await?).await?;
        keys_from(&json)
    }

    fn sorts_keys(&self) -> bool {
        self.documents.is_none()
    }

    async fn sort_keys(&mut self, page: &KeyPage<'_>) -> sqlx::Result<Vec<String>> {
        let keys = keys_statement(&format!("{} NOT INDEXED", self.table), page);
        sqlx::query(DROP_SORTED).execute(self.connection().await?).await?;
        let statement = sql(format!("CREATE TEMP TABLE \"_live keys\" AS {keys}"));
        let query = sqlx::query_with(statement, arguments(page)?).persistent(false);
        query.execute(self.connection().await?).await?;
        self.keys_handed_out = 0;
        self.next_keys(page.most).await
    }

    async fn next_keys(&mut self, most: u32) -> sqlx::Result<Vec<String>> {
        let query = sqlx::query_scalar(
            "SELECT json_group_array(key) FROM (SELECT key FROM temp.\"_live keys\" WHERE rowid > ?1
             ORDER BY rowid LIMIT ?2)",
        );
        let query = query.persistent(false).bind(self.keys_handed_out).bind(i64::from(most));
        let json: String = query.fetch_one(self.connection().await?).await?;
        self.keys_handed_out += i64::from(most);
        let keys = keys_from(&json)?;
        if keys.len() < most as usize {
            sqlx::query(DROP_SORTED).execute(self.connection().await?).await?;
        }
        Ok(keys)
    }
}

const DROP_SORTED: &str = "DROP TABLE IF EXISTS temp.\"_live keys\"";

/// Keys from an answer: one array, as JSON, since each row of an answer costs as much as finding it.
fn keys_from(json: &str) -> sqlx::Result<Vec<String>> {
    serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// The values for [`keys_statement`].
fn arguments(page: &KeyPage<'_>) -> sqlx::Result<SqliteArguments> {
    let within = page.within.iter().map(|(column, value)| (column.kind, value.as_str()));
    let kinds = page.key.columns.iter().map(|column| column.kind);
    let after = kinds.zip(page.after.iter().flatten().map(AsRef::as_ref));
    let mut arguments = SqliteArguments::default();
    for (kind, value) in within.chain(after) {
        let added = match kind {
            ColumnType::Boolean => arguments.add(value == "true"),
            _ => arguments.add(value.to_owned()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// The condition under which a row has one of the keys in the first value.
pub(super) fn key_matches(columns: &[TableColumn]) -> String {
    let names = quoted_list(columns.iter().map(|column| column.name.as_str()));
    let parts = listed((0..columns.len()).map(|n| format!("k.value ->> {n}")));
    format!("({names}) IN (SELECT {parts} FROM json_each(?1) k)")
}

/// The value for [`key_matches`]: one array for each key.
pub(super) fn key_values<'k>(columns: &[TableColumn], keys: &[impl AsRef<[Cow<'k, str>]>]) -> String {
    let of_key = |key: &[Cow<'_, str>]| -> Value {
        key.iter().zip(columns).map(|(text, column)| key_value(column.kind, Some(text))).collect()
    };
    keys.iter().map(|key| of_key(key.as_ref())).collect::<Value>().to_string()
}

/// A part of a key as JSON that SQLite finds equal to the column's value.
pub(super) fn key_value(kind: ColumnType, text: Option<&str>) -> Value {
    match kind {
        ColumnType::Boolean => json!(text.map(|text| i32::from(text == "true"))),
        _ => json!(text),
    }
}

/// Keys in their order.
fn keys_statement(table: &str, page: &KeyPage<'_>) -> String {
    let columns = &page.key.columns;
    let names = quoted_list(columns.iter().map(|column| column.name.as_str()));
    let mut conditions = vec!["_deleted_at IS NULL".to_owned()];
    conditions.extend(
        page.within.iter().zip(1..).map(|((column, _), n)| format!("{} = ?{n}", quoted(&column.name))),
    );
    if page.after.is_some() {
        let first = page.within.len() + 1;
        let places = listed((first..first + columns.len()).map(|n| format!("?{n}")));
        conditions.push(format!("({names}) > ({places})"));
    }
    let texts: Vec<String> = columns.iter().map(as_text).collect();
    format!(
        "SELECT {} AS key FROM {table} WHERE {} ORDER BY {names}",
        texts.join(&format!(" || char({}) || ", u32::from(KEY_SEPARATOR))),
        conditions.join(" AND "),
    )
}

/// The value of a column as a row's key has it.
fn as_text(column: &TableColumn) -> String {
    let name = quoted(&column.name);
    match column.kind {
        ColumnType::Boolean => format!("iif({name}, 'true', 'false')"),
        _ => format!("CAST({name} AS TEXT)"),
    }
}
