//! Sealed rows of any table in SQLite.

use connector_core::Result;
use jiff::Timestamp;

use super::Database;
use crate::vault::{ContentRow, CountRow, RowId, SealedContent, SealedRows, SealedTable};

/// Where an authorization still waits for somebody.
macro_rules! waiting {
    () => {
        "used_at IS NULL AND julianday(expires_at) > julianday('now')"
    };
}

impl SealedRows for Database {
    async fn ids(&self, table: SealedTable) -> Result<Vec<RowId>> {
        let Some(mut connection) = self.connect_if_there().await? else { return Ok(Vec::new()) };
        let query = match table {
            SealedTable::Connections => {
                "SELECT app_id, name, '' FROM connector_connections ORDER BY app_id, name"
            }
            SealedTable::Authorizations => concat!(
                "SELECT app_id, connection, hex(state_digest) FROM connector_authorizations WHERE ",
                waiting!(),
                " ORDER BY created_at"
            ),
            SealedTable::Secrets => {
                "SELECT app_id, connection, purpose FROM connector_secrets ORDER BY app_id, connection, purpose"
            }
        };
        let rows: Vec<(String, String, String)> =
            sqlx::query_as(query).fetch_all(&mut connection).await.map_err(|error| self.explain(error))?;
        Ok(rows.into_iter().map(|(app_id, name, detail)| RowId { table, app_id, name, detail }).collect())
    }

    async fn counts(&self, table: SealedTable) -> Result<Vec<CountRow>> {
        let Some(mut connection) = self.connect_if_there().await? else { return Ok(Vec::new()) };
        let query = match table {
            SealedTable::Connections => "SELECT key_id, count(*) FROM connector_connections GROUP BY key_id",
            SealedTable::Authorizations => concat!(
                "SELECT key_id, count(*) FROM connector_authorizations WHERE ",
                waiting!(),
                " GROUP BY key_id"
            ),
            SealedTable::Secrets => "SELECT key_id, count(*) FROM connector_secrets GROUP BY key_id",
        };
        sqlx::query_as(query).fetch_all(&mut connection).await.map_err(|error| self.explain(error))
    }

    async fn content(&self, id: &RowId) -> Result<Option<SealedContent>> {
        let Some(mut connection) = self.connect_if_there().await? else { return Ok(None) };
        let query = match id.table {
            SealedTable::Connections => {
                "SELECT key_id, generation, tokens, settings FROM connector_connections
                 WHERE app_id = ?1 AND name = ?2 AND ?3 = ''"
            }
            SealedTable::Authorizations => {
                "SELECT key_id, 0, sealed, NULL FROM connector_authorizations
                 WHERE app_id = ?1 AND connection = ?2 AND hex(state_digest) = ?3"
            }
            SealedTable::Secrets => {
                "SELECT key_id, 0, sealed, NULL FROM connector_secrets
                 WHERE app_id = ?1 AND connection = ?2 AND purpose = ?3"
            }
        };
        let row: Option<ContentRow> = sqlx::query_as(query)
            .bind(id.app_id.clone())
            .bind(id.name.clone())
            .bind(id.detail.clone())
            .fetch_optional(&mut connection)
            .await
            .map_err(|error| self.explain(error))?;
        Ok(row.map(SealedContent::from))
    }

    /// Sealed bytes are never the same twice: who finds them finds the version that was read.
    async fn replace(&self, id: &RowId, was: &SealedContent, new: &SealedContent) -> Result<bool> {
        let query = match id.table {
            SealedTable::Connections => {
                "UPDATE connector_connections SET key_id = ?4, tokens = ?5, settings = ?6
                 WHERE app_id = ?1 AND name = ?2 AND ?3 = '' AND generation = ?7 AND tokens = ?8"
            }
            SealedTable::Authorizations => {
                "UPDATE connector_authorizations SET key_id = ?4, sealed = ?5
                 WHERE app_id = ?1 AND connection = ?2 AND hex(state_digest) = ?3
                     AND ?6 IS NULL AND ?7 = 0 AND sealed = ?8"
            }
            SealedTable::Secrets => {
                "UPDATE connector_secrets SET key_id = ?4, sealed = ?5
                 WHERE app_id = ?1 AND connection = ?2 AND purpose = ?3
                     AND ?6 IS NULL AND ?7 = 0 AND sealed = ?8"
            }
        };
        let explain = |error| self.explain(error);
        let mut connection = self.connect().await.map_err(explain)?;
        // What was rekeyed stays so: the older key may be gone a minute later.
        sqlx::query("PRAGMA synchronous = FULL").execute(&mut connection).await.map_err(explain)?;
        let done = sqlx::query(query)
            .bind(id.app_id.clone())
            .bind(id.name.clone())
            .bind(id.detail.clone())
            .bind(new.key_id.clone())
            .bind(new.fields.first().cloned())
            .bind(new.fields.get(1).cloned())
            .bind(was.generation)
            .bind(was.fields.first().cloned())
            .execute(&mut connection)
            .await
            .map_err(explain)?;
        Ok(done.rows_affected() == 1)
    }

    async fn add_secret(&self, id: &RowId, content: &SealedContent) -> Result<()> {
        self.migrate().await?;
        let explain = |error| self.explain(error);
        let mut connection = self.connect().await.map_err(explain)?;
        // An address that was told to somebody must not be another after a power cut.
        sqlx::query("PRAGMA synchronous = FULL").execute(&mut connection).await.map_err(explain)?;
        sqlx::query(
            "INSERT INTO connector_secrets (app_id, connection, purpose, key_id, sealed, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (app_id, connection, purpose) DO NOTHING",
        )
        .bind(id.app_id.clone())
        .bind(id.name.clone())
        .bind(id.detail.clone())
        .bind(content.key_id.clone())
        .bind(content.fields.first().cloned())
        .bind(Timestamp::now().to_string())
        .execute(&mut connection)
        .await
        .map_err(explain)?;
        Ok(())
    }
}
