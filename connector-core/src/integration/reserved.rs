//! Names that are taken in every connector: by commands, by addresses of the server, by schemas and tables.

use super::check::{DeclarationError, check_name, snake_case};
use crate::capability::names;

/// Commands of every connector's program. Of those that are capabilities, too, the framework's own stand under the name.
const COMMANDS: &[&str] = &[
    "app_info",
    "audit",
    "completions",
    "demo",
    "export",
    "help",
    "info",
    "keys",
    "login",
    "logout",
    "man",
    "rejects",
    "sandbox",
    "schedule",
    "serve",
    "spec",
    "status",
    "vault",
    "webhooks",
];

/// First parts of the server's own paths, beside which stand those of capabilities and apps.
const ADDRESSES: &[&str] = &[
    "app_info",
    "audit",
    "connections",
    "docs",
    "export",
    "health",
    "healthz",
    "info",
    "laputa",
    "metrics",
    "oauth",
    "readyz",
    "schedules",
    "sync",
    "syncs",
];

/// Schemas of databases that are somebody else's: records lie in one that is called as the app is.
const SCHEMAS: &[&str] = &["connector", "information_schema"];

/// Beginnings of tables that databases and the store keep for themselves.
const TABLES: &[(&str, &str)] = &[
    ("connector_", "the store's own tables begin with `connector_`"),
    ("pg_", "tables of PostgreSQL itself begin with `pg_`"),
    ("sqlite_", "tables of SQLite itself begin with `sqlite_`"),
];

/// Checks the id of an app.
///
/// # Errors
/// `BadName`, and `Reserved` for one that the server or a database understands as something else.
pub fn check_app_id(app_id: &str) -> Result<(), DeclarationError> {
    check_name("app id", app_id)?;
    let why = if ADDRESSES.contains(&app_id) {
        "addresses of the server itself begin with it"
    } else if SCHEMAS.contains(&app_id) || app_id.starts_with("pg_") {
        "databases have a schema of this name already"
    } else {
        return Ok(());
    };
    Err(reserved("app id", app_id, why, &format!("{}_app", app_id.trim_start_matches("pg_"))))
}

/// Checks the name of a stream, which is that of its table.
///
/// # Errors
/// `BadName`, and `Reserved` for a table that databases or the store keep for themselves.
pub fn check_stream_name(stream: &str) -> Result<(), DeclarationError> {
    check_name("stream", stream)?;
    match TABLES.iter().find(|(beginning, _)| stream.starts_with(beginning)) {
        Some((beginning, why)) => {
            Err(reserved("stream", stream, why, &snake_case(stream.trim_start_matches(beginning))))
        }
        None => Ok(()),
    }
}

pub(super) fn check_capability_name(app_id: &str, capability: &str) -> Result<(), DeclarationError> {
    check_name("capability", capability)?;
    let is_taken = COMMANDS.contains(&capability) || ADDRESSES.contains(&capability);
    if !is_taken || capability == names::SYNC {
        return Ok(());
    }
    let why = "every connector has a command or an address of this name";
    Err(reserved("capability", capability, why, &format!("{app_id}_{capability}")))
}

fn reserved(what: &'static str, name: &str, why: &'static str, instead: &str) -> DeclarationError {
    DeclarationError::Reserved { what, name: name.to_owned(), why, instead: instead.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instead(checked: Result<(), DeclarationError>) -> Option<String> {
        match checked {
            Err(DeclarationError::Reserved { instead, .. }) => Some(instead),
            _ => None,
        }
    }

    #[test]
    fn a_name_that_is_taken_is_refused_with_one_that_is_not() {
        for (stream, free) in [("connector_runs", "runs"), ("pg_stats", "stats"), ("sqlite_2x", "my_2x")] {
            assert_eq!(instead(check_stream_name(stream)).as_deref(), Some(free));
            assert_eq!(check_stream_name(free), Ok(()));
        }
        for (app_id, free) in [("sync", "sync_app"), ("connector", "connector_app"), ("pg_dump", "dump_app")]
        {
            assert_eq!(instead(check_app_id(app_id)).as_deref(), Some(free));
            assert_eq!(check_app_id(free), Ok(()));
        }
        for capability in COMMANDS.iter().chain(ADDRESSES).filter(|name| **name != names::SYNC) {
            let free = instead(check_capability_name("example", capability)).unwrap();
            assert_eq!(check_capability_name("example", &free), Ok(()), "{capability}");
        }
        assert_eq!(check_capability_name("example", "list_exports"), Ok(()));
    }
}
