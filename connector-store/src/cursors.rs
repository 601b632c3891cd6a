//! Cursors: what earlier runs committed of a stream, and who else writes to its table.

use connector_core::Result;
use connector_core::sync::{StreamState, other_account, other_app};

use crate::documents::DocumentPlace;
use crate::lease::Scope;

/// The cursors of one stream's table.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    /// Our own.
    pub(crate) state: Option<StreamState>,
    /// Another connection that has one.
    pub(crate) shared_with: Option<String>,
    /// The account that the table's rows are of, as far as it is known.
    pub(crate) account: Option<String>,
    /// The same of what others wrote there.
    account_of_others: Option<String>,
    /// Another app that wrote there.
    other_app: Option<String>,
}

/// App, connection and schema of a cursor, its state, and the account that the rows are of.
pub(crate) type CursorRow = (String, String, String, String, Option<String>);

impl Cursors {
    pub(crate) fn new(rows: Vec<CursorRow>, scope: &Scope) -> Self {
        let mut cursors = Self::default();
        let mut own_account = None;
        for (app_id, connection, schema, state, account) in rows {
            if app_id != scope.app_id {
                cursors.other_app.get_or_insert(app_id);
                continue;
            }
            if connection == scope.connection {
                own_account = own_account.or(account);
            } else if cursors.account_of_others.is_none() {
                cursors.account_of_others = account;
            }
            if connection != scope.connection {
                cursors.shared_with.get_or_insert(connection);
            } else if schema == scope.schema {
                // A state that cannot be read is none: everything is read again, and nothing is lost.
                cursors.state = serde_json::from_str(&state).ok();
            }
        }
        cursors.account = own_account.or_else(|| cursors.account_of_others.clone());
        cursors
    }

    /// Refuses rows that would stand beside those of another app or account. Whose an empty table was is past.
    pub(crate) fn check_owner(
        &self,
        app_id: &str,
        account: Option<&str>,
        table: &str,
        is_empty: bool,
    ) -> Result<()> {
        if let Some(owner) = self.other_app.as_ref().filter(|_| !is_empty) {
            return Err(other_app(table, owner, app_id));
        }
        let Some(account) = account.filter(|_| !is_empty) else { return Ok(()) };
        let stored = [&self.account, &self.account_of_others].into_iter().flatten();
        match stored.into_iter().find(|stored| *stored != account) {
            Some(stored) => Err(other_account(table, stored, account)),
            None => Ok(()),
        }
    }

    /// Whether cursors of others tell of rows of another app or account, which an empty table has no more.
    pub(crate) fn are_outdated(&self, account: Option<&str>, is_empty: bool) -> bool {
        let of_another_account = account.is_some()
            && self.account_of_others.is_some()
            && self.account_of_others.as_deref() != account;
        is_empty && (of_another_account || self.other_app.is_some())
    }
}

/// Whether the table of a stream is the same one whichever schema a run is told to write to.
pub(crate) fn is_in_any_schema(place: Option<&DocumentPlace>) -> bool {
    place.is_some_and(|place| place.schema.is_some())
}
