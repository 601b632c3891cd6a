//! Rows of the layout `documents` in PostgreSQL: compared by content, written only where it differs.

use connector_core::stream::Row;
use sqlx::{PgConnection, SqlStr};

use super::copy;
use crate::documents::{CREATED_AT, DocumentPlace, UPDATED_AT, field_of, half_of};
use crate::identifier::{quoted, sql};
use crate::keys::{KeyPage, KeyParts};
use crate::session::{Comparison, Sheet};
use crate::text::storable;

/// Rows sent at once.
const COPY_ROWS: usize = 64;

/// What is done to one table of the layout.
pub(super) struct Documents {
    kind: String,
    /// Names of the key and of the content, quoted.
    key: String,
    content: String,
    /// The table's full name, quoted.
    table: String,
    compare: SqlStr,
    copy: String,
    upsert: SqlStr,
}

impl Documents {
    /// `table` is its full name, quoted.
    pub(super) fn new(place: &DocumentPlace, table: &str) -> Self {
        let [key, content, kind] = [place.columns.key, place.columns.content, place.columns.kind].map(quoted);
        let columns = format!("{key}, {content}, {kind}, {CREATED_AT}, {UPDATED_AT}");
        let list =
            |filter: &str| format!("coalesce(array_agg((k.n - 1)::int4) FILTER (WHERE {filter}), '{{}}')");
        let same = format!("t.{content} = k.doc::jsonb");
        let compare = format!(
            "SELECT {}, {} FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(key, doc, n)
             JOIN {table} t ON t.{key} = k.key::uuid",
            list(&same),
            list(&format!("NOT ({same})")),
        );
        // An upsert alone would take a number of the sequence for each row that is there, and the sequence ends.
        let upsert = format!(
            "WITH r AS (SELECT key::uuid, doc::jsonb FROM unnest($1::text[], $2::text[]) AS r(key, doc)),
             changed AS (UPDATE {table} t SET {content} = r.doc, {kind} = $3, {UPDATED_AT} = $4::text::timestamptz
                         FROM r WHERE t.{key} = r.key AND t.{content} <> r.doc)
             INSERT INTO {table} AS t ({columns})
             SELECT r.key, r.doc, $3, $4::text::timestamptz, $4::text::timestamptz
             FROM r WHERE NOT EXISTS (SELECT 1 FROM {table} o WHERE o.{key} = r.key)
             ON CONFLICT ({key}) DO UPDATE SET
                 {content} = excluded.{content}, {kind} = excluded.{kind}, {UPDATED_AT} = excluded.{UPDATED_AT}
             WHERE t.{content} <> excluded.{content}"
        );
        Self {
            kind: place.kind.clone(),
            table: table.to_owned(),
            compare: sql(compare),
            copy: format!("COPY {table} ({columns}) FROM STDIN"),
            upsert: sql(upsert),
            key,
            content,
        }
    }

    pub(super) async fn compare(
        &self,
        connection: &mut PgConnection,
        rows: &[&Row],
    ) -> sqlx::Result<Comparison> {
        // What no `jsonb` holds was stored without it: compared as it was sent, the row would differ for ever.
        let (unchanged, differing) = sqlx::query_as(self.compare.clone())
            .bind(rows.iter().map(|row| row.key()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| storable(row.document())).collect::<Vec<_>>())
            .fetch_one(connection)
            .await?;
        Ok(Comparison { unchanged, differing })
    }

    pub(super) async fn insert(
        &self,
        connection: &mut PgConnection,
        sheet: &Sheet<'_>,
        rows: &[&Row],
    ) -> sqlx::Result<()> {
        let mut copy = connection.copy_in_raw(&self.copy).await?;
        for part in rows.chunks(COPY_ROWS) {
            copy.send(copy::encode_documents(sheet, part, &[&self.kind, sheet.now, sheet.now])).await?;
        }
        copy.finish().await?;
        Ok(())
    }

    pub(super) async fn upsert(
        &self,
        connection: &mut PgConnection,
        sheet: &Sheet<'_>,
        rows: &[&Row],
    ) -> sqlx::Result<()> {
        sqlx::query(self.upsert.clone())
            .bind(rows.iter().map(|row| row.key()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| sheet.document(row)).collect::<Vec<_>>())
            .bind(&self.kind)
            .bind(sheet.now)
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(super) async fn count(
        &self,
        connection: &mut PgConnection,
        keys: &[KeyParts<'_>],
    ) -> sqlx::Result<u64> {
        let statement =
            format!("SELECT count(*) FROM {} WHERE {} = ANY ($1::text[]::uuid[])", self.table, self.key);
        let count: i64 =
            sqlx::query_scalar(sql(statement)).bind(texts_of(keys)).fetch_one(connection).await?;
        Ok(count.unsigned_abs())
    }

    /// Removes rows: the older tool knows no mark for deleted ones.
    pub(super) async fn delete(
        &self,
        connection: &mut PgConnection,
        keys: &[KeyParts<'_>],
    ) -> sqlx::Result<u64> {
        let statement = format!("DELETE FROM {} WHERE {} = ANY ($1::text[]::uuid[])", self.table, self.key);
        let done = sqlx::query(sql(statement)).bind(texts_of(keys)).execute(connection).await?;
        Ok(done.rows_affected())
    }

    pub(super) async fn keys(
        &self,
        connection: &mut PgConnection,
        page: &KeyPage<'_>,
    ) -> sqlx::Result<Vec<String>> {
        let Self { table, key, content, .. } = self;
        let mut conditions = vec![format!("($1::text IS NULL OR {key} > $1::text::uuid)")];
        for n in 0..page.within.len() {
            let (field, half, value) = (3 * n + 2, 3 * n + 3, 3 * n + 4);
            conditions.push(format!("coalesce({content} #>> ${field}, {content} #>> ${half}) = ${value}"));
        }
        let statement = format!(
            "SELECT {key}::text FROM {table} WHERE {} ORDER BY {key} LIMIT {}",
            conditions.join(" AND "),
            page.most
        );
        let after = page.after.as_ref().and_then(|parts| parts.first()).map(AsRef::as_ref);
        let mut query = sqlx::query_scalar(sql(statement)).bind::<Option<&str>>(after);
        for (column, value) in &page.within {
            query = query.bind(field_of(&column.name)).bind(half_of(&column.name)).bind(value.as_str());
        }
        query.fetch_all(connection).await
    }
}

/// Keys of one part each.
fn texts_of<'k>(keys: &'k [KeyParts<'_>]) -> Vec<&'k str> {
    keys.iter().filter_map(|parts| parts.first()).map(AsRef::as_ref).collect()
}
