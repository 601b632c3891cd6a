//! The connection of one stream's writer in PostgreSQL.

use std::sync::Arc;

use connector_core::ConnectorError;
use connector_core::stream::{Column, Row};
use sqlx::{PgConnection, SqlStr};
use uuid::Uuid;

use super::documents::Documents;
use super::keys::key_matches;
use super::{Database, copy, fault, presence, table, types};
use crate::fault::Class;
use crate::identifier::{quoted_list, sql};
use crate::layout::{Layout, Names, TableColumn, Target};
use crate::lease::{self, Scope};
use crate::session::{Comparison, KeyedReject, Session, Sheet};
use crate::statements::{OWN_COLUMNS, listed, on_conflict};

/// Settings of a writer's connection. It finds rows by key and nothing else: a plan that reads the whole table is
/// never right, and planning the same statement anew for each batch is waste.
const SETTINGS: &str =
    "SELECT set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false),
     set_config('enable_seqscan', 'off', false), set_config('plan_cache_mode', 'force_generic_plan', false),
     set_config('jit', 'off', false), set_config('lock_timeout', '60s', false)";

/// Rows sent at once: the server takes them in while the next ones are encoded.
const COPY_ROWS: usize = 64;

pub(super) struct PgSession {
    pub(super) database: Arc<Database>,
    pub(super) scope: Arc<Scope>,
    pub(super) run_id: Uuid,
    pub(super) fence: i64,
    /// The account that is read, where it is known.
    pub(super) account: Option<String>,
    pub(super) stream: String,
    /// Its table is the same one whichever schema a run is told to write to.
    pub(super) any_schema: bool,
    /// Its table's full name, quoted.
    pub(super) table: String,
    pub(super) connection: Option<PgConnection>,
    pub(super) statements: Statements,
    /// The layout `documents`; `tables` when absent.
    pub(super) documents: Option<Arc<Documents>>,
}

/// Statements for the columns that the batches have now.
#[derive(Default)]
pub(super) struct Statements {
    compare: Option<SqlStr>,
    upsert: Option<SqlStr>,
    copy: String,
}

/// A connection for a stream's table and its rows.
pub(super) async fn connect(database: &Database) -> sqlx::Result<PgConnection> {
    let mut connection = database.connect().await?;
    sqlx::query(SETTINGS).execute(&mut connection).await?;
    presence::watch(&mut connection).await?;
    Ok(connection)
}

impl PgSession {
    pub(super) async fn connection(&mut self) -> sqlx::Result<&mut PgConnection> {
        if self.connection.is_none() {
            self.connection = Some(connect(&self.database).await?);
        }
        self.connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)
    }

    async fn run(&mut self, statement: &'static str) -> sqlx::Result<()> {
        sqlx::query(statement).execute(self.connection().await?).await?;
        Ok(())
    }
}

impl Session for PgSession {
    const NAMES: Names = Names::Exact;

    fn lay_out(&mut self, layout: &Layout) {
        self.statements = Statements {
            compare: Some(sql(compare_statement(&self.table, layout))),
            upsert: Some(sql(upsert_statement(&self.table, layout))),
            copy: format!("COPY {} ({}, {OWN_COLUMNS}) FROM STDIN", self.table, quoted_list(layout.names())),
        };
    }

    async fn compare(&mut self, layout: &Layout, rows: &[&Row]) -> sqlx::Result<Comparison> {
        if let Some(documents) = self.documents.clone() {
            return documents.compare(self.connection().await?, rows).await;
        }
        let Some(statement) = self.statements.compare.clone() else {
            return Ok(Comparison::default());
        };
        let mut query = sqlx::query_as(statement);
        for part in &layout.key {
            query = query.bind(rows.iter().map(|row| layout.cell(row, *part)).collect::<Vec<_>>());
        }
        query = query.bind(rows.iter().map(|row| row.hash().as_slice()).collect::<Vec<_>>());
        let (unchanged, differing) = query.fetch_one(self.connection().await?).await?;
        Ok(Comparison { unchanged, differing })
    }

