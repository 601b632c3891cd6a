//! Cursors: what earlier runs committed of a stream, and who else writes to its table.

use connector_core::sync::StreamState;

use crate::documents::DocumentPlace;
use crate::lease::Scope;

/// The cursors of one stream's table.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    /// Our own.
    pub(crate) state: Option<StreamState>,
    /// Another connection that has one.
    pub(crate) shared_with: Option<String>,
}

/// Connection and schema of a cursor, and its state.
pub(crate) type CursorRow = (String, String, String);

impl Cursors {
    pub(crate) fn new(rows: Vec<CursorRow>, scope: &Scope) -> Self {
        let mut cursors = Self::default();
        for (connection, schema, state) in rows {
            if connection != scope.connection {
                cursors.shared_with.get_or_insert(connection);
            } else if schema == scope.schema {
                // A state that cannot be read is none: everything is read again, and nothing is lost.
                cursors.state = serde_json::from_str(&state).ok();
            }
        }
        cursors
    }
}

/// Whether the table of a stream is the same one whichever schema a run is told to write to.
pub(crate) fn is_in_any_schema(place: Option<&DocumentPlace>) -> bool {
    place.is_some_and(|place| place.schema.is_some())
}
