//! The store's own tables in SQLite: whether they stand, and how they come to be.

use connector_core::Result;
use sqlx::migrate::Migrator;
use sqlx::{Connection, SqliteConnection};

use super::fault::explain;
use crate::migrations::{self, Applied, Standing};

const TABLE: &str = "connector_migrations";

/// In order; what was released is never changed.
const SCRIPTS: [(&str, &str); 4] = [
    ("store", include_str!("../../migrations/sqlite/1_store.sql")),
    ("feeds", include_str!("../../migrations/sqlite/2_feeds.sql")),
    ("serving", include_str!("../../migrations/sqlite/3_serving.sql")),
    ("upkeep", include_str!("../../migrations/sqlite/4_upkeep.sql")),
];

fn migrator() -> Migrator {
    migrations::migrator(&SCRIPTS, TABLE)
}

/// Looks, and changes nothing.
pub(super) async fn standing(connection: &mut SqliteConnection, shown: &str) -> Result<Standing> {
    let applied = applied(connection).await.map_err(|error| explain(error, shown))?;
    migrations::judge(applied.as_deref(), &migrator(), shown)
}

async fn applied(connection: &mut SqliteConnection) -> sqlx::Result<Option<Vec<Applied>>> {
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ?1)")
        .bind(TABLE)
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        return Ok(None);
    }
    sqlx::query_as("SELECT version, checksum FROM connector_migrations WHERE success ORDER BY version")
        .fetch_all(connection)
        .await
        .map(Some)
}

/// Makes the store current. Where all stands already, it only looks.
pub(super) async fn run(connection: &mut SqliteConnection, shown: &str) -> Result<()> {
    if standing(connection, shown).await? == Standing::Current {
        return Ok(());
    }
    // The migrator takes no lock in SQLite: two processes that start at once would both create.
    let begun = connection.begin_with("BEGIN IMMEDIATE").await;
    let mut transaction = begun.map_err(|error| explain(error, shown))?;
    let done = migrator().run_direct(None, &mut *transaction, false).await;
    done.map_err(|error| migrations::failed(error, shown, |error| explain(error, shown)))?;
    transaction.commit().await.map_err(|error| explain(error, shown))
}
