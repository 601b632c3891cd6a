//! A store in a fresh database, and ways to look at it from outside.

use std::sync::Arc;

use connector_core::stream::{ColumnType, Columns, RowDecoder};
use connector_core::sync::{
    Batch, ChildTable, OpenedStream, RunStart, SinkRun, Status, StreamState, SyncReport, Table,
    UnfinishedRead, Written,
};
use connector_core::{ConnectorError, Result, Secret};
use connector_store::{SinkOptions, Store, StoreOptions, VaultKey};
use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, Row as _, SqlSafeStr, SqlStr, SqliteConnection};
use tempfile::TempDir;
use test_postgres::TestDatabase;
use uuid::Uuid;

/// A store and the database it is in.
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) store: Store,
    database: Database,
}

enum Database {
    Postgres(TestDatabase),
    Sqlite(TempDir),
}

impl World {
    pub(crate) fn postgres() -> Self {
        let database = test_postgres::create_database();
        Self::new(database.url().to_owned(), Database::Postgres(database))
    }

    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("store.db").display());
        Self::new(url, Database::Sqlite(folder))
    }

    fn new(url: String, database: Database) -> Self {
        let store = Store::open(&url, StoreOptions::default()).unwrap();
        Self { url, store, database }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// A store as another process would open it.
    pub(crate) fn another_store(&self) -> Store {
        Store::open(&self.url, StoreOptions::default()).unwrap()
    }

    /// A stream's table in a statement.
    pub(crate) fn table(&self, name: &str) -> String {
        if self.is_postgres() { format!("example.\"{name}\"") } else { format!("\"{name}\"") }
    }

    /// One of the store's own tables in a statement.
    pub(crate) fn own(&self, name: &str) -> String {
        if self.is_postgres() { format!("connector.{name}") } else { format!("connector_{name}") }
    }

    /// Rows of text; other types are cast in the query.
    pub(crate) async fn rows(&self, query: &str) -> Vec<Vec<Option<String>>> {
        match &self.database {
            Database::Postgres(database) => {
                let mut connection = PgConnection::connect(database.url()).await.unwrap();
                let rows = sqlx::query(sql(query)).fetch_all(&mut connection).await;
                let rows = rows.unwrap_or_else(|error| panic!("{error}\nin {query}"));
                rows.iter()
                    .map(|row| (0..row.len()).map(|at| row.try_get_unchecked(at).unwrap()).collect())
                    .collect()
            }
            Database::Sqlite(_) => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                let rows = sqlx::query(sql(query)).fetch_all(&mut connection).await;
                let rows = rows.unwrap_or_else(|error| panic!("{error}\nin {query}"));
                rows.iter()
                    .map(|row| (0..row.len()).map(|at| row.try_get_unchecked(at).unwrap()).collect())
                    .collect()
            }
        }
    }

    /// The only value of the only row, as text.
    pub(crate) async fn value(&self, expression: &str) -> Option<String> {
        let (select, from) = expression.split_once(" FROM ").unwrap();
        let rows = self.rows(&format!("SELECT CAST({select} AS TEXT) FROM {from}")).await;
        assert_eq!(rows.len(), 1, "{expression}");
        rows[0][0].clone()
    }

    pub(crate) async fn count(&self, table: &str) -> u64 {
        self.value(&format!("count(*) FROM {table}")).await.unwrap().parse().unwrap()
    }

    pub(crate) async fn execute(&self, statement: &str) {
        self.rows(statement).await;
    }

    /// Everything that is in the database, as bytes.
    pub(crate) async fn dump(&self) -> Vec<u8> {
        match &self.database {
            Database::Postgres(_) => {
                let rows = self.rows("SELECT c::text FROM connector.connections c").await;
                assert!(!rows.is_empty());
                format!("{rows:?}").into_bytes()
            }
            // A connection that is being closed may take its files away meanwhile, and their content elsewhere.
            Database::Sqlite(folder) => loop {
                match contents(folder.path()) {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    contents => return contents.unwrap(),
                }
            },
        }
    }

    /// Names of the files that the store has made; none with a server.
    pub(crate) fn files(&self) -> Vec<String> {
        match &self.database {
            Database::Postgres(_) => Vec::new(),
            Database::Sqlite(folder) => {
                let names = std::fs::read_dir(folder.path()).unwrap();
                names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
            }
        }
    }

    pub(crate) async fn begin(&self) -> Run {
        begin(&self.store, "default", false).await.unwrap()
    }

    pub(crate) async fn begin_dry(&self) -> Run {
        begin(&self.store, "default", true).await.unwrap()
    }

    /// Loads records of `companies` in a run of their own.
    pub(crate) async fn load(&self, records: &[Value]) -> Written {
        let run = self.begin().await;
        let mut stream = run.open(&companies()).await;
        let written = stream.write(records, &state(1)).await.unwrap();
        drop(stream);
        run.finish(Status::Succeeded).await.unwrap();
        written
    }
}

