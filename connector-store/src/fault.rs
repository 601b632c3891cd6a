//! What a database error means for the work at hand, whichever database it comes from.

use connector_core::{ConnectorError, ErrorCode};

/// What to do about a database error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A value of a row is at fault: without that row the rest lands.
    Data,
    /// A row with this key is there already.
    Duplicate,
    /// The same transaction may succeed when tried again, over a new connection if need be.
    Transient,
    /// None of these: a person, or at least another run, must deal with it.
    Other,
}

/// The error of a store without space.
pub(crate) fn disk_full(place: &str) -> ConnectorError {
    ConnectorError::new(ErrorCode::ServiceError, format!("the disk of {place} is full"))
        .app_error_code("store.disk_full")
        .hint("free some space; the next run continues from the last committed batch")
}

/// The error of a table that stands under a stream's name and is not one of ours.
pub(crate) fn foreign_table(table: &str, lacks: &str) -> ConnectorError {
    ConnectorError::misconfigured(
        ErrorCode::Conflict,
        format!("the table {table} was not made by this program: it has no {lacks}"),
    )
    .hint("rename or drop that table, or choose another schema or database")
}

/// The error of a table that stands under a name of the layout `documents` and has another shape.
pub(crate) fn other_shape(table: &str, has: &str) -> ConnectorError {
    ConnectorError::misconfigured(
        ErrorCode::Conflict,
        format!("the table {table} is not of the layout `documents`: it has {has}"),
    )
    .hint("give the stream another table (`--table STREAM=NAME`, `table_names` in a request), or choose another schema")
}
