//! Cursors in SQLite, read where a stream is opened.

use connector_core::Result;
use sqlx::SqliteConnection;

use super::{Database, migrations};
use crate::cursors::{CursorRow, Cursors};
use crate::lease::Scope;
use crate::migrations::Standing;

impl Database {
    /// The cursors that there are for the table of a stream, whichever app's they are.
    pub(super) async fn cursors(
        &self,
        connection: &mut SqliteConnection,
        scope: &Scope,
        stream: &str,
    ) -> Result<Cursors> {
        let rows: Vec<CursorRow> = sqlx::query_as(
            "SELECT app_id, connection, schema, state, account FROM connector_cursors
             WHERE stream = ?1 AND schema = ?2 ORDER BY app_id, connection",
        )
        .bind(stream.to_owned())
        .bind(scope.schema.clone())
        .fetch_all(connection)
        .await
        .map_err(|error| self.explain(error))?;
        Ok(Cursors::new(rows, scope))
    }

    /// Removes the cursors that others have for rows of another app or account in a table that has no rows any more.
    pub(super) async fn remove_outdated_cursors(
        &self,
        scope: &Scope,
        stream: &str,
        account: Option<&str>,
    ) -> Result<()> {
        let removed = async {
            let mut connection = self.connect().await?;
            sqlx::query(
                "DELETE FROM connector_cursors WHERE stream = ?2 AND schema = ?3
                 AND (app_id <> ?1 OR (connection <> ?4 AND account <> ?5))",
            )
            .bind(scope.app_id.clone())
            .bind(stream.to_owned())
            .bind(scope.schema.clone())
            .bind(scope.connection.clone())
            .bind(account.map(str::to_owned))
            .execute(&mut connection)
            .await
        };
        removed.await.map(|_| ()).map_err(|error| self.explain(error))
    }

    /// The same where the store's own tables may be absent.
    pub(super) async fn cursors_if_any(
        &self,
        connection: &mut SqliteConnection,
        scope: &Scope,
        stream: &str,
    ) -> Result<Cursors> {
        match migrations::standing(connection, self.shown()).await? {
            Standing::Absent => Ok(Cursors::default()),
            _ => self.cursors(connection, scope, stream).await,
        }
    }
}
