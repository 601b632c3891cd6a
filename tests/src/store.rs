//! The database that a test's connector writes to, asked the same questions whichever it is.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sqlx::{Connection, PgConnection, Row, SqlSafeStr, SqlStr, SqliteConnection};
use test_postgres::TestDatabase;

use crate::account::block_on;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// One row of an answer; everything is text.
pub type Texts = Vec<Option<String>>;

/// A store's database, empty at first.
#[derive(Debug)]
pub struct Store {
    url: String,
    database: Database,
}

#[derive(Debug)]
enum Database {
    Sqlite(PathBuf),
    Postgres(TestDatabase),
}

/// A table that is locked; dropping this unlocks it.
#[derive(Debug)]
pub enum Lock {
    /// A transaction that holds it.
    Sqlite(SqliteConnection),
    /// A session that holds it.
    Postgres(PgConnection),
}

impl Store {
    /// A new one; a SQLite file stands in `folder`.
    pub fn new(kind: Kind, folder: &Path) -> Self {
        match kind {
            Kind::Sqlite => {
                let path = folder.join("store.db");
                Self { url: format!("sqlite://{}", path.display()), database: Database::Sqlite(path) }
            }
            Kind::Postgres => Self::on(test_postgres::create_database()),
        }
    }

    /// In a database that is there.
    pub fn on(database: TestDatabase) -> Self {
        Self { url: database.url().to_owned(), database: Database::Postgres(database) }
    }

    /// The URL, as `CONNECTOR_STORE_URL` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Which database it is.
    pub fn kind(&self) -> Kind {
        match self.database {
            Database::Sqlite(_) => Kind::Sqlite,
            Database::Postgres(_) => Kind::Postgres,
        }
    }

    /// A stream's table in a statement.
    pub fn table(&self, stream: &str) -> String {
        match self.kind() {
            Kind::Sqlite => format!("\"{stream}\""),
            Kind::Postgres => format!("teamleader.\"{stream}\""),
        }
    }

    /// One of the store's own tables in a statement.
    pub fn own_table(&self, name: &str) -> String {
        match self.kind() {
            Kind::Sqlite => format!("connector_{name}"),
            Kind::Postgres => format!("connector.{name}"),
        }
    }

    /// The rows of an answer; other types than text are cast in the query.
    ///
    /// # Panics
    /// When the database refuses.
    pub fn rows(&self, query: &str) -> Vec<Texts> {
        self.try_rows(query).unwrap_or_else(|error| panic!("{error}\nin: {query}"))
    }

    /// The same, or why not.
    pub fn try_rows(&self, query: &str) -> sqlx::Result<Vec<Texts>> {
        match &self.database {
            Database::Sqlite(path) => sqlite_rows(path, query),
            Database::Postgres(database) => block_on(async {
                let mut connection = PgConnection::connect(database.url()).await?;
                let rows = sqlx::query(sql(query)).fetch_all(&mut connection).await?;
                texts(&rows)
            }),
        }
    }

    /// Changes something.
    ///
    /// # Panics
    /// When the database refuses.
    pub fn execute(&self, statement: &str) {
        self.rows(statement);
    }

    /// The one value of an expression such as `count(*) FROM companies`.
    ///
    /// # Panics
    /// When there is not exactly one row.
    pub fn value(&self, expression: &str) -> Option<String> {
        let (value, from) = expression.split_once(" FROM ").expect("an expression and a table");
        let mut rows = self.rows(&format!("SELECT CAST({value} AS TEXT) FROM {from}"));
        assert_eq!(rows.len(), 1, "{expression}: {rows:?}");
        rows.remove(0).remove(0)
    }

    /// How many rows of a stream are committed; none where there is no table yet.
    pub fn count(&self, stream: &str) -> usize {
        let query = format!("SELECT CAST(count(*) AS TEXT) FROM {}", self.table(stream));
        let Ok(rows) = self.try_rows(&query) else { return 0 };
        let count = rows.first().and_then(|row| row[0].as_deref()?.parse().ok());
        count.unwrap_or(0)
    }

