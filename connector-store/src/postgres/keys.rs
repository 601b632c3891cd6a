//! Rows of which only the key is known, in PostgreSQL.

use connector_core::stream::{ColumnType, KEY_SEPARATOR};

use super::session::PgSession;
use crate::identifier::{quoted, sql};
use crate::keys::{Key, KeyPage, KeyParts, KeyedSession};
use crate::layout::TableColumn;
use crate::statements::{index_statement, listed};

impl KeyedSession for PgSession {
    async fn count_live(&mut self, key: &Key, keys: &[KeyParts<'_>]) -> sqlx::Result<u64> {
        if let Some(documents) = self.documents.clone() {
            return documents.count(self.connection().await?, keys).await;
        }
        let statement = format!(
            "SELECT count(*) FROM {} JOIN {} t ON {} WHERE t._deleted_at IS NULL",
            key_arrays(key.columns.len()),
            self.table,
            key_matches(&key.columns),
        );
        let mut query = sqlx::query_scalar(sql(statement));
        for part in key_columns(key.columns.len(), keys) {
            query = query.bind(part);
        }
        let count: i64 = query.fetch_one(self.connection().await?).await?;
        Ok(count.unsigned_abs())
    }

    async fn mark_deleted(&mut self, key: &Key, keys: &[KeyParts<'_>], now: &str) -> sqlx::Result<u64> {
        if let Some(documents) = self.documents.clone() {
            return documents.delete(self.connection().await?, keys).await;
        }
        let count = key.columns.len();
        let (at, run) = (count + 1, count + 2);
        let statement = format!(
            "UPDATE {} t SET _deleted_at = ${at}::text::timestamptz, _synced_at = ${at}::text::timestamptz,
             _run_id = ${run} FROM {} WHERE {} AND t._deleted_at IS NULL",
            self.table,
            key_arrays(count),
            key_matches(&key.columns),
        );
        let mut query = sqlx::query(sql(statement));
        for part in key_columns(count, keys) {
            query = query.bind(part);
        }
        let query = query.bind(now).bind(self.run_id);
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
        let mut query = sqlx::query_scalar(sql(format!(
            "SELECT coalesce(array_agg(key), '{{}}') FROM ({} LIMIT {}) AS page",
            keys_statement(&self.table, page),
            page.most
        )));
        let within = page.within.iter().map(|(_, value)| value.as_str());
        for value in within.chain(page.after.iter().flatten().map(AsRef::as_ref)) {
            query = query.bind(value);
        }
        query.fetch_one(self.connection().await?).await
    }

    fn sorts_keys(&self) -> bool {
        self.documents.is_none()
    }

    async fn sort_keys(&mut self, page: &KeyPage<'_>) -> sqlx::Result<Vec<String>> {
        let connection = self.connection().await?;
        for statement in ["CLOSE ALL", "BEGIN", AS_ROWS_LIE] {
            sqlx::query(statement).execute(&mut *connection).await?;
        }
        let declare =
            format!("DECLARE live_keys NO SCROLL CURSOR WITH HOLD FOR {}", keys_statement(&self.table, page));
        let mut query = sqlx::query(sql(declare)).persistent(false);
        for value in page.after.iter().flatten() {
            query = query.bind(value.as_ref());
        }
        let connection = self.connection().await?;
        query.execute(&mut *connection).await?;
        // From here on the keys are in a file of the server's, and hold up nobody.
        sqlx::query("COMMIT").execute(connection).await?;
        self.next_keys(page.most).await
    }

    async fn next_keys(&mut self, most: u32) -> sqlx::Result<Vec<String>> {
        let connection = self.connection().await?;
        let fetch = sql(format!("FETCH {most} FROM live_keys"));
        let keys: Vec<String> =
            sqlx::query_scalar(fetch).persistent(false).fetch_all(&mut *connection).await?;
        if keys.len() < most as usize {
            sqlx::query("CLOSE ALL").execute(connection).await?;
        }
        Ok(keys)
    }
}

/// For one transaction, the opposite of what a writer's connection is set to.
const AS_ROWS_LIE: &str =
    "SELECT set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true),
     set_config('enable_bitmapscan', 'off', true)";

/// Keys as a table `k`, from one array of texts for each part.
pub(super) fn key_arrays(parts: usize) -> String {
    let arrays = listed((1..=parts).map(|n| format!("${n}::text[]")));
    format!("unnest({arrays}) AS k({})", listed((1..=parts).map(|n| format!("k{n}"))))
}

/// The arrays for [`key_arrays`].
pub(super) fn key_columns<'k>(
    parts: usize,
    keys: &'k [impl AsRef<[std::borrow::Cow<'k, str>]>],
) -> impl Iterator<Item = Vec<Option<&'k str>>> {
    (0..parts).map(|part| keys.iter().map(|key| key.as_ref().get(part).map(AsRef::as_ref)).collect())
}

/// The condition under which a row of the table `t` has the key in `k`.
pub(super) fn key_matches<'c>(columns: impl IntoIterator<Item = &'c TableColumn>) -> String {
    let is_part = |(column, n): (&TableColumn, usize)| {
        format!("t.{} = k.k{n}::{}", quoted(&column.name), column.sql_type)
    };
    columns.into_iter().zip(1..).map(is_part).collect::<Vec<_>>().join(" AND ")
}

/// Keys in their order. Compared and ordered in their columns' own types and collations, as the index is.
fn keys_statement(table: &str, page: &KeyPage<'_>) -> String {
    let columns = &page.key.columns;
    let names = listed(columns.iter().map(|column| format!("t.{}", quoted(&column.name))));
    let place = |n: usize, column: &TableColumn| format!("${n}::text::{}", column.sql_type);
    let within = page.within.iter().zip(1..);
    let mut conditions = vec!["t._deleted_at IS NULL".to_owned()];
    conditions
        .extend(within.map(|((column, _), n)| format!("t.{} = {}", quoted(&column.name), place(n, column))));
    if page.after.is_some() {
        let places = columns.iter().zip(page.within.len() + 1..).map(|(column, n)| place(n, column));
        conditions.push(format!("({names}) > ({})", listed(places)));
    }
    let texts: Vec<String> = columns.iter().map(as_text).collect();
    format!(
        "SELECT {} AS key FROM {table} t WHERE {} ORDER BY {names}",
        texts.join(&format!(" || chr({}) || ", u32::from(KEY_SEPARATOR))),
        conditions.join(" AND "),
    )
}

/// The value of a column as a row's key has it.
fn as_text(column: &TableColumn) -> String {
    let name = format!("t.{}", quoted(&column.name));
    match column.kind {
        ColumnType::Date => format!("to_char({name}, 'YYYY-MM-DD')"),
        ColumnType::Timestamp => format!(
            "rtrim(rtrim(to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '0'), '.') || 'Z'"
        ),
        _ => format!("{name}::text"),
    }
}
