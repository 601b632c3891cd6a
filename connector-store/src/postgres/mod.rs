//! PostgreSQL: the store's own tables live in the schema `connector`, records in a schema of the caller's choice.

mod access_keys;
mod audit;
mod authorizations;
mod budget;
mod contents;
mod copy;
mod cursors;
mod document_table;
mod documents;
mod fault;
mod filing;
mod hints;
mod items;
mod keys;
mod lease;
mod live;
mod live_documents;
mod migrations;
mod presence;
mod rejects;
mod schedules;
mod sealed;
mod session;
mod sink;
mod status;
mod table;
mod token_lock;
mod tokens;
mod types;
mod view;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use connector_core::{ConnectorError, Result};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgConnection, PgPool};
use tokio::sync::{OnceCell, Semaphore};

use crate::attempts::Attempts;
use crate::fault::Class;
use crate::migrations::Standing;
use crate::vault::Queues;

pub(crate) use audit::AuditWriter;
pub(crate) use authorizations::PgAuthorizations;
pub(crate) use budget::PgBudget;
pub(crate) use sink::PgSink;
pub(crate) use tokens::PgVault;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections that reading tokens and `status` may take; runs and locks bring their own.
const POOL_SIZE: u32 = 8;

/// A database that is reached when it is first needed.
pub(crate) struct Database {
    options: PgConnectOptions,
    shown: String,
    pool: OnceLock<PgPool>,
    migrated: OnceCell<()>,
    queues: Queues,
    /// Places for sessions that hold a connection of the vault while an app answers.
    holders: Semaphore,
}

impl Database {
    pub(crate) fn new(options: PgConnectOptions, shown: String, application_name: &str) -> Arc<Self> {
        let options = if options.get_application_name().is_none() {
            options.application_name(application_name)
        } else {
            options
        };
        Arc::new(Self {
            options: options.disable_statement_logging(),
            shown,
            pool: OnceLock::new(),
            migrated: OnceCell::new(),
            queues: Queues::default(),
            holders: Semaphore::new(token_lock::MOST_HOLDERS),
        })
    }

    /// The URL without its secrets.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// A connection of the caller's own.
    async fn connect(&self) -> sqlx::Result<PgConnection> {
        match tokio::time::timeout(CONNECT_TIMEOUT, self.options.connect()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// The same, with settings of its session that a query makes.
    async fn connect_with(&self, settings: &'static str) -> sqlx::Result<PgConnection> {
        let mut connection = self.connect().await?;
        sqlx::query(settings).execute(&mut connection).await?;
        Ok(connection)
    }

    /// Creates the store's tables, or brings them up to date, if that was not done yet.
    async fn migrate(&self) -> Result<()> {
        let migrated = self.migrated.get_or_try_init(|| async {
            let mut connection = self.connect().await.map_err(|error| self.explain(error))?;
            migrations::run(&mut connection, &self.shown).await
        });
        migrated.await.copied()
    }

    /// Whether there is a store to read from; one that is there is brought up to date.
    async fn is_there(&self) -> Result<bool> {
        if self.migrated.initialized() {
            return Ok(true);
        }
        let mut connection = self.connect().await.map_err(|error| self.explain(error))?;
        let standing = migrations::standing(&mut connection, &self.shown).await?;
        if standing == Standing::Absent {
            return Ok(false);
        }
        self.migrate().await.map(|()| true)
    }

    fn pool(&self) -> &PgPool {
        self.pool.get_or_init(|| {
            PgPoolOptions::new()
                .max_connections(POOL_SIZE)
                .acquire_timeout(CONNECT_TIMEOUT)
                .connect_lazy_with(self.options.clone())
        })
    }

    /// Does what may be done twice, and does it again when it fails for a passing reason.
    async fn again<T, F>(&self, work: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = sqlx::Result<T>>,
    {
        let mut attempts = Attempts::default();
        loop {
            match work().await {
                Err(error) if fault::class(&error) == Class::Transient && attempts.next().await => {}
                outcome => return outcome.map_err(|error| self.explain(error)),
            }
        }
    }

    fn explain(&self, error: sqlx::Error) -> ConnectorError {
        fault::explain(error, &self.shown)
    }
}
