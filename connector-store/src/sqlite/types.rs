//! Column types in SQLite's words, and back.
//!
//! SQLite keeps text where PostgreSQL has a type of its own. The second word of the declared type, which SQLite
//! ignores, tells the next run what kind of text a column was made for.

use connector_core::stream::{Column, ColumnType};

use crate::layout::TableColumn;

/// The type that a new column of this kind gets.
pub(super) const fn name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Uuid | ColumnType::Text => "TEXT",
        ColumnType::Timestamp => "TEXT TIMESTAMP",
        ColumnType::Date => "TEXT DATE",
        ColumnType::Number => "NUMERIC",
        ColumnType::Boolean => "BOOLEAN",
        ColumnType::Json => "TEXT JSON",
    }
}

pub(super) fn new_column(column: &Column) -> TableColumn {
    TableColumn::new(column, name(column.kind))
}

/// A column as the database describes it. What is not known is treated as text.
pub(super) fn from_catalog(name: String, sql_type: String, declared: &[TableColumn]) -> TableColumn {
    let is_uuid = declared.iter().any(|column| column.name == name && column.kind == ColumnType::Uuid);
    let (kind, exact) = match sql_type.to_ascii_uppercase().as_str() {
        "TEXT" if is_uuid => (ColumnType::Uuid, true),
        "TEXT" => (ColumnType::Text, true),
        "TEXT TIMESTAMP" => (ColumnType::Timestamp, true),
        "TEXT DATE" => (ColumnType::Date, true),
        "TEXT JSON" => (ColumnType::Json, true),
        "NUMERIC" => (ColumnType::Number, true),
        "BOOLEAN" => (ColumnType::Boolean, true),
        other if ["INT", "REAL", "FLOA", "DOUB"].iter().any(|part| other.contains(part)) => {
            (ColumnType::Number, false)
        }
        _ => (ColumnType::Text, false),
    };
    TableColumn { name, kind, sql_type, exact }
}
