//! A sink in memory, for the engine's tests: it keeps the promises of the trait and counts nothing but rows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use connector_core::stream::ContentHash;
use connector_core::sync::{
    Batch, CustomFieldView, OpenedStream, ParentMark, ParentQuery, ParentRow, Reject, RunStart, Sink,
    SinkRun, Standing, StoredDocument, StoredReject, StreamState, StreamWriter, SyncReport, Table, Written,
};
use connector_core::{ConnectorError, ErrorCode, Result};
use futures_util::future::BoxFuture;
use serde_json::Value;

#[derive(Clone, Default)]
pub(crate) struct MemorySink(Arc<Mutex<Database>>);

#[derive(Default)]
pub(crate) struct Database {
    pub(crate) tables: BTreeMap<String, BTreeMap<String, Row>>,
    pub(crate) states: BTreeMap<String, StreamState>,
    pub(crate) rejects: Vec<(String, StoredReject)>,
    /// Rows that no table takes, by their keys.
    pub(crate) refused: Vec<String>,
    /// Another connection that writes to the same tables.
    pub(crate) shared_with: Option<String>,
    /// The account that all tables hold rows of.
    pub(crate) account: Option<String>,
    /// Names of the views that were made.
    pub(crate) views: Vec<String>,
    writes: u64,
}

pub(crate) struct Row {
    pub(crate) document: Value,
    pub(crate) columns: BTreeMap<String, String>,
    pub(crate) deleted: bool,
    hash: ContentHash,
    written: u64,
}

impl MemorySink {
    pub(crate) fn database(&self) -> MutexGuard<'_, Database> {
        self.0.lock().expect("no test panics while it holds the lock")
    }

    /// Keys of the live rows of a table.
    pub(crate) fn live(&self, table: &str) -> Vec<String> {
        let database = self.database();
        let rows = database.tables.get(table).into_iter().flatten();
        rows.filter(|(_, row)| !row.deleted).map(|(key, _)| key.clone()).collect()
    }
}

impl Sink for MemorySink {
    fn begin<'a>(&'a self, run: &'a RunStart) -> BoxFuture<'a, Result<Box<dyn SinkRun>>> {
        let run: Box<dyn SinkRun> = Box::new(MemoryRun { sink: self.clone(), dry_run: run.dry_run });
        Box::pin(async { Ok(run) })
    }
}

struct MemoryRun {
    sink: MemorySink,
    dry_run: bool,
}

impl SinkRun for MemoryRun {
    fn open_stream<'a>(&'a self, table: &'a Table) -> BoxFuture<'a, Result<OpenedStream>> {
        let state = self.sink.database().states.get(&table.name).cloned().unwrap_or_default();
        let shared_with = self.sink.database().shared_with.clone();
        let account = self.sink.database().account.clone();
        let writer =
            MemoryWriter { sink: self.sink.clone(), table: table.name.clone(), dry_run: self.dry_run };
        Box::pin(async {
            Ok(OpenedStream { writer: Box::new(writer), state, existing: Vec::new(), shared_with, account })
        })
    }

    fn parents<'a>(&'a self, query: &'a ParentQuery) -> BoxFuture<'a, Result<Vec<ParentRow>>> {
        let database = self.sink.database();
        let mut rows: Vec<_> = database
            .tables
            .get(&query.table)
            .into_iter()
            .flatten()
            .filter(|(_, row)| !row.deleted)
            .filter_map(|(_, row)| Some((format!("{:08}", row.written), row.columns.get(&query.id)?.clone())))
            .collect();
        rows.sort();
        if let Some(after) = &query.after {
            rows.retain(|(written, id)| (written, id) > (&after.written_at, &after.id));
        }
        rows.truncate(query.most as usize);
        let rows = rows
            .into_iter()
            .map(|(written_at, id)| ParentRow { id: id.clone(), mark: ParentMark { written_at, id } });
        let rows = rows.collect();
        Box::pin(async { Ok(rows) })
    }

    fn documents<'a>(
        &'a self,
        table: &'a Table,
        after: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredDocument>>> {
        let database = self.sink.database();
        let rows = database.tables.get(&table.name).into_iter().flatten();
        let live = rows.filter(|(key, row)| !row.deleted && Some(key.as_str()) > after);
        let documents =
            live.map(|(key, row)| StoredDocument { key: key.clone(), document: row.document.to_string() });
        let documents = documents.take(most as usize).collect();
        Box::pin(async { Ok(documents) })
    }

    fn rejects<'a>(
        &'a self,
        table: &'a Table,
        after: i64,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredReject>>> {
        let database = self.sink.database();
        let of_table =
            database.rejects.iter().filter(|(name, reject)| *name == table.name && reject.id > after);
        let rejects = of_table.map(|(_, reject)| reject.clone()).take(most as usize).collect();
        Box::pin(async { Ok(rejects) })
    }

