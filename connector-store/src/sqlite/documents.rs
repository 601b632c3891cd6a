//! Rows of the layout `documents` in SQLite: compared by content, written only where it differs.

use std::sync::Arc;

use connector_core::stream::Row;
use serde_json::json;
use sqlx::{SqlStr, SqliteConnection};

use super::session::{CHUNKS, positions};
use crate::documents::{CREATED_AT, DocumentPlace, UPDATED_AT, field_of, half_of, json_path};
use crate::identifier::{quoted, sql};
use crate::keys::{KeyPage, KeyParts};
use crate::session::{Comparison, Sheet};

/// What is done to one table of the layout.
pub(super) struct Documents {
    kind: Arc<str>,
    /// Names of the key and of the content, quoted.
    key: String,
    content: String,
    /// The table's name, quoted.
    table: String,
    compare: SqlStr,
    /// By the number of rows.
    insert: Vec<(usize, SqlStr)>,
    upsert: Vec<(usize, SqlStr)>,
}

impl Documents {
    /// `table` is its name, quoted.
    pub(super) fn new(place: &DocumentPlace, table: &str) -> Self {
        let [key, content, kind] = [place.columns.key, place.columns.content, place.columns.kind].map(quoted);
        let same = format!("t.{content} = k.value ->> 1");
        let compare = format!(
            "SELECT json_group_array(k.key) FILTER (WHERE {same}),
                    json_group_array(k.key) FILTER (WHERE NOT ({same}))
             FROM json_each(?1) k CROSS JOIN {table} t ON t.{key} = k.value ->> 0"
        );
        let on_conflict = format!(
            "ON CONFLICT ({key}) DO UPDATE SET
                 {content} = excluded.{content}, {kind} = excluded.{kind}, {UPDATED_AT} = excluded.{UPDATED_AT}
             WHERE t.{content} <> excluded.{content}"
        );
        let columns = format!("{key}, {content}, {kind}, {CREATED_AT}, {UPDATED_AT}");
        let statements = |end: &str| {
            let of_size = |size: &usize| {
                let values = vec!["(?,?,?,?,?)"; *size].join(",");
                (*size, sql(format!("INSERT INTO {table} AS t ({columns}) VALUES {values} {end}")))
            };
            CHUNKS.iter().map(of_size).collect()
        };
        Self {
            kind: place.kind.as_str().into(),
            table: table.to_owned(),
            compare: sql(compare),
            insert: statements(""),
            upsert: statements(&on_conflict),
            key,
            content,
        }
    }

    pub(super) async fn compare(
        &self,
        connection: &mut SqliteConnection,
        rows: &[&Row],
    ) -> sqlx::Result<Comparison> {
        let pairs: Vec<_> = rows.iter().map(|row| json!([row.key(), row.document()])).collect();
        let query = sqlx::query_as(self.compare.clone()).bind(serde_json::Value::Array(pairs).to_string());
        let (unchanged, differing): (String, String) = query.fetch_one(connection).await?;
        Ok(Comparison { unchanged: positions(&unchanged)?, differing: positions(&differing)? })
    }

    /// Writes rows: new ones, or over those of the same key.
    pub(super) async fn write(
        &self,
        connection: &mut SqliteConnection,
        sheet: &Sheet<'_>,
        rows: &[&Row],
        are_new: bool,
    ) -> sqlx::Result<()> {
        let now: Arc<str> = sheet.now.into();
        let mut rest = rows;
        for (size, statement) in if are_new { &self.insert } else { &self.upsert } {
            while rest.len() >= *size {
                let (chunk, others) = rest.split_at(*size);
                rest = others;
                let mut query = sqlx::query(statement.clone());
                for row in chunk {
                    query = query.bind(row.key().to_owned()).bind(sheet.document(row).into_owned());
                    query = query.bind(Arc::clone(&self.kind)).bind(Arc::clone(&now)).bind(Arc::clone(&now));
                }
                query.execute(&mut *connection).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn count(
        &self,
        connection: &mut SqliteConnection,
        keys: &[KeyParts<'_>],
    ) -> sqlx::Result<u64> {
        let statement = format!(
            "SELECT count(*) FROM {} WHERE {} IN (SELECT value FROM json_each(?1))",
            self.table, self.key
        );
        let count: i64 = sqlx::query_scalar(sql(statement)).bind(list_of(keys)).fetch_one(connection).await?;
        Ok(count.unsigned_abs())
    }

    /// Removes rows: the older tool knows no mark for deleted ones.
    pub(super) async fn delete(
        &self,
        connection: &mut SqliteConnection,
        keys: &[KeyParts<'_>],
    ) -> sqlx::Result<u64> {
        let statement =
            format!("DELETE FROM {} WHERE {} IN (SELECT value FROM json_each(?1))", self.table, self.key);
        let done = sqlx::query(sql(statement)).bind(list_of(keys)).execute(connection).await?;
        Ok(done.rows_affected())
    }

    pub(super) async fn keys(
        &self,
        connection: &mut SqliteConnection,
        page: &KeyPage<'_>,
    ) -> sqlx::Result<Vec<String>> {
        let Self { table, key, content, .. } = self;
        let mut conditions = vec![format!("{key} > ?1")];
        for n in 0..page.within.len() {
            let (field, half, value) = (3 * n + 2, 3 * n + 3, 3 * n + 4);
            conditions.push(format!(
                "CAST(coalesce({content} ->> ?{field}, {content} ->> ?{half}) AS TEXT) = ?{value}"
            ));
        }
        let statement = format!(
            "SELECT {key} FROM {table} WHERE {} ORDER BY {key} LIMIT {}",
            conditions.join(" AND "),
            page.most
        );
        let after = page.after.as_ref().and_then(|parts| parts.first());
        let after = after.map_or_else(String::new, |part| part.clone().into_owned());
        let mut query = sqlx::query_scalar(sql(statement)).bind(after);
        for (column, value) in &page.within {
            let paths = [field_of(&column.name), half_of(&column.name)].map(|names| json_path(&names));
            let [field, half] = paths;
            query = query.bind(field).bind(half).bind(value.clone());
        }
        query.fetch_all(connection).await
    }
}

/// Keys of one part each, as a list in JSON.
fn list_of(keys: &[KeyParts<'_>]) -> String {
    let keys: Vec<&str> = keys.iter().filter_map(|parts| parts.first()).map(AsRef::as_ref).collect();
    json!(keys).to_string()
}
