//! Views in SQLite that show custom fields as columns.

use connector_core::Result;
use connector_core::stream::ColumnType;
use connector_core::sync::{CustomFieldColumn, CustomFieldView};
use sqlx::{Connection, SqliteConnection};

use super::Database;
use super::live::columns;
use crate::identifier::{quoted, sql};
use crate::layout::{Names, TableColumn};
use crate::statements::listed;
use crate::view::{self, MARK};

impl Database {
    /// Makes the view, or leaves the one that is the same; with `look_only` it only tells.
    pub(crate) async fn create_view(&self, view: &CustomFieldView, look_only: bool) -> Result<bool> {
        let explain = |error| self.explain(error).context(format!("making the view {}", view.name));
        let connected = if look_only { self.connect_to_read().await } else { self.connect().await.map(Some) };
        let Some(mut connection) = connected.map_err(explain)? else {
            return Ok(true);
        };
        let columns = columns(&mut connection, &view.table).await.map_err(explain)?;
        if look_only && columns.is_empty() {
            // The run that is tried out would have made the table.
            return Ok(true);
        }
        let shown = view::shown(view, &columns, Names::Folded)?;
        let definition = definition(&quoted(&view.table), &view.source, &columns, shown);
        let mark = format!("/* {MARK}{} */", view::fingerprint(&definition));

        let begin = if look_only { "BEGIN" } else { "BEGIN IMMEDIATE" };
        let mut transaction = connection.begin_with(begin).await.map_err(explain)?;
        let standing = standing(&mut transaction, &view.name).await.map_err(explain)?;
        let is_ours =
            |(kind, text): &(String, String)| kind == "view" && text.contains(&format!("/* {MARK}"));
        match &standing {
            Some(found) if !is_ours(found) => return Err(view::occupied(&view.name)),
            Some((_, text)) if text.contains(&mark) => return Ok(false),
            _ if look_only => return Ok(true),
            _ => {}
        }
        let name = quoted(&view.name);
        if standing.is_some() {
            // What is built on it finds the new one by its name.
            run(&mut transaction, format!("DROP VIEW {name}")).await.map_err(explain)?;
        }
        let statement = format!("CREATE VIEW {name} AS {mark} {definition}");
        run(&mut transaction, statement).await.map_err(explain)?;
        transaction.commit().await.map_err(explain)?;
        Ok(true)
    }
}

async fn run(connection: &mut SqliteConnection, statement: String) -> sqlx::Result<()> {
    sqlx::query(sql(statement)).execute(connection).await.map(|_| ())
}

/// What has the name: its kind, the statement that made it.
async fn standing(connection: &mut SqliteConnection, name: &str) -> sqlx::Result<Option<(String, String)>> {
    sqlx::query_as("SELECT type, coalesce(sql, '') FROM sqlite_master WHERE lower(name) = lower(?1)")
        .bind(name.to_owned())
        .fetch_optional(connection)
        .await
}

/// One object of the values by definition for each row, which each column looks its own up in.
///
/// The empty second half keeps SQLite from putting the subquery into each place that uses it, where it would run once
/// for each column: eighty times slower with 50. Conditions on the view still reach the table and its indexes.
fn definition(table: &str, source: &str, columns: &[TableColumn], shown: &[CustomFieldColumn]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    let custom = shown.iter().map(|column| format!("{} AS {}", value(column), quoted(&column.name)));
    let source = format!("t.{}", quoted(source));
    let own = listed(names.iter().map(|name| format!("t.{name} AS {name}")));
    let nothing = vec!["NULL"; names.len() + 1].join(", ");
    // By their place in the list, which SQLite has taken apart already: half the cost of taking each item apart.
    let id = format!("{source} ->> ('$[' || item.key || '].definition.id')");
    let content = "('$[' || item.key || '].value')";
    format!(
        "SELECT {} FROM (
             SELECT {own}, (
                 SELECT json_group_object({id}, {source} -> {content})
                 FROM json_each(CASE WHEN json_valid({source}) THEN
                     CASE json_type({source}) WHEN 'array' THEN {source} END END) AS item
                 WHERE {source} ->> {content} IS NOT NULL AND {id} IS NOT NULL) AS _held
             FROM {table} AS t UNION ALL SELECT {nothing} WHERE 0)",
        listed(names.iter().cloned().chain(custom))
    )
}

/// The value of a custom field, of the type that tables have for it.
fn value(column: &CustomFieldColumn) -> String {
    // A path has no way to write a quotation mark: a definition with one finds nothing.
    let mut json = format!("_held -> {}", literal(&format!("$.\"{}\"", column.definition)));
    if let Some(member) = column.member {
        let path = literal(&format!("$.\"{member}\""));
        json = format!("coalesce(nullif({json} -> {path}, 'null'), {json})");
    }
    let json = format!("({json})");
    let plain = format!("({json} ->> '$')");
    match column.kind {
        ColumnType::Text => format!("CASE json_type({json}) WHEN 'text' THEN {plain} ELSE {json} END"),
        ColumnType::Json => json,
        ColumnType::Number => format!(
            "CASE json_type({json}) WHEN 'integer' THEN {plain} WHEN 'real' THEN {plain} WHEN 'text' THEN
                 CASE WHEN json_valid({plain}) THEN
                     CASE WHEN json_type({plain}) IN ('integer', 'real') THEN CAST({plain} AS NUMERIC) END END END"
        ),
        ColumnType::Uuid => {
            let digits = |count: usize| "[0-9a-fA-F]".repeat(count);
            let pattern = [8, 4, 4, 4, 12].map(digits).join("-");
            format!("CASE WHEN {plain} GLOB '{pattern}' THEN lower({plain}) END")
        }
        ColumnType::Boolean => {
            format!("CASE {json} WHEN 'true' THEN 1 WHEN '\"true\"' THEN 1 WHEN 'false' THEN 0 WHEN '\"false\"' THEN 0 END")
        }
        // A day that is none comes back as another one.
        ColumnType::Date => format!("CASE WHEN date({plain}) = {plain} THEN {plain} END"),
        ColumnType::Timestamp => format!(
            "CASE WHEN {plain} GLOB '????-??-??[T ]??:??*' AND date(substr({plain}, 1, 10)) = substr({plain}, 1, 10)
                 AND ({plain} GLOB '*Z' OR {plain} GLOB '*[+-]??:??')
             THEN strftime('%Y-%m-%dT%H:%M:%SZ', {plain}) END"
        ),
    }
}

/// Text as a constant.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_quotes() {
        assert_eq!(literal("a'; DROP TABLE x; --"), "'a''; DROP TABLE x; --'");
    }
}