    fn create_view<'a>(&'a self, view: &'a CustomFieldView) -> BoxFuture<'a, Result<bool>> {
        let mut database = self.sink.database();
        let made = if database.tables.contains_key(&view.table) {
            database.views.push(view.name.clone());
            Ok(true)
        } else {
            Err(ConnectorError::new(ErrorCode::NotFound, format!("there is no table {}", view.table)))
        };
        Box::pin(async { made })
    }

    fn finish<'a>(&'a self, _: &'a SyncReport) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

struct MemoryWriter {
    sink: MemorySink,
    table: String,
    dry_run: bool,
}

impl MemoryWriter {
    fn standings(&self, batch: &Batch) -> Vec<Standing> {
        let database = self.sink.database();
        let table = database.tables.get(&self.table);
        let standing = |row: &connector_core::stream::Row| match table.and_then(|table| table.get(row.key()))
        {
            None => Standing::Missing,
            Some(stored) if stored.deleted || stored.hash != *row.hash() => Standing::Different,
            Some(_) => Standing::Same,
        };
        batch.rows().map(standing).collect()
    }
}

fn document(row: &connector_core::stream::Row) -> Value {
    serde_json::from_str(row.document()).expect("a record is JSON")
}

fn cells(batch: &Batch, row: &connector_core::stream::Row) -> BTreeMap<String, String> {
    let cells = batch.columns().iter().enumerate();
    cells.filter_map(|(index, column)| Some((column.name.clone(), row.cell(index)?.to_owned()))).collect()
}

impl StreamWriter for MemoryWriter {
    fn write<'a>(&'a mut self, batch: Batch, state: &'a StreamState) -> BoxFuture<'a, Result<Written>> {
        let standings = self.standings(&batch);
        let mut guard = self.sink.database();
        let database = &mut *guard;
        let mut written = Written::default();
        database.rejects.retain(|(_, reject)| !batch.resolved().contains(&reject.id));
        let table = database.tables.entry(self.table.clone()).or_default();
        let mut rejects: Vec<Reject> = batch.rejects().to_vec();
        for (row, standing) in batch.rows().zip(standings) {
            if database.refused.iter().any(|key| key == row.key()) {
                let payload = row.document().to_owned();
                rejects.push(Reject {
                    payload,
                    code: "database".into(),
                    reason: "refused".into(),
                    path: None,
                });
                continue;
            }
            match standing {
                Standing::Missing => written.inserted += 1,
                Standing::Different => written.updated += 1,
                Standing::Same if batch.is_rewritten(row) => written.updated += 1,
                Standing::Same => {
                    written.unchanged += 1;
                    continue;
                }
            }
            database.writes += 1;
            let stored = Row {
                document: document(row),
                columns: cells(&batch, row),
                deleted: false,
                hash: *row.hash(),
                written: database.writes,
            };
            if !self.dry_run {
                table.insert(row.key().to_owned(), stored);
            }
        }
        for key in batch.deleted() {
            if let Some(row) = table.get_mut(key).filter(|row| !row.deleted) {
                written.deleted += 1;
                row.deleted |= !self.dry_run;
            }
        }
        written.rejected = rejects.len() as u64;
        for reject in rejects {
            let id = i64::try_from(database.writes).expect("few writes") + 1;
            database.writes += 1;
            let seen_at = jiff::Timestamp::now();
            let stored = StoredReject { id, key: None, reject, seen_at, superseded: false };
            database.rejects.push((self.table.clone(), stored));
        }
        if !self.dry_run {
            database.states.insert(self.table.clone(), state.clone());
        }
        Box::pin(async move { Ok(written) })
    }

    fn compare<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Standing>>> {
        let standings = self.standings(batch);
        Box::pin(async { Ok(standings) })
    }

    fn compare_contents<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Standing>>> {
        let database = self.sink.database();
        let table = database.tables.get(&self.table);
        let standing = |row: &connector_core::stream::Row| {
            let Some(stored) = table.and_then(|table| table.get(row.key())) else { return Standing::Missing };
            let is_same =
                !stored.deleted && stored.document == document(row) && stored.columns == cells(batch, row);
            if is_same { Standing::Same } else { Standing::Different }
        };
        let standings = batch.rows().map(standing).collect();
        Box::pin(async { Ok(standings) })
    }

    fn live_keys<'a>(
        &'a mut self,
        within: &'a [(String, String)],
        after: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        let database = self.sink.database();
        let is_within = |row: &Row| within.iter().all(|(name, value)| row.columns.get(name) == Some(value));
        let rows = database.tables.get(&self.table).into_iter().flatten();
        let live = rows.filter(|(key, row)| !row.deleted && is_within(row) && Some(key.as_str()) > after);
        let keys = live.map(|(key, _)| key.clone()).take(most as usize).collect();
        Box::pin(async { Ok(keys) })
    }
}
