//! What somebody may do with a connection, and who asks.

use crate::serve::access::{Caller, Scope};

/// What a caller may do with a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent rights")]
pub(super) struct Rights {
    /// See its state.
    pub(super) status: bool,
    /// See its streams and runs.
    pub(super) read: bool,
    /// Start and cancel runs.
    pub(super) write: bool,
    /// Connect and reconnect it.
    pub(super) connect: bool,
}

impl Rights {
    pub(super) fn of(caller: &Caller, connector: &str, connection: &str) -> Self {
        let allows = |scope| caller.allows(scope, app_of(connection), connector);
        Self {
            status: allows(Scope::StatusRead),
            read: allows(Scope::SyncRead),
            write: allows(Scope::SyncWrite),
            connect: allows(Scope::ConnectionWrite),
        }
    }

    #[cfg(test)]
    pub(super) fn all() -> Self {
        Self { status: true, read: true, write: true, connect: true }
    }
}

/// The customer's app that a connection is of, which keys are given for: the first part of its name.
pub(super) fn app_of(connection: &str) -> &str {
    connection.split('/').next().unwrap_or(connection)
}
