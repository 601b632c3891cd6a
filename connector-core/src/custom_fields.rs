//! Custom fields: where an app keeps their definitions and values, and what their kinds mean.

use crate::stream::ColumnType;

/// How custom fields become the columns of a view, `<stream>_with_custom_fields`.
///
/// Definitions are records with `id`, `context`, `type` and `label`; values stand in one field of a record, as a list of
/// `{definition: {id}, value}`. Streams say with [`custom_field_contexts`] which definitions are theirs.
///
/// [`custom_field_contexts`]: crate::stream::StreamDeclaration::custom_field_contexts
#[derive(Debug, Clone, Copy)]
pub struct CustomFields {
    /// Stream of the definitions.
    pub definitions: &'static str,
    /// Field of the records that holds the values.
    pub field: &'static str,
    /// Type of the column for a kind of field, and the member that is shown of a value that is an object.
    pub column: fn(&str) -> (ColumnType, Option<&'static str>),
}
