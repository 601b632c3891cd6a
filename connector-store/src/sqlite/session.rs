//! The connection of one stream's writer in SQLite.

use std::fmt::Write;
use std::sync::Arc;

use connector_core::ConnectorError;
use connector_core::stream::{Column, ColumnType, Row};
use serde_json::json;
use sqlx::{SqlStr, SqliteConnection};
use uuid::Uuid;

use super::documents::Documents;
use super::keys::key_value;
use super::{Database, fault, table, types};
use crate::fault::Class;
use crate::identifier::{quoted, quoted_list, sql};
use crate::layout::{Layout, Names, TableColumn};
use crate::lease::{self, Scope};
use crate::session::{Comparison, KeyedReject, Session, Sheet};
use crate::statements::{OWN_COLUMNS, on_conflict};

/// SQLite takes no more values in one statement.
const MOST_VALUES: usize = 32_766;

/// Rows in one statement, largest first: each statement costs a hop to SQLite's thread, and each size one to prepare.
pub(super) const CHUNKS: [usize; 3] = [100, 10, 1];

const OWN_VALUES: usize = 5;

pub(super) struct SqliteSession {
    pub(super) database: Arc<Database>,
    pub(super) scope: Arc<Scope>,
    pub(super) run_id: Uuid,
    pub(super) fence: i64,
    /// The account that is read, where it is known.
    pub(super) account: Option<String>,
    pub(super) stream: String,
    /// Its table's name, quoted.
    pub(super) table: String,
    pub(super) dry_run: bool,
    pub(super) connection: Option<SqliteConnection>,
    pub(super) statements: Statements,
    /// The layout `documents`; `tables` when absent.
    pub(super) documents: Option<Arc<Documents>>,
    /// Of those that were sorted.
    pub(super) keys_handed_out: i64,
}

/// Statements for the columns that the batches have now.
#[derive(Default)]
pub(super) struct Statements {
    compare: Option<SqlStr>,
    /// By the number of rows.
    insert: Vec<(usize, SqlStr)>,
    upsert: Vec<(usize, SqlStr)>,
}

impl SqliteSession {
    pub(super) async fn connection(&mut self) -> sqlx::Result<&mut SqliteConnection> {
        if self.connection.is_none() {
            self.connection = if self.dry_run {
                self.database.connect_to_read().await?
            } else {
                Some(self.database.connect().await?)
            };
        }
        self.connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)
    }

    async fn run(&mut self, statement: &'static str) -> sqlx::Result<()> {
        sqlx::query(statement).execute(self.connection().await?).await?;
        Ok(())
    }

    async fn write(&mut self, sheet: &Sheet<'_>, rows: &[&Row], is_new: bool) -> sqlx::Result<()> {
        if let Some(documents) = self.documents.clone() {
            return documents.write(self.connection().await?, sheet, rows, is_new).await;
        }
        let sizes = if is_new { self.statements.insert.clone() } else { self.statements.upsert.clone() };
        let run_id: Arc<str> = self.run_id.to_string().into();
        let now: Arc<str> = sheet.now.into();
        let mut rest = rows;
        for (size, statement) in sizes {
            while rest.len() >= size {
                let (chunk, others) = rest.split_at(size);
                rest = others;
                let mut query = sqlx::query(statement.clone());
                for row in chunk {
                    for (index, target) in sheet.layout.targets.iter().enumerate() {
                        let cell = sheet.cell(row, index);
                        query = match (target.column.kind, cell) {
                            (ColumnType::Boolean, cell) => query.bind(cell.map(|text| text == "true")),
                            (_, cell) => query.bind(cell.map(std::borrow::Cow::into_owned)),
                        };
                    }
                    query = query.bind(sheet.document(row).into_owned()).bind(row.hash().to_vec());
                    query = query.bind(Arc::clone(&now)).bind(Arc::clone(&now)).bind(Arc::clone(&run_id));
                }
                query.execute(self.connection().await?).await?;
            }
        }
        Ok(())
    }
}

impl Session for SqliteSession {
    const NAMES: Names = Names::Folded;

    fn lay_out(&mut self, layout: &Layout) {
        let values = layout.targets.len() + OWN_VALUES;
        let sizes = statement_sizes(values);
        let statements = |end: &str| {
            let statement = |size: &usize| (*size, sql(write_statement(&self.table, layout, *size, end)));
            sizes.iter().map(statement).collect()
        };
        self.statements = Statements {
            compare: Some(sql(compare_statement(&self.table, layout))),
            insert: statements(""),
            upsert: statements(&format!(" {}", on_conflict(layout))),
        };
    }

