//! The store: opened by its URL, in front of whichever database it names.

use std::fmt;
use std::sync::Arc;

use connector_core::http::{BudgetScope, RequestBudget};
use connector_core::oauth::{AuthorizationStore, ConnectionKey, ConnectionSummary, TokenStore};
use connector_core::sync::{Sink, StoredDocument};
use connector_core::{Result, Secret};
use jiff::Timestamp;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::access_keys::AccessKeys;
use crate::audit::{self, AuditLog};
use crate::documents::DocumentOptions;
use crate::hints::{self, Hints};
use crate::location::Location;
use crate::rejects::{RejectCount, RejectQuery, RejectSummary};
use crate::schedules::{LastTime, Schedule, ScheduleKey, StoredSchedule};
use crate::status::{
    INTERRUPTED, RUNNING, RunQuery, RunSummary, StreamQuery, StreamSummary, SyncedConnection,
};
use crate::vault::{self, Keyring, RekeyReport, VaultKeys, VaultStatus, missing_key};
use crate::{postgres, sqlite};

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// What PostgreSQL shows as the application's name of our sessions, unless the URL says another.
    pub application_name: String,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { application_name: "connector".to_owned() }
    }
}

/// How records are written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SinkOptions {
    /// The PostgreSQL schema of the streams' tables. SQLite has none.
    pub schema: String,
    /// Writes the layout `documents`; `tables` when absent.
    pub documents: Option<DocumentOptions>,
}

impl SinkOptions {
    /// Tables in this schema.
    pub fn new(schema: impl Into<String>) -> Self {
        Self { schema: schema.into(), documents: None }
    }

    /// The same in the layout `documents`.
    pub fn documents(mut self, options: DocumentOptions) -> Self {
        self.documents = Some(options);
        self
    }
}

/// A database that keeps records, cursors, runs, leases and sealed connections. Cheap to clone.
///
/// Opening touches nothing: the database is reached, and the store's own tables made, when they are first needed.
#[derive(Clone)]
pub struct Store(Backend);

#[derive(Clone)]
pub(crate) enum Backend {
    Postgres(Arc<postgres::Database>),
    Sqlite(Arc<sqlite::Database>),
}

impl Store {
    /// The store at `postgres://…`, `sqlite://file.db`, or `sqlite::memory:`, which is gone with the last clone.
    ///
    /// # Errors
    /// `invalid_value`, as a wrong setting of the operator, when the URL names no store.
    pub fn open(url: &str, options: StoreOptions) -> Result<Self> {
        let StoreOptions { application_name } = options;
        Ok(Self(match Location::parse(url)? {
            Location::Postgres { options: connect, shown } => {
                Backend::Postgres(postgres::Database::new(*connect, shown, &application_name))
            }
            Location::Sqlite { path, may_create } => {
                Backend::Sqlite(sqlite::Database::in_file(path, may_create))
            }
            Location::Memory => Backend::Sqlite(sqlite::Database::in_memory()?),
        }))
    }

    /// Where it is, without secrets.
    pub fn shown(&self) -> &str {
        match &self.0 {
            Backend::Postgres(database) => database.shown(),
            Backend::Sqlite(database) => database.shown(),
        }
    }

    /// The keys to the HTTP server.
    pub fn access_keys(&self) -> AccessKeys {
        AccessKeys { backend: self.0.clone() }
    }

    /// What the sync engine writes to.
    pub fn sink(&self, options: SinkOptions) -> Arc<dyn Sink> {
        match &self.0 {
            Backend::Postgres(database) => Arc::new(postgres::PgSink {
                database: Arc::clone(database),
                schema: options.schema,
                documents: options.documents,
            }),
            Backend::Sqlite(database) => {
                Arc::new(sqlite::SqliteSink { database: Arc::clone(database), documents: options.documents })
            }
        }
    }

    /// The sealed connections. Without a key to seal with, SQLite uses the one beside its file, making it at the first `save`;
    /// PostgreSQL cannot, and says so once something must be sealed or opened.
    pub fn vault(&self, keys: impl Into<VaultKeys>) -> Arc<dyn TokenStore> {
        let keyring = self.keyring(keys);
        match &self.0 {
            Backend::Postgres(database) => {
                Arc::new(postgres::PgVault { database: Arc::clone(database), keyring })
            }
            Backend::Sqlite(database) => {
                Arc::new(sqlite::SqliteVault { database: Arc::clone(database), keyring })
            }
        }
    }