    async fn begin(&mut self) -> sqlx::Result<()> {
        self.run("BEGIN").await
    }

    async fn account_of_others(&mut self) -> sqlx::Result<Option<String>> {
        let lock = lease::table_lock_number(&self.scope.app_id, &self.stream);
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(lock).execute(self.connection().await?).await?;
        sqlx::query_scalar(
            "SELECT account FROM connector.cursors
             WHERE app_id = $1 AND stream = $2 AND (schema = $3 OR $4) AND connection <> $5 AND account <> $6 LIMIT 1",
        )
        .bind(self.scope.app_id.clone())
        .bind(self.stream.clone())
        .bind(self.scope.schema.clone())
        .bind(self.any_schema)
        .bind(self.scope.connection.clone())
        .bind(self.account.clone())
        .fetch_optional(self.connection().await?)
        .await
    }

    async fn add_columns(&mut self, columns: &[TableColumn]) -> sqlx::Result<()> {
        let name = self.table.clone();
        table::add_columns(self.connection().await?, &name, columns).await
    }

    async fn insert(&mut self, sheet: &Sheet<'_>, rows: &[&Row]) -> sqlx::Result<()> {
        if let Some(documents) = self.documents.clone() {
            return documents.insert(self.connection().await?, sheet, rows).await;
        }
        let run_id = self.run_id.to_string();
        let statement = self.statements.copy.clone();
        let mut copy = self.connection().await?.copy_in_raw(&statement).await?;
        for part in rows.chunks(COPY_ROWS) {
            copy.send(copy::encode(sheet, part, &[sheet.now, sheet.now, &run_id])).await?;
        }
        copy.finish().await?;
        Ok(())
    }

    async fn upsert(&mut self, sheet: &Sheet<'_>, rows: &[&Row]) -> sqlx::Result<()> {
        if let Some(documents) = self.documents.clone() {
            return documents.upsert(self.connection().await?, sheet, rows).await;
        }
        let Some(statement) = self.statements.upsert.clone() else {
            return Ok(());
        };
        let mut query = sqlx::query(statement);
        for index in 0..sheet.layout.targets.len() {
            query = query.bind(rows.iter().map(|row| sheet.cell(row, index)).collect::<Vec<_>>());
        }
        let query = query
            .bind(rows.iter().map(|row| sheet.document(row)).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.hash().as_slice()).collect::<Vec<_>>())
            .bind(sheet.now)
            .bind(self.run_id);
        query.execute(self.connection().await?).await?;
        Ok(())
    }

    async fn savepoint(&mut self) -> sqlx::Result<()> {
        self.run("SAVEPOINT part").await
    }

    async fn leave_savepoint(&mut self, keep: bool) -> sqlx::Result<()> {
        if !keep {
            self.run("ROLLBACK TO SAVEPOINT part").await?;
        }
        self.run("RELEASE SAVEPOINT part").await
    }

    async fn reject(&mut self, rejects: &[KeyedReject], now: &str) -> sqlx::Result<()> {
        self.file_rejects(rejects, now).await
    }

    async fn remove_rejects(&mut self, rejects: &[i64]) -> sqlx::Result<()> {
        self.take_out_rejects(rejects).await
    }

    async fn save_state(&mut self, state: &str, batch: i64, now: &str) -> sqlx::Result<bool> {
        // The share lock holds off whoever takes the lease over until this transaction has ended.
        let done = sqlx::query(
            "INSERT INTO connector.cursors AS c (app_id, connection, schema, stream, state, run_id, batch, updated_at, account)
             SELECT $1, $2, $3, $4, $5::text::jsonb, $6, $7, $8::text::timestamptz, $10
             FROM (SELECT 1 FROM connector.leases
                   WHERE app_id = $1 AND connection = $2 AND schema = $3 AND fence = $9 FOR SHARE) AS lease
             ON CONFLICT (app_id, connection, schema, stream) DO UPDATE SET
                 state = excluded.state, run_id = excluded.run_id, batch = excluded.batch,
                 updated_at = excluded.updated_at, account = coalesce(excluded.account, c.account)",
        )
        .bind(self.scope.app_id.clone())
        .bind(self.scope.connection.clone())
        .bind(self.scope.schema.clone())
        .bind(self.stream.clone())
        .bind(state)
        .bind(self.run_id)
        .bind(batch)
        .bind(now)
        .bind(self.fence)
        .bind(self.account.clone())
        .execute(self.connection().await?)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn commit(&mut self) -> sqlx::Result<()> {
        self.run("COMMIT").await
    }

    async fn rollback(&mut self) -> sqlx::Result<()> {
        match &mut self.connection {
            Some(connection) => sqlx::query("ROLLBACK").execute(connection).await.map(|_| ()),
            None => Ok(()),
        }
    }

    async fn has_committed(&mut self, batch: i64) -> sqlx::Result<bool> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM connector.cursors WHERE app_id = $1 AND connection = $2 AND schema = $3
             AND stream = $4 AND run_id = $5 AND batch = $6)",
        )
        .bind(self.scope.app_id.clone())
        .bind(self.scope.connection.clone())
        .bind(self.scope.schema.clone())
        .bind(self.stream.clone())
        .bind(self.run_id)
        .bind(batch)
        .fetch_one(self.connection().await?)
        .await
    }

    fn disconnect(&mut self) {
        self.connection = None;
    }

    fn new_column(&self, column: &Column) -> TableColumn {
        types::new_column(column)
    }

    fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    fn fenced_off(&self) -> ConnectorError {
        lease::lost(&self.scope)
    }

    fn class(&self, error: &sqlx::Error) -> Class {
        fault::class(error)
    }

    fn explain(&self, error: sqlx::Error) -> ConnectorError {
        self.database.explain(error)
    }
}

