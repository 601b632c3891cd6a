//! Views that show custom fields as columns: what both databases ask before they make one.

use connector_core::sync::{CustomFieldColumn, CustomFieldView};
use connector_core::{ConnectorError, ErrorCode, Result};
use sha2::{Digest, Sha256};

use crate::layout::{Names, TableColumn};

/// Columns that PostgreSQL gives a view; SQLite allows some more.
const MOST_COLUMNS: usize = 1_600;

/// What a view of ours carries, before the fingerprint of its definition.
pub(crate) const MARK: &str = "made by connector, definition ";

/// The custom fields that fit beside the columns of the table.
pub(crate) fn shown<'v>(
    view: &'v CustomFieldView,
    columns: &[TableColumn],
    names: Names,
) -> Result<&'v [CustomFieldColumn]> {
    let has = |name: &str| columns.iter().any(|column| names.are_same(&column.name, name));
    if columns.is_empty() || !has(&view.source) {
        let lacks =
            if columns.is_empty() { String::new() } else { format!(" with a column {}", view.source) };
        let message = format!("there is no table {}{lacks} to make the view {} of", view.table, view.name);
        return Err(ConnectorError::new(ErrorCode::NotFound, message));
    }
    if let Some(twice) = view.columns.iter().find(|column| has(&column.name)) {
        let message = format!("the view {} would have two columns {}", view.name, twice.name);
        return Err(ConnectorError::new(ErrorCode::Conflict, message));
    }
    let room = MOST_COLUMNS.saturating_sub(columns.len());
    if room < view.columns.len() {
        let left_out = view.columns.len() - room;
        tracing::warn!(view = %view.name, left_out, "a view has no room for all custom fields; they are in {}", view.source);
    }
    Ok(&view.columns[..room.min(view.columns.len())])
}

/// A digest of a view's definition, to tell whether the one that stands is the same.
pub(crate) fn fingerprint(definition: &str) -> String {
    let digest = Sha256::digest(definition);
    let half: [u8; 16] = digest[..16].try_into().expect("a SHA-256 digest has 32 bytes");
    format!("{:032x}", u128::from_be_bytes(half))
}

/// The error of a name that something else has.
pub(crate) fn occupied(name: &str) -> ConnectorError {
    ConnectorError::misconfigured(
        ErrorCode::Conflict,
        format!("{name} was not made by this program; it is left as it is"),
    )
    .app_error_code("store.view_name_taken")
    .hint("rename or drop it, and the view is made by the next sync")
}

/// The error of a view that cannot be replaced, since something is built on it.
pub(crate) fn depended_on(name: &str, by: &[String]) -> ConnectorError {
    let by = if by.is_empty() { "other objects".to_owned() } else { by.join(", ") };
    ConnectorError::misconfigured(
        ErrorCode::Conflict,
        format!("the view {name} has changed and cannot be made anew: {by} would be lost with it"),
    )
    .app_error_code("store.view_in_use")
    .hint("drop what depends on the view, sync, and make it again")
}