    /// Authorizations that somebody was sent to agree to, sealed as connections are.
    pub fn authorizations(&self, keys: impl Into<VaultKeys>) -> Arc<dyn AuthorizationStore> {
        let keyring = self.keyring(keys);
        match &self.0 {
            Backend::Postgres(database) => {
                Arc::new(postgres::PgAuthorizations { database: Arc::clone(database), keyring })
            }
            Backend::Sqlite(database) => {
                Arc::new(sqlite::SqliteAuthorizations { database: Arc::clone(database), keyring })
            }
        }
    }

    /// A secret for one purpose of one connection: 32 bytes in base64url, made at the first call and the same for good,
    /// also after [`Store::rekey`].
    ///
    /// # Errors
    /// When there is no key, or another one than the secret was sealed with.
    pub async fn lasting_secret(
        &self,
        keys: impl Into<VaultKeys>,
        purpose: &str,
        connection: &ConnectionKey,
    ) -> Result<Secret> {
        let keyring = self.keyring(keys);
        match &self.0 {
            Backend::Postgres(database) => {
                vault::lasting_secret(&**database, &keyring, purpose, connection).await
            }
            Backend::Sqlite(database) => {
                vault::lasting_secret(&**database, &keyring, purpose, connection).await
            }
        }
    }

    /// Seals everything with the current key that one of the others opens, of all apps. The app is asked for nothing, and
    /// whoever renews tokens meanwhile is not held up. What does not open is reported and left.
    ///
    /// # Errors
    /// When there is no key, or the database fails. What was done by then is done, and another call does the rest.
    pub async fn rekey(&self, keys: impl Into<VaultKeys>) -> Result<RekeyReport> {
        let keyring = self.keyring(keys);
        match &self.0 {
            Backend::Postgres(database) => vault::rekey(&**database, &keyring).await,
            Backend::Sqlite(database) => vault::rekey(&**database, &keyring).await,
        }
    }

    /// The vault's keys, by their ids, and how much was sealed with each, of all apps.
    pub async fn vault_status(&self, keys: impl Into<VaultKeys>) -> Result<VaultStatus> {
        let keyring = self.keyring(keys);
        match &self.0 {
            Backend::Postgres(database) => vault::status(&**database, &keyring).await,
            Backend::Sqlite(database) => vault::status(&**database, &keyring).await,
        }
    }

    fn keyring(&self, keys: impl Into<VaultKeys>) -> Keyring {
        let database = match &self.0 {
            Backend::Postgres(_) => None,
            Backend::Sqlite(database) => Some(database.path().to_owned()),
        };
        Keyring::new(keys.into(), database)
    }

    /// The requests that all processes with this store may send together. Each one that asks is counted here, so its
    /// holder is best made once in a process.
    pub fn request_budget(&self, scope: BudgetScope) -> Arc<dyn RequestBudget> {
        match &self.0 {
            Backend::Postgres(database) => {
                let connection = Mutex::default();
                Arc::new(postgres::PgBudget { database: Arc::clone(database), scope, connection })
            }
            Backend::Sqlite(database) => {
                let connection = Mutex::default();
                Arc::new(sqlite::SqliteBudget { database: Arc::clone(database), scope, connection })
            }
        }
    }

    /// The log of who was handed which token. Best asked for once in a process: what goes through one log is written
    /// together.
    pub fn audit_log(&self) -> AuditLog {
        AuditLog::new(match &self.0 {
            Backend::Postgres(database) => audit::Backend::Postgres(Arc::clone(database)),
            Backend::Sqlite(database) => audit::Backend::Sqlite(Arc::clone(database)),
        })
    }

    /// The hints that wait for a connection.
    pub fn hints(&self, app_id: impl Into<String>, connection: impl Into<String>) -> Hints {
        let backend = match &self.0 {
            Backend::Postgres(database) => hints::Backend::Postgres(Arc::clone(database)),
            Backend::Sqlite(database) => hints::Backend::Sqlite(Arc::clone(database)),
        };
        Hints { backend, app_id: app_id.into(), connection: connection.into() }
    }

