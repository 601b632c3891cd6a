//! What a sink tells of what it holds, and the views that it makes of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::batch::Reject;
use crate::stream::ColumnType;

/// Which parents are wanted.
#[derive(Debug, Clone)]
pub struct ParentQuery {
    /// Name of the parents' table.
    pub table: String,
    /// Column that is wanted.
    pub id: String,
    /// Only rows with this value in this column.
    pub only: Option<(String, String)>,
    /// Where an earlier query ended.
    pub after: Option<ParentMark>,
    /// Rows, at most.
    pub most: u32,
}

/// A row among the parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentRow {
    /// The wanted column, as text.
    pub id: String,
    /// Where a later query goes on after this row.
    pub mark: ParentMark,
}

/// A place among the parents, in the order of writing: rows that are written later come after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentMark {
    /// When the row was written, in the database's own words.
    pub written_at: String,
    /// The wanted column of the row.
    pub id: String,
}

/// A live row's document.
#[derive(Debug, Clone)]
pub struct StoredDocument {
    /// Key of the row, as [`Row::key`](crate::stream::Row::key).
    pub key: String,
    /// The record, as JSON.
    pub document: String,
}

/// A record that an earlier run could not store.
#[derive(Debug, Clone)]
pub struct StoredReject {
    /// Its number in the store.
    pub id: i64,
    /// Key of the row that it would have been, if it got so far.
    pub key: Option<String>,
    /// What was rejected, and why.
    pub reject: Reject,
    /// When it was rejected last.
    pub seen_at: Timestamp,
    /// A row with its key was written since: it needs no further attempt.
    pub superseded: bool,
}

/// A view over a stream's table with one more column for each custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomFieldView {
    /// Name of the view.
    pub name: String,
    /// Name of the stream's table.
    pub table: String,
    /// Column of the table that holds the values, as a list of `{definition: {id}, value}`.
    pub source: String,
    /// The columns, in order; their names are unique and not those of the table.
    pub columns: Vec<CustomFieldColumn>,
}

/// One custom field as a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomFieldColumn {
    /// Name of the column.
    pub name: String,
    /// Id of the definition.
    pub definition: String,
    /// What the column holds. A value that does not fit is null; the raw one stays in `source`.
    pub kind: ColumnType,
    /// Member of the value that is shown where the value is an object: the `amount` of money, the `id` of a relation.
    pub member: Option<&'static str>,
}
