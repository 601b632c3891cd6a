//! SQLite as a sink: runs, and the streams opened in them.

use std::fs::File;
use std::sync::Arc;

use connector_core::Result;
use connector_core::sync::{
    CustomFieldView, OpenedStream, ParentQuery, ParentRow, RunStart, Sink, SinkRun, StoredDocument,
    StoredReject, StreamState, SyncReport, Table,
};
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use tokio::sync::Mutex;

use super::Database;
use super::fault::class;
use super::lease::{self, Lease};
use super::session::{SqliteSession, Statements};
use super::table::{self, Described};
use crate::attempts::Attempts;
use crate::fault::Class;
use crate::identifier::quoted;
use crate::lease::{ReportRow, Scope, lost};
use crate::migrations::Standing;
use crate::writer::{Opening, Writer};

/// Writes into tables of the file.
pub(crate) struct SqliteSink {
    pub(crate) database: Arc<Database>,
}

impl Sink for SqliteSink {
    fn begin<'a>(&'a self, run: &'a RunStart) -> BoxFuture<'a, Result<Box<dyn SinkRun>>> {
        Box::pin(async move {
            let scope = Scope {
                app_id: run.app_id.clone(),
                connection: run.connection.clone(),
                schema: String::new(),
            };
            let lease = if run.dry_run {
                None
            } else {
                self.database.migrate().await?;
                Some(lease::take(&self.database, &scope, run).await?)
            };
            let (fence, file) = lease.map_or((0, None), |Lease { fence, file }| (fence, Some(file)));
            Ok(Box::new(SqliteRun {
                database: Arc::clone(&self.database),
                scope: Arc::new(scope),
                start: run.clone(),
                fence,
                lease: Mutex::new(file),
            }) as Box<dyn SinkRun>)
        })
    }
}

struct SqliteRun {
    database: Arc<Database>,
    scope: Arc<Scope>,
    start: RunStart,
    fence: i64,
    /// The lease lasts as long as this file is open.
    lease: Mutex<Option<File>>,
}

impl SqliteRun {
    async fn open(&self, table: &Table) -> Result<OpenedStream> {
        let (described, state) =
            if self.start.dry_run { self.look(table).await? } else { self.prepare(table).await? };
        let is_empty = described.as_ref().is_none_or(|described| described.is_empty);
        let columns = described.map(|Described { columns, .. }| columns);
        let opening = Opening {
            table: table.name.clone(),
            key: table.key.clone(),
            existing: columns,
            is_empty,
            state,
            dry_run: self.start.dry_run,
        };
        let session = SqliteSession {
            database: Arc::clone(&self.database),
            scope: Arc::clone(&self.scope),
            run_id: self.start.run_id,
            fence: self.fence,
            stream: table.name.clone(),
            table: quoted(&table.name),
            dry_run: self.start.dry_run,
            connection: None,
            statements: Statements::default(),
        };
        Ok(Writer::open(session, opening))
    }

    async fn prepare(&self, table: &Table) -> Result<(Option<Described>, Option<StreamState>)> {
        let mut connection = self.database.connect().await.map_err(|error| self.database.explain(error))?;
        let described = table::prepare(&mut connection, table, self.database.shown()).await?;
        let state = self.stored_state(&mut connection, &table.name).await?;
        Ok((Some(described), state))
    }

    /// For a dry run: what there is, if anything.
    async fn look(&self, table: &Table) -> Result<(Option<Described>, Option<StreamState>)> {
        let connected =
            self.database.connect_to_read().await.map_err(|error| self.database.explain(error))?;
        let Some(mut connection) = connected else {
            return Ok((None, None));
        };
        let described = table::describe(&mut connection, table, self.database.shown()).await?;
        let state = match super::migrations::standing(&mut connection, self.database.shown()).await? {
            Standing::Absent => None,
            _ => self.stored_state(&mut connection, &table.name).await?,
        };
        Ok((described, state))
    }

    async fn stored_state(
        &self,
        connection: &mut SqliteConnection,
        stream: &str,
    ) -> Result<Option<StreamState>> {
        let json: Option<String> = sqlx::query_scalar(
            "SELECT state FROM connector_cursors
             WHERE app_id = ?1 AND connection = ?2 AND schema = ?3 AND stream = ?4",
        )
        .bind(self.scope.app_id.clone())
        .bind(self.scope.connection.clone())
        .bind(self.scope.schema.clone())
        .bind(stream.to_owned())
        .fetch_optional(connection)
        .await
        .map_err(|error| self.database.explain(error))?;
        // A state that cannot be read is none: everything is read again, and nothing is lost.
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }

    async fn end(&self, report: &SyncReport) -> Result<()> {
        let mut lease = self.lease.lock().await;
        if self.start.dry_run {
            return Ok(());
        }
        let report = ReportRow::new(report)?;
        let mut attempts = Attempts::default();
        let holds = loop {
            match self.write_report(&report).await {
                Ok(holds) => break holds,
                Err(error) if class(&error) == Class::Transient && attempts.next().await => {}
                Err(error) => {
                    return Err(self.database.explain(error).context("recording the end of the run"));
                }
            }
        };
        *lease = None;
        if holds { Ok(()) } else { Err(lost(&self.scope)) }
    }

    async fn write_report(&self, report: &ReportRow) -> sqlx::Result<bool> {
        let mut connection = self.database.connect().await?;
        lease::write_report(&mut connection, &self.scope, self.fence, self.start.run_id, report).await
    }
}

impl SinkRun for SqliteRun {
    fn open_stream<'a>(&'a self, table: &'a Table) -> BoxFuture<'a, Result<OpenedStream>> {
        Box::pin(self.open(table))
    }

    fn parents<'a>(&'a self, query: &'a ParentQuery) -> BoxFuture<'a, Result<Vec<ParentRow>>> {
        Box::pin(self.database.parents(query))
    }

    fn documents<'a>(
        &'a self,
        table: &'a Table,
        after: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredDocument>>> {
        Box::pin(self.database.documents(&table.name, &table.key, after, most))
    }

    fn rejects<'a>(
        &'a self,
        table: &'a Table,
        after: i64,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredReject>>> {
        Box::pin(self.database.stored_rejects(&self.scope, table, after, most))
    }

    fn create_view<'a>(&'a self, view: &'a CustomFieldView) -> BoxFuture<'a, Result<bool>> {
        Box::pin(self.database.create_view(view, self.start.dry_run))
    }

    fn finish<'a>(&'a self, report: &'a SyncReport) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.end(report))
    }
}