    /// Whether connections can be sealed with this key, told before there is anything to seal.
    ///
    /// # Errors
    /// `integration_missing_parameter`, as a wrong setting of the operator, for PostgreSQL without a key.
    pub fn require_vault_key(&self, keys: &VaultKeys) -> Result<()> {
        match (&self.0, keys.current()) {
            (Backend::Postgres(_), None) => Err(missing_key()),
            _ => Ok(()),
        }
    }

    /// Notes that somebody wants a run to end; its process looks every few seconds. `false` when the run has ended, or was
    /// never begun.
    pub async fn cancel_run(&self, run_id: Uuid) -> Result<bool> {
        match &self.0 {
            Backend::Postgres(database) => database.cancel_run(run_id).await,
            Backend::Sqlite(database) => database.cancel_run(run_id).await,
        }
    }

    /// The latest runs of an app, last first. A store that does not exist yet has none.
    pub async fn runs(&self, app_id: &str, most: u32) -> Result<Vec<RunSummary>> {
        self.chosen_runs(app_id, &RunQuery { most, ..RunQuery::default() }).await
    }

    /// The latest of some runs of an app, last first.
    pub async fn chosen_runs(&self, app_id: &str, query: &RunQuery) -> Result<Vec<RunSummary>> {
        let runs = self.recorded_runs(app_id, query).await?;
        self.without_killed(runs).await
    }

    async fn recorded_runs(&self, app_id: &str, query: &RunQuery) -> Result<Vec<RunSummary>> {
        match &self.0 {
            Backend::Postgres(database) => database.runs(app_id, query).await,
            Backend::Sqlite(database) => database.runs(app_id, query).await,
        }
    }

    /// Runs that were killed are recorded as running until the next one finds out; here they are told as what they are.
    async fn without_killed(&self, mut runs: Vec<RunSummary>) -> Result<Vec<RunSummary>> {
        for run in runs.iter_mut().filter(|run| run.status == RUNNING) {
            let held = match &self.0 {
                Backend::Postgres(database) => database.is_held(&run.app_id, &run.connection).await,
                Backend::Sqlite(database) => database.is_held(&run.app_id, &run.connection),
            };
            if held.unwrap_or(true) {
                continue;
            }
            // It may have come to its end between the two looks.
            let query = RunQuery { run_id: Some(run.run_id), most: 1, ..RunQuery::default() };
            if let Some(now) = self.recorded_runs(&run.app_id, &query).await?.pop() {
                *run = now;
            }
            if run.status == RUNNING {
                INTERRUPTED.clone_into(&mut run.status);
            }
        }
        Ok(runs)
    }

    /// The latest run of each of these connections, for those that had one.
    pub async fn last_runs(&self, app_id: &str, connections: &[String]) -> Result<Vec<RunSummary>> {
        let runs = match &self.0 {
            Backend::Postgres(database) => database.last_runs(app_id, connections).await,
            Backend::Sqlite(database) => database.last_runs(app_id, connections).await,
        };
        self.without_killed(runs?).await
    }

    /// The connections of an app that something was ever written of, by name.
    pub async fn synced_connections(&self, app_id: &str) -> Result<Vec<SyncedConnection>> {
        match &self.0 {
            Backend::Postgres(database) => database.synced_connections(app_id).await,
            Backend::Sqlite(database) => database.synced_connections(app_id).await,
        }
    }

    /// The streams of an app that something was ever written of, with the rows in their tables.
    pub async fn streams(&self, app_id: &str) -> Result<Vec<StreamSummary>> {
        self.chosen_streams(app_id, &StreamQuery::default()).await
    }

    /// Some of these streams, in the order of connection, schema and name. Rows are counted of these only.
    pub async fn chosen_streams(&self, app_id: &str, query: &StreamQuery) -> Result<Vec<StreamSummary>> {
        match &self.0 {
            Backend::Postgres(database) => database.streams(app_id, query).await,
            Backend::Sqlite(database) => database.streams(app_id, query).await,
        }
    }

    /// Records of an app that could not be stored, in the order in which they were first seen.
    pub async fn rejects(&self, app_id: &str, query: &RejectQuery) -> Result<Vec<RejectSummary>> {
        match &self.0 {
            Backend::Postgres(database) => database.rejects(app_id, query).await,
            Backend::Sqlite(database) => database.rejects(app_id, query).await,
        }
    }

