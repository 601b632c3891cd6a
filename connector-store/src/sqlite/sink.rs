//! SQLite as a sink: runs, and the streams opened in them.

use std::fs::File;
use std::sync::Arc;

use connector_core::Result;
use connector_core::sync::{
    CustomFieldView, OpenedStream, ParentQuery, ParentRow, RunStart, Sink, SinkRun, StoredDocument,
    StoredReject, SyncReport, Table,
};
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use super::Database;
use super::document_table;
use super::documents::Documents;
use super::fault::class;
use super::items;
use super::lease::{self, Lease};
use super::session::{SqliteSession, Statements};
use super::table::{self, Described};
use super::types;
use crate::attempts::Attempts;
use crate::cursors::Cursors;
use crate::documents::{DocumentOptions, DocumentPlace};
use crate::fault::Class;
use crate::identifier::quoted;
use crate::items::ItemTable;
use crate::lease::{ReportRow, Scope, lost};
use crate::writer::{Opening, Writer};

/// Writes into tables of the file.
pub(crate) struct SqliteSink {
    pub(crate) database: Arc<Database>,
    pub(crate) documents: Option<DocumentOptions>,
}

impl Sink for SqliteSink {
    fn begin<'a>(&'a self, run: &'a RunStart) -> BoxFuture<'a, Result<Box<dyn SinkRun>>> {
        Box::pin(async move {
            if let Some(documents) = &self.documents {
                documents.without_schemas()?;
            }
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
                documents: self.documents.clone(),
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
    /// The layout `documents`; `tables` when absent.
    documents: Option<DocumentOptions>,
    fence: i64,
    /// The lease lasts as long as this file is open.
    lease: Mutex<Option<File>>,
}

/// What there is of a stream before its first batch.
#[derive(Default)]
struct Found {
    described: Option<Described>,
    item_tables: Vec<ItemTable>,
    cursors: Cursors,
}

impl SqliteRun {
    async fn open(&self, table: &Table) -> Result<OpenedStream> {
        let place = self.documents.as_ref().map(|documents| documents.place(table)).transpose()?;
        let Found { described, item_tables, cursors } = match (&place, self.start.dry_run) {
            (Some(place), dry_run) => self.find_documents(table, place, dry_run).await?,
            (None, true) => self.look(table).await?,
            (None, false) => self.prepare(table).await?,
        };
        let (name, stream) = match &place {
            Some(place) => (place.table.clone(), place.stream.clone()),
            None => (table.name.clone(), table.name.clone()),
        };
        let is_empty = described.as_ref().is_none_or(|described| described.is_empty);
        let account = self.start.account.as_deref();
        cursors.check_owner(&self.scope.app_id, account, &name, is_empty)?;
        if cursors.are_outdated(account, is_empty) && !self.start.dry_run {
            self.database.remove_outdated_cursors(&self.scope, &stream, account).await?;
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
        let session = SqliteSession {
            database: Arc::clone(&self.database),
            scope: Arc::clone(&self.scope),
            run_id: self.start.run_id,
            fence: self.fence,
            account: self.start.account.clone(),
            stream,
            documents: place.map(|place| Arc::new(Documents::new(&place, &quoted(&name)))),
            table: quoted(&name),
            dry_run: self.start.dry_run,
            connection: None,
            statements: Statements::default(),
            keys_handed_out: 0,
        };
        Ok(Writer::open(session, opening))
    }

    async fn prepare(&self, table: &Table) -> Result<Found> {
        let mut connection = self.database.connect().await.map_err(|error| self.database.explain(error))?;
        let shown = self.database.shown();
        let described = table::prepare(&mut connection, &table::of_records(table), shown).await?;
        let item_tables = items::prepare(&mut connection, table, &described, shown).await?;
        let cursors = self.database.cursors(&mut connection, &self.scope, &table.name).await?;
        Ok(Found { described: Some(described), item_tables, cursors })
    }

    /// For a dry run: what there is, if anything.
    async fn look(&self, table: &Table) -> Result<Found> {
        let connected =
            self.database.connect_to_read().await.map_err(|error| self.database.explain(error))?;
        let Some(mut connection) = connected else {
            return Ok(Found::default());
        };
        let described =
            table::describe(&mut connection, &table::of_records(table), self.database.shown()).await?;
        let cursors = self.database.cursors_if_any(&mut connection, &self.scope, &table.name).await?;
        Ok(Found { described, item_tables: Vec::new(), cursors })
    }

    /// The same in the layout `documents`; makes the table unless this is a dry run.
    async fn find_documents(&self, table: &Table, place: &DocumentPlace, dry_run: bool) -> Result<Found> {
        let (database, shown) = (&self.database, self.database.shown());
        let explain = |error| database.explain(error);
        let (found, cursors) = if dry_run {
            let Some(mut connection) = database.connect_to_read().await.map_err(explain)? else {
                return Ok(Found::default());
            };
            let found = document_table::describe(&mut connection, place, shown).await?;
            (found, database.cursors_if_any(&mut connection, &self.scope, &place.stream).await?)
        } else {
            let mut connection = database.connect().await.map_err(explain)?;
            let found = document_table::prepare(&mut connection, place, shown).await?;
            (Some(found), database.cursors(&mut connection, &self.scope, &place.stream).await?)
        };
        let columns = table.columns.iter().map(types::new_column).collect();
        let described = found.map(|is_empty| Described { columns, is_empty });
        Ok(Found { described, item_tables: Vec::new(), cursors })
    }

    /// Refuses to read what is in a table where it is of another account.
    async fn check_account(&self, table: &str, stream: &str) -> Result<()> {
        let connected =
            self.database.connect_to_read().await.map_err(|error| self.database.explain(error))?;
        let Some(mut connection) = connected else { return Ok(()) };
        let cursors = self.database.cursors_if_any(&mut connection, &self.scope, stream).await?;
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

    fn is_cancelled(&self) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async {
            if self.start.dry_run { Ok(false) } else { self.database.is_cancelled(self.start.run_id).await }
        })
    }

    fn parents<'a>(&'a self, query: &'a ParentQuery) -> BoxFuture<'a, Result<Vec<ParentRow>>> {
        Box::pin(async {
            let Some(documents) = &self.documents else {
                self.check_account(&query.table, &query.table).await?;
                return self.database.parents(query).await;
            };
            let place = documents.place_of(&query.table);
            self.check_account(&place.table, &place.stream).await?;
            self.database.parents_in_documents(&place, query).await
        })
    }

    fn documents<'a>(
        &'a self,
        table: &'a Table,
        after: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredDocument>>> {
        Box::pin(async move {
            match &self.documents {
                Some(documents) => {
                    self.database.whole_documents(&documents.place_of(&table.name), after, most).await
                }
                None => self.database.documents(&table.name, &table.key, after, most).await,
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
        Box::pin(self.database.create_view(view, self.start.dry_run))
    }

    fn finish<'a>(&'a self, report: &'a SyncReport) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.end(report))
    }
}