/// Positions, from zero, of the rows that are there: those that are the same, and those that are not.
fn compare_statement(table: &str, layout: &Layout) -> String {
    let parts = layout.key.len();
    let arrays = listed((1..=parts).map(|n| format!("${n}::text[]")));
    let names = listed((1..=parts).map(|n| format!("k{n}")));
    let same = "t._deleted_at IS NULL AND t._hash IS NOT DISTINCT FROM k.hash";
    let list = |filter: &str| format!("coalesce(array_agg((k.n - 1)::int4) FILTER (WHERE {filter}), '{{}}')");
    format!(
        "SELECT {}, {} FROM unnest({arrays}, ${}::bytea[]) WITH ORDINALITY AS k({names}, hash, n)
         JOIN {table} t ON {}",
        list(same),
        list(&format!("NOT ({same})")),
        parts + 1,
        key_matches(layout.key_targets().map(|target| &target.column)),
    )
}

fn upsert_statement(table: &str, layout: &Layout) -> String {
    let count = layout.targets.len();
    let arrays = listed((1..=count + 1).map(|n| format!("${n}::text[]")));
    let aliases = listed((1..=count).map(|n| format!("c{n}")));
    let cast = |(target, n): (&Target, usize)| format!("r.c{n}::{}", target.column.sql_type);
    let values = listed(layout.targets.iter().zip(1..).map(cast));
    let (hash, now, run) = (count + 2, count + 3, count + 4);
    format!(
        "INSERT INTO {table} ({}, {OWN_COLUMNS})
         SELECT {values}, r.doc::jsonb, r.hash, ${now}::text::timestamptz, ${now}::text::timestamptz, ${run}
         FROM unnest({arrays}, ${hash}::bytea[]) AS r({aliases}, doc, hash) {}",
        quoted_list(layout.names()),
        on_conflict(layout),
    )
}