    /// How many records of an app could not be stored, for each stream that has some.
    pub async fn reject_counts(&self, app_id: &str) -> Result<Vec<RejectCount>> {
        match &self.0 {
            Backend::Postgres(database) => database.reject_counts(app_id).await,
            Backend::Sqlite(database) => database.reject_counts(app_id).await,
        }
    }

    /// The schedules of an app.
    pub async fn schedules(&self, app_id: &str) -> Result<Vec<StoredSchedule>> {
        match &self.0 {
            Backend::Postgres(database) => database.schedules(app_id).await,
            Backend::Sqlite(database) => database.schedules(app_id).await,
        }
    }

    /// Makes a schedule, or another one in its place.
    pub async fn put_schedule(&self, schedule: &Schedule) -> Result<()> {
        match &self.0 {
            Backend::Postgres(database) => database.put_schedule(schedule).await,
            Backend::Sqlite(database) => database.put_schedule(schedule).await,
        }
    }

    /// Removes a schedule; `false` when there is none.
    pub async fn remove_schedule(&self, key: &ScheduleKey) -> Result<bool> {
        match &self.0 {
            Backend::Postgres(database) => database.remove_schedule(key).await,
            Backend::Sqlite(database) => database.remove_schedule(key).await,
        }
    }

    /// Takes the time at which a schedule is due, to start it; `false` when somebody else was faster, or changed it. Who
    /// dies with it loses it after two minutes to whoever comes next: say [what the next time is](Self::settle_schedule)
    /// once it is started.
    pub async fn claim_schedule(&self, key: &ScheduleKey, due: Timestamp, now: Timestamp) -> Result<bool> {
        match &self.0 {
            Backend::Postgres(database) => database.claim_schedule(key, due, now).await,
            Backend::Sqlite(database) => database.claim_schedule(key, due, now).await,
        }
    }

    /// Sets the time at which a schedule is due next, in the place of the one that was, and gives up a claim.
    pub async fn settle_schedule(
        &self,
        key: &ScheduleKey,
        due: Timestamp,
        next: Option<Timestamp>,
    ) -> Result<()> {
        match &self.0 {
            Backend::Postgres(database) => database.settle_schedule(key, due, next).await,
            Backend::Sqlite(database) => database.settle_schedule(key, due, next).await,
        }
    }

    /// Notes what became of the last time.
    pub async fn note_schedule(&self, key: &ScheduleKey, last: &LastTime) -> Result<()> {
        match &self.0 {
            Backend::Postgres(database) => database.note_schedule(key, last).await,
            Backend::Sqlite(database) => database.note_schedule(key, last).await,
        }
    }

    /// Documents of a stream's live rows in the order of its key, after a key (joined, as it comes with each document).
    /// SQLite has no schemas. Empty when there is no such table.
    pub async fn documents(
        &self,
        schema: &str,
        table: &str,
        key: &[String],
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<StoredDocument>> {
        match &self.0 {
            Backend::Postgres(database) => database.documents(schema, table, key, after, most).await,
            Backend::Sqlite(database) => database.documents(table, key, after, most).await,
        }
    }

    /// The same for a stream that is stored in the layout `documents`.
    pub async fn whole_documents(
        &self,
        schema: &str,
        options: &DocumentOptions,
        stream: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<StoredDocument>> {
        let place = options.place_of(stream);
        match &self.0 {
            Backend::Postgres(database) => database.whole_documents(schema, &place, after, most).await,
            Backend::Sqlite(database) => database.whole_documents(&place, after, most).await,
        }
    }

    /// Whether somebody is agreeing to a connection right now, as far as that was begun here. Needs no vault key.
    pub async fn is_being_authorized(&self, connection: &ConnectionKey) -> Result<bool> {
        match &self.0 {
            Backend::Postgres(database) => database.is_being_authorized(connection).await,
            Backend::Sqlite(database) => database.is_being_authorized(connection).await,
        }
    }

    /// The connections of an app. Needs no vault key.
    pub async fn connections(&self, app_id: &str) -> Result<Vec<ConnectionSummary>> {
        self.vault(None).list(app_id).await
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.shown()).finish()
    }
}
