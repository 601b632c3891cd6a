//! How far a store's own tables are, judged alike for both databases.

use std::borrow::Cow;

use connector_core::{ConnectorError, ErrorCode, Result};
use sqlx::SqlStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

/// How far a database's store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Absent,
    Outdated,
    Current,
}

/// A migration that the database says was done: its version and checksum.
pub(crate) type Applied = (i64, Vec<u8>);

/// The migrator of these scripts, in order; it keeps its books in `table`.
pub(crate) fn migrator(scripts: &[(&'static str, &'static str)], table: &'static str) -> Migrator {
    let migration = |(version, (name, sql)): (i64, &(&'static str, &'static str))| {
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    let mut migrator = Migrator::with_migrations((1..).zip(scripts).map(migration).collect());
    migrator.dangerous_set_table_name(table);
    migrator
}

/// What the applied migrations mean; `None` stands for a database without a store. A store of a newer program is an
/// error.
pub(crate) fn judge(applied: Option<&[Applied]>, migrator: &Migrator, place: &str) -> Result<Standing> {
    let Some(applied) = applied else {
        return Ok(Standing::Absent);
    };
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
    for (version, checksum) in applied {
        match migrator.iter().find(|migration| migration.version == *version) {
            None if *version > known => return Err(newer(place, *version)),
            Some(migration) if *migration.checksum == **checksum => {}
            _ => return Err(foreign(place, *version)),
        }
    }
    Ok(if applied.len() == migrator.iter().count() { Standing::Current } else { Standing::Outdated })
}

/// The error of a migration that failed; `explain` knows the database's own errors.
pub(crate) fn failed(
    error: MigrateError,
    place: &str,
    explain: impl FnOnce(sqlx::Error) -> ConnectorError,
) -> ConnectorError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            explain(error).context("creating the store's tables")
        }
        // Another process, of another version, was faster.
        MigrateError::VersionMissing(version) => newer(place, version),
        MigrateError::VersionMismatch(version) => foreign(place, version),
        other => {
            ConnectorError::new(ErrorCode::InternalError, format!("the tables of {place} cannot be created"))
                .source(other)
        }
    }
}

fn newer(place: &str, version: i64) -> ConnectorError {
    ConnectorError::misconfigured(
        ErrorCode::UnsupportedOperation,
        format!("{place} was migrated to version {version} by a newer version of this program"),
    )
    .hint("update this program, or use another store")
}

fn foreign(place: &str, version: i64) -> ConnectorError {
    ConnectorError::misconfigured(
        ErrorCode::UnsupportedOperation,
        format!("migration {version} of {place} is not the one that this program knows"),
    )
    .hint("use the program that made this store, or another store")
}
