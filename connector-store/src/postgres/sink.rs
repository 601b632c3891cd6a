//! PostgreSQL as a sink: runs, and the streams opened in them.

use std::sync::Arc;

use connector_core::Result;
use connector_core::sync::{
    CustomFieldView, OpenedStream, ParentQuery, ParentRow, RunStart, Sink, SinkRun, StoredDocument,
    StoredReject, SyncReport, Table,
};
use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use tokio::sync::Mutex;

use super::Database;
use super::document_table;
use super::documents::Documents;
use super::fault::class;
use super::items;
use super::lease::{self, Lease};
use super::session::{self, PgSession, Statements};
use super::table::{self, Described};
use super::types;
use crate::attempts::Attempts;
use crate::cursors::{Cursors, is_in_any_schema};
use crate::documents::{DocumentOptions, DocumentPlace};
use crate::fault::Class;
use crate::items::ItemTable;
use crate::lease::{ReportRow, Scope, lost};
use crate::writer::{Opening, Writer};

/// Writes into tables of one schema.
pub(crate) struct PgSink {
    pub(crate) database: Arc<Database>,
    pub(crate) schema: String,
    pub(crate) documents: Option<DocumentOptions>,
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
                documents: self.documents.clone(),
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
    /// The layout `documents`; `tables` when absent.
    documents: Option<DocumentOptions>,
    fence: i64,
    /// The lease lasts as long as this connection.
    lease: Mutex<Option<PgConnection>>,
}

impl PgRun {
    async fn open(&self, table: &Table) -> Result<OpenedStream> {
        let database = &self.database;
        let place = self.documents.as_ref().map(|documents| documents.place(table)).transpose()?;
        let mut connection = session::connect(database).await.map_err(|error| database.explain(error))?;
        let mut item_tables = Vec::new();
        let described = match &place {
            Some(place) => self.look_at_documents(&mut connection, place, table).await?,
            None => self.look_at(&mut connection, table, &mut item_tables).await?,
        };
        let is_empty = described.as_ref().is_none_or(|described| described.is_empty);
        let (name, stream) = match &place {
            Some(place) => (table::full_name(self.schema_of(place), &place.table), place.stream.clone()),
            None => (table::full_name(&self.scope.schema, &table.name), table.name.clone()),
        };
        let any_schema = is_in_any_schema(place.as_ref());
        let cursors = if self.start.dry_run && !database.is_there().await? {
            Cursors::default()
        } else {
            database.cursors(&mut connection, &self.scope, &stream, any_schema).await?
        };
        let account = self.start.account.as_deref();
        cursors.check_owner(&self.scope.app_id, account, &name, is_empty)?;
        if cursors.are_outdated(account, is_empty) && !self.start.dry_run {
            database
                .remove_outdated_cursors(&mut connection, &self.scope, &stream, any_schema, account)
                .await?;
        }
        let columns = described.map(|Described { columns, .. }| columns);
        let opening = Opening {
            table: name.clone(),
            key: table.key.clone(),
            existing: columns,
            has_columns: place.is_none(),
            item_tables,
            is_empty,
            state: cursors.state,
            shared_with: cursors.shared_with,
            account: cursors.account.filter(|_| !is_empty || account.is_none()),
            dry_run: self.start.dry_run,
        };
        let session = PgSession {
            database: Arc::clone(database),
            scope: Arc::clone(&self.scope),
            run_id: self.start.run_id,
            fence: self.fence,
            account: self.start.account.clone(),
            stream,
            any_schema,
            documents: place.map(|place| Arc::new(Documents::new(&place, &name))),
            table: name,
            connection: Some(connection),
            statements: Statements::default(),
        };
        Ok(Writer::open(session, opening))
    }

    /// The table, made or extended unless this is a dry run; `None` when there is none.
    async fn look_at(
        &self,
        connection: &mut PgConnection,
        table: &Table,
        item_tables: &mut Vec<ItemTable>,
    ) -> Result<Option<Described>> {
        let (schema, shown) = (&self.scope.schema, self.database.shown());
        let shape = table::of_records(table);
        if self.start.dry_run {
            return table::describe(connection, schema, &shape, shown).await;
        }
        let described = table::prepare(connection, schema, &shape, shown).await?;
        *item_tables = items::prepare(connection, schema, table, &described, shown).await?;
        Ok(Some(described))
    }

    /// The same in the layout `documents`.
    async fn look_at_documents(
        &self,
        connection: &mut PgConnection,
        place: &DocumentPlace,
        table: &Table,
    ) -> Result<Option<Described>> {
        let (schema, shown) = (self.schema_of(place), self.database.shown());
        let found = if self.start.dry_run {
            document_table::describe(connection, schema, place, shown).await?
        } else {
            Some(document_table::prepare(connection, schema, place, shown).await?)
        };
        let columns = table.columns.iter().map(types::new_column).collect();
        Ok(found.map(|is_empty| Described { columns, is_empty }))
    }

    fn schema_of<'a>(&'a self, place: &'a DocumentPlace) -> &'a str {
        place.schema.as_deref().unwrap_or(&self.scope.schema)
    }

    /// Refuses to read what is in a table where it is of another account.
    async fn check_account(&self, table: &str, stream: &str, any_schema: bool) -> Result<()> {
        let database = &self.database;
        if self.start.account.is_none() || !database.is_there().await? {
            return Ok(());
        }
        let mut connection = database.pool().acquire().await.map_err(|error| database.explain(error))?;
        let cursors = database.cursors(&mut connection, &self.scope, stream, any_schema).await?;
        cursors.check_owner(&self.scope.app_id, self.start.account.as_deref(), table, false)
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

    fn is_cancelled(&self) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async {
            if self.start.dry_run { Ok(false) } else { self.database.is_cancelled(self.start.run_id).await }
        })
    }

    fn parents<'a>(&'a self, query: &'a ParentQuery) -> BoxFuture<'a, Result<Vec<ParentRow>>> {
        Box::pin(async {
            let schema = &self.scope.schema;
            let Some(documents) = &self.documents else {
                self.check_account(&query.table, &query.table, false).await?;
                return self.database.parents(schema, query).await;
            };
            let place = documents.place_of(&query.table);
            self.check_account(&place.table, &place.stream, is_in_any_schema(Some(&place))).await?;
            self.database.parents_in_documents(schema, &place, query).await
        })
    }

    fn documents<'a>(
        &'a self,
        table: &'a Table,
        after: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredDocument>>> {
        Box::pin(async move {
            let schema = &self.scope.schema;
            match &self.documents {
                Some(documents) => {
                    let place = documents.place_of(&table.name);
                    self.database.whole_documents(schema, &place, after, most).await
                }
                None => self.database.documents(schema, &table.name, &table.key, after, most).await,
            }
        })
    }

    fn rejects<'a>(
        &'a self,
        table: &'a Table,
        after: i64,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredReject>>> {
        Box::pin(async move {
            let named = self.documents.as_ref().map(|documents| documents.renamed(table));
            let table = named.as_ref().unwrap_or(table);
            self.database.stored_rejects(&self.scope, table, after, most).await
        })
    }

    fn create_view<'a>(&'a self, view: &'a CustomFieldView) -> BoxFuture<'a, Result<bool>> {
        Box::pin(self.database.create_view(&self.scope.schema, view, self.start.dry_run))
    }

    fn finish<'a>(&'a self, report: &'a SyncReport) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.end(report))
    }
}
