//! What SQLite's errors mean: by result code, never by text.

use connector_core::{ConnectorError, ErrorCode};

use crate::fault::{Class, disk_full};

const UNIQUE: u32 = 2067;
const PRIMARY_KEY: u32 = 1555;
const ROW_ID: u32 = 2579;

/// Primary result codes, the low byte of what SQLite answers.
const PERM: u32 = 3;
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const READ_ONLY: u32 = 8;
const IO: u32 = 10;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const CANNOT_OPEN: u32 = 14;
const PROTOCOL: u32 = 15;
const TOO_BIG: u32 = 18;
const CONSTRAINT: u32 = 19;
const MISMATCH: u32 = 20;
const AUTH: u32 = 23;
const NOT_A_DATABASE: u32 = 26;

fn code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse().ok()
}

pub(super) fn class(error: &sqlx::Error) -> Class {
    if matches!(error, sqlx::Error::WorkerCrashed | sqlx::Error::PoolTimedOut) {
        return Class::Transient;
    }
    let Some(code) = code(error) else {
        return Class::Other;
    };
    match (code, code & 0xff) {
        (UNIQUE | PRIMARY_KEY | ROW_ID, _) => Class::Duplicate,
        (_, CONSTRAINT | TOO_BIG | MISMATCH) => Class::Data,
        (_, BUSY | LOCKED | PROTOCOL) => Class::Transient,
        _ => Class::Other,
    }
}

/// The error for outside. `shown` is the store's URL.
pub(super) fn explain(error: sqlx::Error, shown: &str) -> ConnectorError {
    let message =
        error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    let misconfigured = |code| ConnectorError::misconfigured(code, format!("{shown}: {message}"));
    let explained = match code(&error).map(|code| code & 0xff) {
        Some(FULL) => disk_full(shown),
        Some(READ_ONLY | PERM | AUTH) => misconfigured(ErrorCode::PermissionDenied)
            .hint("make the file and its folder writable, or choose another"),
        Some(CANNOT_OPEN) => misconfigured(ErrorCode::PermissionDenied)
            .hint("check that the folder exists and that this user may write to it"),
        Some(NOT_A_DATABASE | CORRUPT) => {
            misconfigured(ErrorCode::InvalidValue).hint("restore the file, or choose another")
        }
        Some(BUSY | LOCKED | PROTOCOL | IO) => {
            ConnectorError::new(ErrorCode::ServiceError, format!("{shown}: {message}"))
                .hint("another process may be holding the file; try again")
        }
        _ => ConnectorError::new(ErrorCode::InternalError, format!("{shown}: {message}")),
    };
    explained.source(error)
}
