//! Live rows, read from outside a writer: what both databases know about keys and places among rows.

use connector_core::stream::KEY_SEPARATOR;
use connector_core::sync::{ParentMark, ParentRow, StoredDocument};
use connector_core::{ConnectorError, ErrorCode, Result};

use crate::layout::TableColumn;

/// A column of this name, as the database compares names.
pub(crate) fn find<'c>(
    columns: &'c [TableColumn],
    name: &str,
    are_same: impl Fn(&str, &str) -> bool,
) -> Option<&'c TableColumn> {
    columns.iter().find(|column| are_same(&column.name, name))
}

/// The parts of a key that was joined as [`connector_core::stream::Row::key`].
pub(crate) fn parts(key: &str, count: usize) -> Result<Vec<String>> {
    let parts: Vec<String> = key.splitn(count, KEY_SEPARATOR).map(str::to_owned).collect();
    if parts.len() == count {
        return Ok(parts);
    }
    Err(ConnectorError::new(
        ErrorCode::InvalidValue,
        format!("a key of {} parts cannot be found where keys have {count}", parts.len()),
    ))
}

/// `condition` for rows after the values of some columns, in the order of those columns.
pub(crate) fn is_after(columns: &[String], values: &[String]) -> String {
    if let ([column], [value]) = (columns, values) {
        return format!("{column} > {value}");
    }
    format!("({}) > ({})", columns.join(", "), values.join(", "))
}

/// A row with a document: its key, the document.
pub(crate) type DocumentRow = (String, String);

pub(crate) fn document((key, document): DocumentRow) -> StoredDocument {
    StoredDocument { key, document }
}

/// A row among the parents: the wanted column, when it was written.
pub(crate) type MarkedRow = (String, String);

pub(crate) fn parent((id, written_at): MarkedRow) -> ParentRow {
    ParentRow { mark: ParentMark { written_at, id: id.clone() }, id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_apart_as_it_was_joined() {
        assert_eq!(parts("a", 1).unwrap(), ["a"]);
        assert_eq!(parts("a\u{1f}b c", 2).unwrap(), ["a", "b c"]);
        assert_eq!(parts("a\u{1f}b\u{1f}c", 2).unwrap(), ["a", "b\u{1f}c"]);
        assert_eq!(parts("a", 2).unwrap_err().code(), ErrorCode::InvalidValue);
    }
}