    /// The documents of a stream by their ids, those marked as deleted left out.
    ///
    /// # Panics
    /// When two rows have one id, or a document is no JSON.
    pub fn documents(&self, stream: &str) -> BTreeMap<String, Value> {
        let mut documents = BTreeMap::new();
        for row in self.texts_of(stream, "_doc") {
            let [Some(id), Some(document)] = &row[..] else {
                panic!("{stream} has a row without id or document: {row:?}");
            };
            let document = serde_json::from_str(document).expect("a document is JSON");
            assert!(documents.insert(id.clone(), document).is_none(), "{stream} has {id} twice");
        }
        documents
    }

    /// For each row of a stream, what changes whenever the row is written.
    pub fn marks(&self, stream: &str) -> Vec<Texts> {
        let mark = match self.kind() {
            Kind::Sqlite => "_run_id || ' ' || _synced_at",
            Kind::Postgres => "xmin",
        };
        self.texts_of(stream, mark)
    }

    /// One column of all live rows, with the ids, in the order of the ids.
    pub fn texts_of(&self, stream: &str, expression: &str) -> Vec<Texts> {
        self.rows(&format!(
            "SELECT CAST(id AS TEXT), CAST({expression} AS TEXT) FROM {} WHERE _deleted_at IS NULL ORDER BY 1",
            self.table(stream)
        ))
    }

    /// Keeps everybody else from writing to a stream's table, for as long as the value is kept.
    ///
    /// # Panics
    /// When there is no such table.
    pub fn lock(&self, stream: &str) -> Lock {
        let statements = match self.kind() {
            Kind::Sqlite => vec!["BEGIN IMMEDIATE".to_owned()],
            Kind::Postgres => vec![
                "BEGIN".to_owned(),
                format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", self.table(stream)),
            ],
        };
        block_on(async {
            let mut connection = match &self.database {
                Database::Sqlite(_) => Lock::Sqlite(SqliteConnection::connect(&self.url).await?),
                Database::Postgres(_) => Lock::Postgres(PgConnection::connect(&self.url).await?),
            };
            for statement in &statements {
                let statement = sqlx::raw_sql(sql(statement));
                match &mut connection {
                    Lock::Sqlite(connection) => statement.execute(connection).await.map(|_| ())?,
                    Lock::Postgres(connection) => statement.execute(connection).await.map(|_| ())?,
                }
            }
            Ok::<_, sqlx::Error>(connection)
        })
        .expect("a table that nobody else has locked")
    }

    /// Everything that lies in the database: the bytes of SQLite's files, or each row of each table as JSON.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn dump(&self) -> Vec<u8> {
        match &self.database {
            Database::Sqlite(path) => ["", "-wal", "-shm"]
                .iter()
                .filter_map(|suffix| fs::read(format!("{}{suffix}", path.display())).ok())
                .flatten()
                .collect(),
            Database::Postgres(_) => {
                let tables = self.rows(
                    "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
                     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
                );
                let mut dump = String::new();
                for table in tables.into_iter().flatten().flatten() {
                    for row in self.rows(&format!("SELECT row_to_json(t)::text FROM {table} t")) {
                        dump.extend(row.into_iter().flatten());
                        dump.push('\n');
                    }
                }
                dump.into_bytes()
            }
        }
    }
}

/// Asks a SQLite file.
pub fn sqlite_rows(path: &Path, query: &str) -> sqlx::Result<Vec<Texts>> {
    block_on(async {
        let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await?;
        let rows = sqlx::query(sql(query)).fetch_all(&mut connection).await?;
        texts(&rows)
    })
}

fn texts<R: Row>(rows: &[R]) -> sqlx::Result<Vec<Texts>>
where
    for<'r> Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    usize: sqlx::ColumnIndex<R>,
{
    rows.iter().map(|row| (0..row.len()).map(|at| row.try_get_unchecked(at)).collect()).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test writes its own statements")]
fn sql(text: &str) -> SqlStr {
    sqlx::AssertSqlSafe(text).into_sql_str()
}
