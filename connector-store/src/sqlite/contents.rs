//! Rows compared with what is stored in SQLite, value by value.

use std::borrow::Cow;

use connector_core::stream::{ColumnType, Row};

use super::session::{SqliteSession, positions, statement_sizes};
use crate::contents::{ContentSession, Contents};
use crate::identifier::{quoted, sql};
use crate::session::Comparison;
use crate::statements::listed;

impl ContentSession for SqliteSession {
    async fn compare_contents(&mut self, contents: Contents<'_>, rows: &[&Row]) -> sqlx::Result<Comparison> {
        if let Some(documents) = self.documents.clone() {
            return documents.compare(self.connection().await?, rows).await;
        }
        let mut comparison = Comparison::default();
        let (mut rest, mut first) = (rows, 0);
        for size in statement_sizes(contents.there.len() + 1) {
            let statement = sql(statement(&self.table, &contents, size));
            while rest.len() >= size {
                let (chunk, others) = rest.split_at(size);
                rest = others;
                let mut query = sqlx::query_as(statement.clone());
                for row in chunk {
                    for (index, column) in contents.there.iter().zip(contents.columns()) {
                        let cell = contents.cell(row, *index);
                        query = match column.kind {
                            ColumnType::Boolean => query.bind(cell.map(|text| text == "true")),
                            _ => query.bind(cell.map(Cow::into_owned)),
                        };
                    }
                    query = query.bind(contents.document(row).into_owned());
                }
                let (unchanged, differing): (String, String) =
                    query.fetch_one(self.connection().await?).await?;
                comparison.unchanged.extend(positions(&unchanged)?.iter().map(|at| at + first));
                comparison.differing.extend(positions(&differing)?.iter().map(|at| at + first));
                first += i32::try_from(size).expect("few rows fit into one statement");
            }
        }
        Ok(comparison)
    }
}

/// Positions, from zero, of the rows that are there: those that are the same, and those that are not. As two texts,
/// since each row of an answer costs as much as finding it.
///
/// What is sent has no type, so that it is compared in the column's. The values of a row stand in one comparison: as
/// many with `AND` between them nest deeper than SQLite goes.
fn statement(table: &str, contents: &Contents<'_>, rows: usize) -> String {
    let count = contents.there.len();
    let names = listed((0..count).map(|n| format!("c{n}")));
    let places = vec!["?"; count + 1].join(",");
    let values = listed((0..rows).map(|n| format!("({n},{places})")));
    let key: Vec<String> =
        contents.key().map(|(place, column)| format!("t.{} = r.c{place}", quoted(&column.name))).collect();
    let stored = listed(contents.columns().map(|column| format!("t.{}", quoted(&column.name))));
    let sent = listed((0..count).map(|n| format!("r.c{n}")));
    format!(
        "WITH r(n, {names}, doc) AS (VALUES {values}),
              found AS MATERIALIZED (SELECT r.n, t._deleted_at IS NULL AND ({stored}, t._doc) IS ({sent}, r.doc) AS same
                        FROM r CROSS JOIN {table} t ON {})
         SELECT json_group_array(n) FILTER (WHERE same), json_group_array(n) FILTER (WHERE NOT same) FROM found",
        key.join(" AND "),
    )
}