    async fn compare(&mut self, layout: &Layout, rows: &[&Row]) -> sqlx::Result<Comparison> {
        if let Some(documents) = self.documents.clone() {
            return documents.compare(self.connection().await?, rows).await;
        }
        let Some(statement) = self.statements.compare.clone() else {
            return Ok(Comparison::default());
        };
        let query = sqlx::query_as(statement).bind(keys_and_hashes(layout, rows));
        let (unchanged, differing): (String, String) = query.fetch_one(self.connection().await?).await?;
        Ok(Comparison { unchanged: positions(&unchanged)?, differing: positions(&differing)? })
    }

    async fn begin(&mut self) -> sqlx::Result<()> {
        self.run("BEGIN IMMEDIATE").await
    }

    async fn account_of_others(&mut self) -> sqlx::Result<Option<String>> {
        sqlx::query_scalar(
            "SELECT account FROM connector_cursors
             WHERE app_id = ?1 AND stream = ?2 AND schema = ?3 AND connection <> ?4 AND account <> ?5 LIMIT 1",
        )
        .bind(self.scope.app_id.clone())
        .bind(self.stream.clone())
        .bind(self.scope.schema.clone())
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
        self.write(sheet, rows, true).await
    }

    async fn upsert(&mut self, sheet: &Sheet<'_>, rows: &[&Row]) -> sqlx::Result<()> {
        self.write(sheet, rows, false).await
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
        let done = sqlx::query(
            "INSERT INTO connector_cursors (app_id, connection, schema, stream, state, run_id, batch, updated_at, account)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?10 FROM connector_leases
             WHERE app_id = ?1 AND connection = ?2 AND schema = ?3 AND fence = ?9
             ON CONFLICT (app_id, connection, schema, stream) DO UPDATE SET
                 state = excluded.state, run_id = excluded.run_id, batch = excluded.batch,
                 updated_at = excluded.updated_at, account = coalesce(excluded.account, account)",
        )
        .bind(self.scope.app_id.clone())
        .bind(self.scope.connection.clone())
        .bind(self.scope.schema.clone())
        .bind(self.stream.clone())
        .bind(state.to_owned())
        .bind(self.run_id.to_string())
        .bind(batch)
        .bind(now.to_owned())
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
            "SELECT EXISTS (SELECT 1 FROM connector_cursors WHERE app_id = ?1 AND connection = ?2 AND schema = ?3
             AND stream = ?4 AND run_id = ?5 AND batch = ?6)",
        )
        .bind(self.scope.app_id.clone())
        .bind(self.scope.connection.clone())
        .bind(self.scope.schema.clone())
        .bind(self.stream.clone())
        .bind(self.run_id.to_string())
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

/// How many rows of so many values go into one statement, largest first.
pub(super) fn statement_sizes(values: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> = CHUNKS.iter().map(|size| (*size).min(MOST_VALUES / values).max(1)).collect();
    sizes.dedup();
    sizes
}

/// Positions as SQLite lists them.
pub(super) fn positions(json: &str) -> sqlx::Result<Vec<i32>> {
    serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// One array for each row: its key's parts, then its hash.
fn keys_and_hashes(layout: &Layout, rows: &[&Row]) -> String {
    let parts = layout.key.len();
    let of_row = |row: &&Row| {
        let mut values = Vec::with_capacity(parts + 1);
        for part in &layout.key {
            values.push(key_value(layout.targets[*part].column.kind, layout.cell(row, *part).as_deref()));
        }
        let mut hash = String::with_capacity(2 * row.hash().len());
        for byte in row.hash() {
            let _ = write!(hash, "{byte:02X}");
        }
        values.push(json!(hash));
        serde_json::Value::Array(values)
    };
    serde_json::Value::Array(rows.iter().map(of_row).collect()).to_string()
}

/// Positions, from zero, of the rows that are there: those that are the same, and those that are not. As two texts,
/// since each row of an answer costs as much as finding it.
fn compare_statement(table: &str, layout: &Layout) -> String {
    let matches: Vec<String> = layout
        .key_targets()
        .zip(0..)
        .map(|(target, n)| format!("t.{} = k.value ->> {n}", quoted(&target.column.name)))
        .collect();
    let same = format!("t._deleted_at IS NULL AND hex(t._hash) = k.value ->> {}", layout.key.len());
    format!(
        "SELECT json_group_array(k.key) FILTER (WHERE {same}), json_group_array(k.key) FILTER (WHERE NOT ({same}))
         FROM json_each(?1) k CROSS JOIN {table} t ON {}",
        matches.join(" AND "),
    )
}

fn write_statement(table: &str, layout: &Layout, rows: usize, end: &str) -> String {
    let places = vec!["?"; layout.targets.len() + OWN_VALUES].join(",");
    let row = format!("({places})");
    let values = vec![row.as_str(); rows].join(",");
    format!("INSERT INTO {table} ({}, {OWN_COLUMNS}) VALUES {values}{end}", quoted_list(layout.names()))
}
