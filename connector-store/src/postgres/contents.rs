//! Rows compared with what is stored in PostgreSQL, value by value.

use connector_core::stream::{ColumnType, Row};

use super::session::PgSession;
use crate::contents::{ContentSession, Contents};
use crate::identifier::{quoted, sql};
use crate::layout::TableColumn;
use crate::session::Comparison;
use crate::statements::listed;

impl ContentSession for PgSession {
    async fn compare_contents(&mut self, contents: Contents<'_>, rows: &[&Row]) -> sqlx::Result<Comparison> {
        if let Some(documents) = self.documents.clone() {
            return documents.compare(self.connection().await?, rows).await;
        }
        let mut query = sqlx::query_as(sql(statement(&self.table, &contents)));
        for index in contents.there {
            query = query.bind(rows.iter().map(|row| contents.cell(row, *index)).collect::<Vec<_>>());
        }
        query = query.bind(rows.iter().map(|row| contents.document(row)).collect::<Vec<_>>());
        let (unchanged, differing) = query.fetch_one(self.connection().await?).await?;
        Ok(Comparison { unchanged, differing })
    }
}

/// Positions, from zero, of the rows that are there: those that are the same, and those that are not.
///
/// All values are cast before the first is compared: whether the database can hold a row must not depend on where the
/// stored one differs first.
fn statement(table: &str, contents: &Contents<'_>) -> String {
    let count = contents.there.len();
    let arrays = listed((1..=count + 1).map(|n| format!("${n}::text[]")));
    let names = listed((1..=count).map(|n| format!("c{n}")));
    let casts =
        listed(contents.columns().zip(1..).map(|(column, n)| format!("c{n}::{} AS c{n}", column.sql_type)));
    let key: Vec<String> = contents
        .key()
        .map(|(place, column)| format!("t.{} = r.c{}", quoted(&column.name), place + 1))
        .collect();
    let is_as_sent = |(column, n): (&TableColumn, usize)| {
        let cast = if has_equality(column) { "" } else { "::text" };
        format!("t.{}{cast} IS NOT DISTINCT FROM r.c{n}{cast}", quoted(&column.name))
    };
    let mut same = vec!["t._deleted_at IS NULL".to_owned()];
    same.extend(contents.columns().zip(1..).map(is_as_sent));
    same.push("t._doc::jsonb = r.doc".to_owned());
    let list = |filter: &str| format!("coalesce(array_agg(n) FILTER (WHERE {filter}), '{{}}')");
    format!(
        "WITH r AS MATERIALIZED (SELECT {casts}, doc::jsonb AS doc, (n - 1)::int4 AS n
                                 FROM unnest({arrays}) WITH ORDINALITY AS r({names}, doc, n)),
              found AS MATERIALIZED (SELECT r.n, {} AS same FROM r JOIN {table} t ON {})
         SELECT {}, {} FROM found",
        same.join(" AND "),
        key.join(" AND "),
        list("same"),
        list("NOT same"),
    )
}

/// Whether values of a column can be compared as they are. `json` cannot, and of types that we do not know nobody knows.
fn has_equality(column: &TableColumn) -> bool {
    let is_known = column.exact || column.kind != ColumnType::Text;
    is_known && column.sql_type != "json"
}