/// All bytes of all files but keys.
fn contents(folder: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "key") {
            bytes.extend(std::fs::read(path)?);
        }
    }
    Ok(bytes)
}

#[expect(clippy::disallowed_methods, reason = "a test writes its own statements")]
fn sql(text: &str) -> SqlStr {
    sqlx::AssertSqlSafe(text).into_sql_str()
}

/// Runs statements in a PostgreSQL database.
pub(crate) async fn script(url: &str, statements: &str) -> sqlx::Result<()> {
    let mut session = PgConnection::connect(url).await?;
    sqlx::raw_sql(sql(statements)).execute(&mut session).await.map(drop)
}

pub(crate) fn key() -> VaultKey {
    VaultKey::parse(&Secret::new("5a".repeat(32))).unwrap()
}

/// A run and what it needs to end.
pub(crate) struct Run {
    pub(crate) run: Box<dyn SinkRun>,
    pub(crate) start: RunStart,
}

pub(crate) async fn begin(store: &Store, connection: &str, dry_run: bool) -> Result<Run> {
    begin_in(store, SinkOptions::new("example"), connection, dry_run).await
}

/// A run that reads this account.
pub(crate) async fn begin_as(store: &Store, connection: &str, account: &str) -> Run {
    begin_for(store, SinkOptions::new("example"), connection, Some(account), false).await.unwrap()
}

pub(crate) async fn begin_in(
    store: &Store,
    options: SinkOptions,
    connection: &str,
    dry_run: bool,
) -> Result<Run> {
    begin_for(store, options, connection, None, dry_run).await
}

pub(crate) async fn begin_for(
    store: &Store,
    options: SinkOptions,
    connection: &str,
    account: Option<&str>,
    dry_run: bool,
) -> Result<Run> {
    let start = RunStart {
        run_id: Uuid::new_v4(),
        app_id: "example".to_owned(),
        connection: connection.to_owned(),
        account: account.map(str::to_owned),
        started_at: Timestamp::now(),
        dry_run,
    };
    let sink = store.sink(options);
    let run = sink.begin(&start).await?;
    Ok(Run { run, start })
}

impl Run {
    pub(crate) async fn open(&self, shape: &Shape) -> Stream {
        self.try_open(shape).await.unwrap()
    }

    pub(crate) async fn try_open(&self, shape: &Shape) -> Result<Stream> {
        let key: Vec<&str> = shape.key.iter().map(String::as_str).collect();
        let columns = Columns::from_schema(&shape.schema, &key);
        let table = Table {
            name: shape.name.clone(),
            key: shape.key.clone(),
            columns: columns.as_slice().to_vec(),
            children: shape.children.clone(),
        };
        let opened = self.run.open_stream(&table).await?;
        let mut decoder = RowDecoder::new(columns, &key);
        decoder.set_existing(opened.existing.clone());
        Ok(Stream { opened, decoder })
    }

    pub(crate) async fn finish(&self, status: Status) -> Result<(), ConnectorError> {
        let report = SyncReport {
            run_id: self.start.run_id,
            status,
            started_at: self.start.started_at,
            finished_at: Timestamp::now(),
            requests: 3,
            streams: Vec::new(),
            error: None,
        };
        self.run.finish(&report).await
    }
}

