//! The layout `documents`: which table the records of a stream go to, and under which name its state is kept.

use std::collections::BTreeMap;

use connector_core::stream::ColumnType;
use connector_core::sync::{DocumentTables, Table};
use connector_core::{ConnectorError, ErrorCode, Result};

/// Columns that every table of the layout has, whatever the others are called.
pub(crate) const ID: &str = "id";
pub(crate) const CREATED_AT: &str = "created_at";
pub(crate) const UPDATED_AT: &str = "updated_at";

/// How the layout `documents` is written: whole records in the tables of an older tool.
#[derive(Debug, Clone)]
pub struct DocumentOptions {
    /// Names of columns and tables, as the integration declares them.
    pub tables: DocumentTables,
    /// Tables that go by another name, by stream; `schema.table` where it lies in another schema.
    pub names: BTreeMap<String, String>,
}

/// The table of one stream.
#[derive(Debug, Clone)]
pub(crate) struct DocumentPlace {
    /// Where it is not the schema of the others.
    pub(crate) schema: Option<String>,
    /// Its name.
    pub(crate) table: String,
    /// What its rows are called.
    pub(crate) kind: String,
    /// Names of its columns.
    pub(crate) columns: DocumentTables,
    /// What cursors and rejects call the stream: another layout, or another table, is another read.
    pub(crate) stream: String,
}

impl DocumentOptions {
    /// Where the records of a stream go.
    ///
    /// # Errors
    /// When the stream does not fit the layout.
    pub(crate) fn place(&self, table: &Table) -> Result<DocumentPlace> {
        let is_uuid = |key: &String| {
            table.columns.iter().any(|column| column.name == *key && column.kind == ColumnType::Uuid)
        };
        if table.key.len() != 1 || !table.key.iter().all(is_uuid) {
            return Err(does_not_fit(table, "its key is not one UUID"));
        }
        if !table.children.is_empty() {
            return Err(does_not_fit(table, "records are kept whole, without tables for the lists in them"));
        }
        Ok(self.place_of(&table.name))
    }

    /// The same for a stream that was checked before.
    pub(crate) fn place_of(&self, stream: &str) -> DocumentPlace {
        let name = self.names.get(stream).cloned().unwrap_or_else(|| self.tables.table_of(stream));
        let (schema, table) = match name.split_once('.') {
            Some((schema, table)) => (Some(schema.to_owned()), table.to_owned()),
            None => (None, name.clone()),
        };
        DocumentPlace {
            schema,
            table,
            kind: self.tables.kind_of(stream).to_owned(),
            columns: self.tables,
            stream: format!("{stream}{SEPARATOR}{name}"),
        }
    }

    /// A stream's table under the name that its state and its rejects go by.
    pub(crate) fn renamed(&self, table: &Table) -> Table {
        Table { name: self.place_of(&table.name).stream, ..table.clone() }
    }

    /// Refuses names that a database without schemas cannot have.
    pub(crate) fn without_schemas(&self) -> Result<()> {
        match self.names.iter().find(|(_, name)| name.contains('.')) {
            None => Ok(()),
            Some((stream, _)) => Err(ConnectorError::new(
                ErrorCode::InvalidValue,
                format!("the table of {stream} is given a schema, and SQLite has none"),
            )
            .hint("name the table alone")),
        }
    }
}

/// Stands between the name of a stream, which never has it, and that of its table.
const SEPARATOR: char = '@';

/// The stream in the name that cursors have for it.
pub(crate) fn name_in(stream: &str) -> &str {
    stream.split_once(SEPARATOR).map_or(stream, |(stream, _)| stream)
}

/// The table in the name that cursors have for a stream; `None` in the layout `tables`.
pub(crate) fn table_name_in(stream: &str) -> Option<&str> {
    stream.split_once(SEPARATOR).map(|(_, table)| table)
}

/// The same with schema, if it has one of its own, and name apart.
pub(crate) fn table_in(stream: &str) -> Option<(Option<&str>, &str)> {
    let name = table_name_in(stream)?;
    Some(name.split_once('.').map_or((None, name), |(schema, table)| (Some(schema), table)))
}

/// Where a record has the value of a column that the layout `tables` would have: in the field of the same name.
pub(crate) fn field_of(column: &str) -> Vec<String> {
    vec![column.to_owned()]
}

/// The same for the halves of relations and amounts of money: `owner_id` is the `id` of `owner`.
pub(crate) fn half_of(column: &str) -> Vec<String> {
    let halves = ["type", "id", "amount", "currency"];
    let half = column.rsplit_once('_').filter(|(_, half)| halves.contains(half));
    half.map_or_else(|| field_of(column), |(field, half)| vec![field.to_owned(), half.to_owned()])
}

/// The path to a member of a document, as SQLite writes it.
pub(crate) fn json_path(names: &[String]) -> String {
    let members: Vec<String> = names.iter().map(|name| format!(".\"{name}\"")).collect();
    format!("${}", members.concat())
}

fn does_not_fit(table: &Table, reason: &str) -> ConnectorError {
    let message = format!("the stream {} does not fit the layout `documents`: {reason}", table.name);
    ConnectorError::new(ErrorCode::InvalidValue, message).app_error_code("store.layout")
}

/// A column of a table that is there already.
pub(crate) struct FoundColumn {
    pub(crate) name: String,
    /// In the words of the database, in lower case.
    pub(crate) sql_type: String,
    /// Whether a row needs a value for it that nobody gives but who inserts.
    pub(crate) must_be_given: bool,
}

/// What a table lacks to be one of this layout; `None` when it is one. `fits` tells by name whether a type will do.
pub(crate) fn lacks(
    columns: &[FoundColumn],
    names: &DocumentTables,
    fits: impl Fn(&str, &str) -> bool,
) -> Option<String> {
    let wanted = [ID, names.key, names.content, names.kind, CREATED_AT, UPDATED_AT];
    for name in wanted {
        match columns.iter().find(|column| column.name == name) {
            None => return Some(format!("no column {name}")),
            Some(column) if !fits(name, &column.sql_type) => {
                return Some(format!("a column {name} of type {}", column.sql_type));
            }
            Some(column) if name == ID && column.must_be_given => {
                return Some(format!("a column {name} that does not count by itself"));
            }
            Some(_) => {}
        }
    }
    let other = |column: &&FoundColumn| column.must_be_given && !wanted.contains(&column.name.as_str());
    columns.iter().find(other).map(|column| format!("a column {} that every row must fill", column.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: DocumentTables =
        DocumentTables { key: "x_uuid", content: "x_content", kind: "x_type", prefix: "x_", named: &[] };

    #[test]
    fn the_state_of_a_stream_belongs_to_its_table() {
        let mut options = DocumentOptions { tables: TABLES, names: BTreeMap::new() };
        assert_eq!(options.place_of("things").stream, "things@x_things");
        options.names.insert("things".to_owned(), "shared.old".to_owned());
        let place = options.place_of("things");
        assert_eq!((place.schema.as_deref(), place.table.as_str()), (Some("shared"), "old"));
        assert_eq!(table_in(&place.stream), Some((Some("shared"), "old")));
        assert_eq!(table_in("things"), None);
        assert!(options.without_schemas().unwrap_err().message().contains("things"));
    }
}
