//! The store's own tables in PostgreSQL: whether they stand, and how they come to be.

use std::borrow::Cow;

use connector_core::Result;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{PgConnection, SqlStr};

use super::fault::explain;
use crate::fault::{foreign_migration, newer_store};

const TABLE: &str = "connector._migrations";

/// How far a database's store is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Absent,
    Outdated,
    Current,
}

fn migrator() -> Migrator {
    let sql = SqlStr::from_static(include_str!("../../migrations/postgres/1_store.sql"));
    let store = Migration::new(1, Cow::Borrowed("store"), MigrationType::Simple, sql, false);
    let mut migrator = Migrator::with_migrations(vec![store]);
    migrator.dangerous_set_table_name(TABLE);
    migrator
}

/// Looks, and changes nothing. A store of a newer program is an error.
pub(super) async fn standing(connection: &mut PgConnection, shown: &str) -> Result<Standing> {
    let applied = applied(connection).await.map_err(|error| explain(error, shown))?;
    let Some(applied) = applied else {
        return Ok(Standing::Absent);
    };
    let migrator = migrator();
    let known = migrator
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default();
    for (version, checksum) in &applied {
        match migrator.iter().find(|migration| migration.version == *version) {
            None if *version > known => return Err(newer_store(shown, *version, known)),
            Some(migration) if *migration.checksum == **checksum => {}
            _ => return Err(foreign_migration(shown, *version)),
        }
    }
    Ok(if applied.len() == migrator.iter().count() {
        Standing::Current
    } else {
        Standing::Outdated
    })
}

async fn applied(connection: &mut PgConnection) -> sqlx::Result<Option<Vec<(i64, Vec<u8>)>>> {
    let exists: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'connector' AND c.relname = '_migrations')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !exists {
        return Ok(None);
    }
    sqlx::query_as("SELECT version, checksum FROM connector._migrations WHERE success ORDER BY version")
        .fetch_all(connection)
        .await
        .map(Some)
}

/// Makes the store current. Asks for no right that it does not need: where all stands already, it only looks.
pub(super) async fn run(connection: &mut PgConnection, shown: &str) -> Result<()> {
    if standing(connection, shown).await? == Standing::Current {
        return Ok(());
    }
    let schema_exists: bool = sqlx::query_scalar("SELECT to_regnamespace('connector') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| explain(error, shown))?;
    let mut migrator = migrator();
    if !schema_exists {
        migrator.create_schema("connector");
    }
    match migrator.run_direct(None, connection, false).await {
        Ok(()) => Ok(()),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
            Err(explain(error, shown).context("creating the store's tables in the schema connector"))
        }
        Err(MigrateError::VersionMissing(version)) => Err(newer_store(shown, version, 1)),
        Err(MigrateError::VersionMismatch(version)) => Err(foreign_migration(shown, version)),
        Err(other) => Err(super::internal("the store's tables cannot be created", other)),
    }
}
