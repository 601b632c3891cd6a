//! Cursors in PostgreSQL, read where a stream is opened.

use connector_core::Result;
use sqlx::PgConnection;

use super::Database;
use crate::cursors::{CursorRow, Cursors};
use crate::lease::Scope;

impl Database {
    /// The cursors that there are for the table of a stream, whichever app's they are.
    pub(super) async fn cursors(
        &self,
        connection: &mut PgConnection,
        scope: &Scope,
        stream: &str,
        any_schema: bool,
    ) -> Result<Cursors> {
        let rows: Vec<CursorRow> = sqlx::query_as(
            "SELECT app_id, connection, schema, state::text AS state, account FROM connector.cursors
             WHERE stream = $2 AND (schema = $3 OR (app_id = $1 AND $4)) ORDER BY app_id, connection, schema",
        )
        .bind(&scope.app_id)
        .bind(stream)
        .bind(&scope.schema)
        .bind(any_schema)
        .fetch_all(connection)
        .await
        .map_err(|error| self.explain(error))?;
        Ok(Cursors::new(rows, scope))
    }

    /// Removes the cursors that others have for rows of another app or account in a table that has no rows any more.
    pub(super) async fn remove_outdated_cursors(
        &self,
        connection: &mut PgConnection,
        scope: &Scope,
        stream: &str,
        any_schema: bool,
        account: Option<&str>,
    ) -> Result<()> {
        let removed = sqlx::query(
            "DELETE FROM connector.cursors WHERE stream = $2 AND ((app_id <> $1 AND schema = $3)
             OR (app_id = $1 AND (schema = $3 OR $4) AND connection <> $5 AND account <> $6))",
        )
        .bind(&scope.app_id)
        .bind(stream)
        .bind(&scope.schema)
        .bind(any_schema)
        .bind(&scope.connection)
        .bind(account)
        .execute(connection);
        removed.await.map(|_| ()).map_err(|error| self.explain(error))
    }
}
