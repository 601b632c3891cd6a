//! PostgreSQL as a sink: runs, and the streams opened in them.

use std::sync::Arc;

use connector_core::Result;
use connector_core::sync::{
    CustomFieldView, OpenedStream, ParentQuery, ParentRow, RunStart, Sink, SinkRun, StoredDocument,
    StoredReject, StreamState, SyncReport, Table,
};
use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use tokio::sync::Mutex;

use super::Database;
use super::fault::class;
use super::lease::{self, Lease};
use super::session::{self, PgSession, Statements};
use super::table::{self, Described};
use crate::attempts::Attempts;
use crate::fault::Class;
use crate::lease::{ReportRow, Scope, lost};
use crate::writer::{Opening, Writer};

/// Writes into tables of one schema.
pub(crate) struct PgSink {
    pub(crate) database: Arc<Database>,
    pub(crate) schema: String,
}

impl Sink for PgSink {
    fn begin<'a>(&'a self, run: &'a RunStart) -> BoxFuture<'a, Result<Box<dyn SinkRun>>> {
        Box::pin(async move {
            let scope = Scope {
                app_id: run.app_id.clone(),
                connection: run.connection.clone(),
                schema: self.schema.clone(),
            };
            let lease = if run.dry_run {
                None
            } else {
                self.database.migrate().await?;
                Some(lease::take(&self.database, &scope, run).await?)
            };
            let (fence, connection) =
                lease.map_or((0, None), |Lease { fence, connection }| (fence, Some(connection)));
            Ok(Box::new(PgRun {
                database: Arc::clone(&self.database),
                scope: Arc::new(scope),
                start: run.clone(),
                fence,
                lease: Mutex::new(connection),
            }) as Box<dyn SinkRun>)
        })
    }
}

struct PgRun {
    database: Arc<Database>,
    scope: Arc<Scope>,
    start: RunStart,
    fence: i64,
    /// The lease lasts as long as this connection.
    lease: Mutex<Option<PgConnection>>,
}

impl PgRun {
    async fn open(&self, table: &Table) -> Result<OpenedStream> {
        let database = &self.database;
        let schema = &self.scope.schema;
        let mut connection = session::connect(database).await.map_err(|error| database.explain(error))?;
        let described = if self.start.dry_run {
            table::describe(&mut connection, schema, table, database.shown()).await?
        } else {
            Some(table::prepare(&mut connection, schema, table, database.shown()).await?)
        };
        let is_empty = described.as_ref().is_none_or(|described| described.is_empty);
        let state = self.stored_state(&mut connection, &table.name).await?;
        let columns = described.map(|Described { columns, .. }| columns);
        let opening = Opening {
            table: table::full_name(schema, &table.name),
            key: table.key.clone(),
            existing: columns,
            is_empty,
            state,
            dry_run: self.start.dry_run,
        };
        let session = PgSession {
            database: Arc::clone(database),
            scope: Arc::clone(&self.scope),
            run_id: self.start.run_id,
            fence: self.fence,
            stream: table.name.clone(),
            table: opening.table.clone(),
            connection: Some(connection),
            statements: Statements::default(),
        };
        Ok(Writer::open(session, opening))
    }

    async fn stored_state(&self, connection: &mut PgConnection, stream: &str) -> Result<Option<StreamState>> {
        if self.start.dry_run && !self.database.is_there().await? {
            return Ok(None);
        }
        let json: Option<String> = sqlx::query_scalar(
            "SELECT state::text FROM connector.cursors
             WHERE app_id = $1 AND connection = $2 AND schema = $3 AND stream = $4",
        )
        .bind(&self.scope.app_id)
        .bind(&self.scope.connection)
        .bind(&self.scope.schema)
        .bind(stream)
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
            match self.write_report(&mut lease, &report).await {
                Ok(holds) => break holds,
                Err(error) if class(&error) == Class::Transient && attempts.next().await => *lease = None,
                Err(error) => {
                    return Err(self.database.explain(error).context("recording the end of the run"));
                }
            }
        };
        if let Some(connection) = lease.take() {
            lease::release(connection, &self.scope).await;
        }
        if holds { Ok(()) } else { Err(lost(&self.scope)) }
    }

    async fn write_report(&self, lease: &mut Option<PgConnection>, report: &ReportRow) -> sqlx::Result<bool> {
        let mut connection = match lease.take() {
            Some(connection) => connection,
            None => self.database.connect().await?,
        };
        let run_id = self.start.run_id;
        let holds = lease::write_report(&mut connection, &self.scope, self.fence, run_id, report).await?;
        *lease = Some(connection);
        Ok(holds)
    }
}

impl SinkRun for PgRun {
    fn open_stream<'a>(&'a self, table: &'a Table) -> BoxFuture<'a, Result<OpenedStream>> {
        Box::pin(self.open(table))
    }

    fn parents<'a>(&'a self, query: &'a ParentQuery) -> BoxFuture<'a, Result<Vec<ParentRow>>> {
        Box::pin(self.database.parents(&self.scope.schema, query))
    }

    fn documents<'a>(
        &'a self,
        table: &'a Table,
        after: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredDocument>>> {
        Box::pin(self.database.documents(&self.scope.schema, &table.name, &table.key, after, most))
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
        Box::pin(self.database.create_view(&self.scope.schema, view, self.start.dry_run))
    }

    fn finish<'a>(&'a self, report: &'a SyncReport) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.end(report))
    }
}
