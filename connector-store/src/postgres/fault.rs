//! What PostgreSQL's errors mean: by SQLSTATE, never by text.

use std::io::ErrorKind;

use connector_core::{ConnectorError, ErrorCode};

use crate::fault::{Class, disk_full};

/// Part of `connector_core::ConnectorError::upstream`'s promise too: what a server says is cut.
const LONGEST_MESSAGE: usize = 800;

pub(super) fn class(error: &sqlx::Error) -> Class {
    match error {
        sqlx::Error::Database(error) => class_of_state(&error.code().unwrap_or_default()),
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => Class::Transient,
        _ => Class::Other,
    }
}

fn class_of_state(state: &str) -> Class {
    match state {
        "23505" => Class::Duplicate,
        // Serialization, deadlock, shutdown, crash, start-up, too many connections.
        "40001" | "40P01" | "57P01" | "57P02" | "57P03" | "53300" | "55P03" => Class::Transient,
        // One statement met a row twice; a value too long for an index.
        "21000" | "54000" => Class::Data,
        _ => match state.get(..2) {
            Some("08") => Class::Transient,
            Some("22" | "23") => Class::Data,
            _ => Class::Other,
        },
    }
}

/// The error for outside. `shown` is the store's URL without secrets.
pub(super) fn explain(error: sqlx::Error, shown: &str) -> ConnectorError {
    let explained = match &error {
        sqlx::Error::Database(database) => {
            let message: String = database.message().chars().take(LONGEST_MESSAGE).collect();
            explain_state(&database.code().unwrap_or_default(), &message, shown)
        }
        sqlx::Error::Io(io) => explain_io(io, shown),
        sqlx::Error::Tls(tls) => ConnectorError::new(
            ErrorCode::ConnectionRejected,
            format!("{shown} allows no TLS connection: {tls}"),
        ),
        sqlx::Error::PoolTimedOut => {
            ConnectorError::new(ErrorCode::ConnectionTimeout, format!("{shown} did not answer within 10 s"))
        }
        sqlx::Error::Configuration(reason) => ConnectorError::misconfigured(
            ErrorCode::InvalidValue,
            format!("the connection settings of {shown} cannot be used: {reason}"),
        ),
        other => ConnectorError::new(ErrorCode::InternalError, format!("{shown}: {other}")),
    };
    explained.source(error)
}

fn explain_state(state: &str, message: &str, shown: &str) -> ConnectorError {
    let plain = |code| ConnectorError::new(code, format!("{shown}: {message}"));
    let misconfigured = |code| ConnectorError::misconfigured(code, format!("{shown}: {message}"));
    match state {
        "3D000" => misconfigured(ErrorCode::NotFound).hint("create the database, or correct the store's URL"),
        "3F000" => misconfigured(ErrorCode::NotFound),
        "42501" => plain(ErrorCode::PermissionDenied)
            .hint("grant the role what the message names, or use another role"),
        "25006" => {
            misconfigured(ErrorCode::PermissionDenied).hint("the server takes no writes: use its primary")
        }
        "53100" => disk_full(shown),
        "53300" => plain(ErrorCode::ConnectionRejected),
        "55P03" => plain(ErrorCode::ServiceError).hint("another session holds a lock on the table for long"),
        "57014" => plain(ErrorCode::RequestTimeout),
        "57P01" | "57P02" | "57P03" => plain(ErrorCode::ConnectionClosed),
        "42P07" | "42809" | "42P10" => misconfigured(ErrorCode::Conflict),
        _ => match state.get(..2) {
            Some("08") => plain(ErrorCode::ConnectionClosed),
            Some("28") => {
                misconfigured(ErrorCode::Unauthorized).hint("correct user and password in the store's URL")
            }
            Some("40" | "53") => plain(ErrorCode::ServiceError),
            _ => ConnectorError::new(
                ErrorCode::InternalError,
                format!("{shown}: {message} (SQLSTATE {state})"),
            ),
        },
    }
}

fn explain_io(error: &std::io::Error, shown: &str) -> ConnectorError {
    match error.kind() {
        ErrorKind::TimedOut => {
            ConnectorError::new(ErrorCode::ConnectionTimeout, format!("{shown} does not answer: {error}"))
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => ConnectorError::new(
            ErrorCode::ConnectionClosed,
            format!("{shown} closed the connection: {error}"),
        ),
        _ => {
            ConnectorError::new(ErrorCode::ConnectionRejected, format!("{shown} cannot be reached: {error}"))
                .hint("check that the server runs and that the store's URL names its host and port")
        }
    }
}
