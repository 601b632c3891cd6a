//! Column types in PostgreSQL's words, and back.

use connector_core::stream::{Column, ColumnType};

use crate::layout::TableColumn;

/// The type that a new column of this kind gets.
pub(super) const fn name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Uuid => "uuid",
        ColumnType::Timestamp => "timestamp with time zone",
        ColumnType::Date => "date",
        ColumnType::Number => "numeric",
        ColumnType::Boolean => "boolean",
        ColumnType::Text => "text",
        ColumnType::Json => "jsonb",
    }
}

pub(super) fn new_column(column: &Column) -> TableColumn {
    TableColumn::new(column, name(column.kind))
}

/// A column as the catalog describes it. What is not known is treated as text.
pub(super) fn from_catalog(name: String, sql_type: String) -> TableColumn {
    let (kind, exact) = match sql_type.as_str() {
        "uuid" => (ColumnType::Uuid, true),
        "timestamp with time zone" => (ColumnType::Timestamp, true),
        "date" => (ColumnType::Date, true),
        "numeric" => (ColumnType::Number, true),
        "boolean" => (ColumnType::Boolean, true),
        "text" | "character varying" => (ColumnType::Text, true),
        "jsonb" | "json" => (ColumnType::Json, true),
        "smallint" | "integer" | "bigint" | "real" | "double precision" => (ColumnType::Number, false),
        other if other.starts_with("numeric(") => (ColumnType::Number, false),
        other if other.starts_with("timestamp") => (ColumnType::Timestamp, false),
        _ => (ColumnType::Text, false),
    };
    TableColumn { name, kind, sql_type, exact }
}