/// A stream as it is declared.
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) key: Vec<String>,
    pub(crate) schema: Value,
    pub(crate) children: Vec<ChildTable>,
}

pub(crate) fn companies() -> Shape {
    Shape {
        name: "companies".to_owned(),
        key: vec!["id".to_owned()],
        schema: json!({"properties": {
            "id": {"type": "string", "format": "uuid"},
            "name": {"type": "string"},
            "added_at": {"type": "string", "format": "date-time"},
            "born_on": {"type": "string", "format": "date"},
            "size": {"type": "number"},
            "active": {"type": "boolean"},
            "tags": {"type": "array"},
            "owner": {"type": "object", "properties": {"type": {}, "id": {}}},
        }}),
        children: Vec::new(),
    }
}

/// An opened stream and the decoder of its records.
pub(crate) struct Stream {
    pub(crate) opened: OpenedStream,
    pub(crate) decoder: RowDecoder,
}

impl Stream {
    pub(crate) fn batch(&mut self, records: &[Value]) -> Batch {
        let texts: Vec<String> = records.iter().map(Value::to_string).collect();
        self.batch_of_text(&texts)
    }

    pub(crate) fn batch_of_text(&mut self, records: &[String]) -> Batch {
        let mut batch = Batch::default();
        for record in records {
            let raw = RawValue::from_string(record.clone()).unwrap();
            batch.push(self.decoder.decode(raw).unwrap());
        }
        batch.set_columns(self.decoder.columns());
        batch
    }

    pub(crate) async fn write(&mut self, records: &[Value], state: &StreamState) -> Result<Written> {
        let batch = self.batch(records);
        self.opened.writer.write(batch, state).await
    }

    /// Writes records and marks the rows with these keys as deleted.
    pub(crate) async fn write_and_delete(
        &mut self,
        records: &[Value],
        deleted: &[&str],
        state: &StreamState,
    ) -> Result<Written> {
        let mut batch = self.batch(records);
        for key in deleted {
            batch.push_deleted((*key).to_owned());
        }
        self.opened.writer.write(batch, state).await
    }

    /// All live keys, read in pages.
    pub(crate) async fn live_keys(&mut self, within: &[(&str, &str)], most: u32) -> Vec<String> {
        let within: Vec<_> =
            within.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect();
        let mut keys: Vec<String> = Vec::new();
        loop {
            let after = keys.last().map(String::as_str);
            let page = self.opened.writer.live_keys(&within, after, most).await.unwrap();
            assert!(page.len() <= most as usize);
            if page.is_empty() {
                return keys;
            }
            keys.extend(page);
        }
    }

    pub(crate) fn existing_kind(&self, column: &str) -> Option<ColumnType> {
        self.opened.existing.iter().find(|(name, _)| name == column).map(|(_, kind)| *kind)
    }
}

/// A state that can be told from others by its number.
pub(crate) fn state(number: i64) -> StreamState {
    let instant = Timestamp::from_second(1_700_000_000 + number).unwrap();
    StreamState {
        cursor: Some(instant),
        unfinished: Some(UnfinishedRead { started_at: instant, full: true, position: None }),
        ..StreamState::default()
    }
}

pub(crate) fn id(number: u32) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

/// A company whose content follows from the numbers.
pub(crate) fn company(number: u32, version: u32) -> Value {
    json!({
        "id": id(number),
        "name": format!("Company {number} v{version}"),
        "added_at": "2024-05-01T10:00:00+02:00",
        "born_on": "2020-02-29",
        "size": 12.50,
        "active": number.is_multiple_of(2),
        "tags": ["a", "b"],
        "owner": {"type": "user", "id": id(7)},
    })
}

pub(crate) fn numbers(written: Written) -> [u64; 4] {
    [written.inserted, written.updated, written.unchanged, written.rejected]
}

/// Keeps a store apart from the world it came from.
pub(crate) fn shared(world: World) -> Arc<World> {
    Arc::new(world)
}
