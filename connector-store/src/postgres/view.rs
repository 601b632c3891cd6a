//! Views in PostgreSQL that show custom fields as columns.

use connector_core::stream::ColumnType;
use connector_core::sync::{CustomFieldColumn, CustomFieldView};
use connector_core::{ConnectorError, ErrorCode, Result};
use sqlx::{Connection, PgConnection, PgTransaction};

use super::Database;
use super::live::{columns, find};
use super::table::full_name;
use crate::identifier::{quoted, sql};
use crate::layout::{Names, TableColumn};
use crate::statements::listed;
use crate::view::{self, MARK};

/// Held while views are made: two runs may want the same one.
const CREATION_LOCK: i64 = 0x636f_6e6e_6563_7402;

/// A number as JSON writes it, of a length that `numeric` takes.
const NUMBER: &str = "'^-?(0|[1-9][0-9]{0,99})([.][0-9]{1,100})?([eE][+-]?[0-9]{1,3})?$'";

const UUID: &str = "'^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$'";

impl Database {
    /// Makes the view, or leaves the one that is the same; with `look_only` it only tells.
    pub(crate) async fn create_view(
        &self,
        schema: &str,
        view: &CustomFieldView,
        look_only: bool,
    ) -> Result<bool> {
        let name = full_name(schema, &view.name);
        let columns = self.again(|| columns(self.pool(), schema, &view.table)).await?;
        if look_only && columns.is_empty() {
            // The run that is tried out would have made the table.
            return Ok(true);
        }
        let shown = view::shown(view, &columns, Names::Exact)?;
        if find(&columns, &view.source).is_none_or(|source| source.sql_type != "jsonb") {
            let message =
                format!("{} of {} is no jsonb, which the view {name} needs", view.source, view.table);
            return Err(ConnectorError::new(ErrorCode::Conflict, message));
        }
        let definition = definition(&full_name(schema, &view.table), &view.source, &columns, shown);
        let comment = format!("{MARK}{}", view::fingerprint(&definition));

        let explain = |error| self.explain(error).context(format!("making the view {name}"));
        let mut connection = self.pool().acquire().await.map_err(explain)?;
        let mut transaction = connection.begin().await.map_err(explain)?;
        let standing = standing(&mut transaction, &name).await.map_err(explain)?;
        match standing {
            Some((true, Some(found))) if found == comment => return Ok(false),
            Some((true, Some(found))) if found.starts_with(MARK) => {}
            Some(_) => return Err(view::occupied(&name)),
            None => {}
        }
        if look_only {
            return Ok(true);
        }
        let create = format!("VIEW {name} AS {definition}");
        if !replace(&mut transaction, &create).await.map_err(explain)? {
            let by = dependents(&mut transaction, &name).await.map_err(explain)?;
            if !by.is_empty() {
                return Err(view::depended_on(&name, &by));
            }
            run(&mut transaction, format!("DROP VIEW {name}")).await.map_err(|error| {
                if state(&error) == "2BP01" { view::depended_on(&name, &[]) } else { explain(error) }
            })?;
            run(&mut transaction, format!("CREATE {create}")).await.map_err(explain)?;
        }
        run(&mut transaction, format!("COMMENT ON VIEW {name} IS '{comment}'")).await.map_err(explain)?;
        transaction.commit().await.map_err(explain)?;
        Ok(true)
    }
}

async fn run(connection: &mut PgConnection, statement: String) -> sqlx::Result<()> {
    sqlx::query(sql(statement)).execute(connection).await.map(|_| ())
}

fn state(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.unwrap_or_default().into_owned()
}

/// What has the name: whether it is a view, and its comment.
async fn standing(
    transaction: &mut PgTransaction<'_>,
    name: &str,
) -> sqlx::Result<Option<(bool, Option<String>)>> {
    sqlx::query("SELECT set_config('lock_timeout', '30s', true), pg_advisory_xact_lock($1)")
        .bind(CREATION_LOCK)
        .execute(&mut **transaction)
        .await?;
    sqlx::query_as(
        "SELECT relkind = 'v', obj_description(oid, 'pg_class') FROM pg_class WHERE oid = to_regclass($1)",
    )
    .bind(name)
    .fetch_optional(&mut **transaction)
    .await
}

/// Changes the view in its place, which keeps grants and what depends on it; `false` where PostgreSQL cannot, since
/// more than its end has changed.
async fn replace(transaction: &mut PgTransaction<'_>, create: &str) -> sqlx::Result<bool> {
    let mut attempt = transaction.begin().await?;
    match run(&mut attempt, format!("CREATE OR REPLACE {create}")).await {
        Ok(()) => attempt.commit().await.map(|()| true),
        Err(error) if state(&error) == "42P16" => attempt.rollback().await.map(|()| false),
        Err(error) => Err(error),
    }
}

async fn dependents(transaction: &mut PgTransaction<'_>, name: &str) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT DISTINCT r.ev_class::regclass::text FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
         WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
           AND d.refobjid = to_regclass($1) AND r.ev_class <> d.refobjid ORDER BY 1",
    )
    .bind(name)
    .fetch_all(&mut **transaction)
    .await
}

/// One object of the values by definition for each row, built once; each column looks its own up in there. Fields
/// without a value are not put into it: most are, and they would cost as much as the others.
fn definition(table: &str, source: &str, columns: &[TableColumn], shown: &[CustomFieldColumn]) -> String {
    let own = columns.iter().map(|column| format!("t.{}", quoted(&column.name)));
    let custom = shown.iter().map(|column| format!("{} AS {}", value(column), quoted(&column.name)));
    let source = format!("t.{}", quoted(source));
    format!(
        "SELECT {} FROM {table} t CROSS JOIN LATERAL (
             SELECT jsonb_object_agg(field.id, field.value) AS held FROM (
                 SELECT item -> 'definition' ->> 'id' AS id, item -> 'value' AS value
                 FROM jsonb_array_elements(CASE jsonb_typeof({source}) WHEN 'array' THEN {source} END) AS item) AS field
             WHERE field.id IS NOT NULL AND field.value <> 'null') AS f",
        listed(own.chain(custom))
    )
}

/// The value of a custom field. No cast is tried on what has not been tested to fit.
fn value(column: &CustomFieldColumn) -> String {
    let key = literal(&column.definition);
    let (mut json, mut text) = (format!("f.held -> {key}"), format!("f.held ->> {key}"));
    if let Some(member) = column.member {
        let member = literal(member);
        text = format!("coalesce({json} ->> {member}, {text})");
        json = format!("coalesce(nullif({json} -> {member}, 'null'), {json})");
    }
    match column.kind {
        ColumnType::Text => text,
        ColumnType::Json => json,
        ColumnType::Number => format!("CASE WHEN {text} ~ {NUMBER} THEN ({text})::numeric END"),
        ColumnType::Uuid => format!("CASE WHEN {text} ~ {UUID} THEN ({text})::uuid END"),
        ColumnType::Boolean => format!("CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false END"),
        ColumnType::Date => format!("connector.as_date({text})"),
        ColumnType::Timestamp => format!("connector.as_timestamp({text})"),
    }
}

/// Text as a constant, whatever the server thinks of backslashes.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\0', "").replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_quotes() {
        assert_eq!(literal(r"a\'; DROP TABLE x; --"), r"E'a\\''; DROP TABLE x; --'");
    }
}
