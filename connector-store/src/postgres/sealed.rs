//! Sealed rows of any table in PostgreSQL.

use connector_core::{ConnectorError, ErrorCode, Result};
use sqlx::postgres::PgQueryResult;

use super::Database;
use crate::vault::{ContentRow, CountRow, RowId, SealedContent, SealedRows, SealedTable};

/// Where an authorization still waits for somebody.
macro_rules! waiting {
    () => {
        "used_at IS NULL AND expires_at > now()"
    };
}

impl SealedRows for Database {
    async fn ids(&self, table: SealedTable) -> Result<Vec<RowId>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let query = match table {
            SealedTable::Connections => {
                "SELECT app_id, name, '' FROM connector.connections ORDER BY app_id, name"
            }
            SealedTable::Authorizations => concat!(
                "SELECT app_id, connection, encode(state_digest, 'hex') FROM connector.authorizations WHERE ",
                waiting!(),
                " ORDER BY created_at"
            ),
            SealedTable::Secrets => {
                "SELECT app_id, connection, purpose FROM connector.secrets ORDER BY app_id, connection, purpose"
            }
        };
        let rows: Vec<(String, String, String)> =
            self.again(|| sqlx::query_as(query).fetch_all(self.pool())).await?;
        Ok(rows.into_iter().map(|(app_id, name, detail)| RowId { table, app_id, name, detail }).collect())
    }

    async fn counts(&self, table: SealedTable) -> Result<Vec<CountRow>> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let query = match table {
            SealedTable::Connections => "SELECT key_id, count(*) FROM connector.connections GROUP BY key_id",
            SealedTable::Authorizations => concat!(
                "SELECT key_id, count(*) FROM connector.authorizations WHERE ",
                waiting!(),
                " GROUP BY key_id"
            ),
            SealedTable::Secrets => "SELECT key_id, count(*) FROM connector.secrets GROUP BY key_id",
        };
        self.again(|| sqlx::query_as(query).fetch_all(self.pool())).await
    }

    async fn content(&self, id: &RowId) -> Result<Option<SealedContent>> {
        if !self.is_there().await? {
            return Ok(None);
        }
        let query = match id.table {
            SealedTable::Connections => {
                "SELECT key_id, generation, tokens, settings FROM connector.connections
                 WHERE app_id = $1 AND name = $2 AND $3::text = ''"
            }
            SealedTable::Authorizations => {
                "SELECT key_id, 0::bigint, sealed, NULL::bytea FROM connector.authorizations
                 WHERE app_id = $1 AND connection = $2 AND state_digest = decode($3::text, 'hex')"
            }
            SealedTable::Secrets => {
                "SELECT key_id, 0::bigint, sealed, NULL::bytea FROM connector.secrets
                 WHERE app_id = $1 AND connection = $2 AND purpose = $3"
            }
        };
        let row: Option<ContentRow> = self
            .again(|| {
                let query = sqlx::query_as(query).bind(&id.app_id).bind(&id.name).bind(&id.detail);
                query.fetch_optional(self.pool())
            })
            .await?;
        Ok(row.map(SealedContent::from))
    }

    async fn replace(&self, id: &RowId, was: &SealedContent, new: &SealedContent) -> Result<bool> {
        let done = self.overwrite(id, was, new).await.map_err(|error| {
            let is_held = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|code| code == "55P03");
            if is_held { held(id) } else { self.explain(error) }
        })?;
        Ok(done.rows_affected() == 1)
    }

    async fn add_secret(&self, id: &RowId, content: &SealedContent) -> Result<()> {
        self.migrate().await?;
        self.again(|| {
            sqlx::query(
                "INSERT INTO connector.secrets (app_id, connection, purpose, key_id, sealed, created_at)
                 VALUES ($1, $2, $3, $4, $5, now()) ON CONFLICT (app_id, connection, purpose) DO NOTHING",
            )
            .bind(&id.app_id)
            .bind(&id.name)
            .bind(&id.detail)
            .bind(&content.key_id)
            .bind(content.fields.first())
            .execute(self.pool())
        })
        .await
        .map(|_| ())
    }
}

impl Database {
    /// Sealed bytes are never the same twice: who finds them finds the version that was read.
    async fn overwrite(
        &self,
        id: &RowId,
        was: &SealedContent,
        new: &SealedContent,
    ) -> sqlx::Result<PgQueryResult> {
        let query = match id.table {
            SealedTable::Connections => {
                "UPDATE connector.connections SET key_id = $4, tokens = $5, settings = $6
                 WHERE app_id = $1 AND name = $2 AND $3::text = '' AND generation = $7 AND tokens = $8"
            }
            SealedTable::Authorizations => {
                "UPDATE connector.authorizations SET key_id = $4, sealed = $5
                 WHERE app_id = $1 AND connection = $2 AND state_digest = decode($3::text, 'hex')
                     AND $6::bytea IS NULL AND $7::bigint = 0 AND sealed = $8"
            }
            SealedTable::Secrets => {
                "UPDATE connector.secrets SET key_id = $4, sealed = $5
                 WHERE app_id = $1 AND connection = $2 AND purpose = $3
                     AND $6::bytea IS NULL AND $7::bigint = 0 AND sealed = $8"
            }
        };
        let mut transaction = self.pool().begin().await?;
        // Who renews tokens holds the row as long as the app takes to answer. What was rekeyed stays so: the older key
        // may be gone a minute later.
        sqlx::query("SET LOCAL lock_timeout = '30s'").execute(&mut *transaction).await?;
        sqlx::query("SET LOCAL synchronous_commit = on").execute(&mut *transaction).await?;
        let done = sqlx::query(query)
            .bind(&id.app_id)
            .bind(&id.name)
            .bind(&id.detail)
            .bind(&new.key_id)
            .bind(new.fields.first())
            .bind(new.fields.get(1))
            .bind(was.generation)
            .bind(was.fields.first())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done)
    }
}

fn held(id: &RowId) -> ConnectorError {
    let message = format!("the {} has been held by another process for 30 s", id.table.singular());
    ConnectorError::new(ErrorCode::ConnectionTimeout, message)
}
