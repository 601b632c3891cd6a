//! The store's own tables in PostgreSQL: whether they stand, and how they come to be.

use connector_core::Result;
use sqlx::PgConnection;
use sqlx::migrate::Migrator;

use super::fault::explain;
use crate::migrations::{self, Applied, Standing};

const TABLE: &str = "connector._migrations";

/// In order; what was released is never changed.
const SCRIPTS: [(&str, &str); 4] = [
    ("store", include_str!("../../migrations/postgres/1_store.sql")),
    ("feeds", include_str!("../../migrations/postgres/2_feeds.sql")),
    ("serving", include_str!("../../migrations/postgres/3_serving.sql")),
    ("upkeep", include_str!("../../migrations/postgres/4_upkeep.sql")),
];

fn migrator() -> Migrator {
    migrations::migrator(&SCRIPTS, TABLE)
}

/// Looks, and changes nothing.
pub(super) async fn standing(connection: &mut PgConnection, shown: &str) -> Result<Standing> {
    let applied = applied(connection).await.map_err(|error| explain(error, shown))?;
    migrations::judge(applied.as_deref(), &migrator(), shown)
}

async fn applied(connection: &mut PgConnection) -> sqlx::Result<Option<Vec<Applied>>> {
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
    let done = migrator.run_direct(None, connection, false).await;
    done.map_err(|error| migrations::failed(error, shown, |error| explain(error, shown)))
}
