//! SQLite: one file, the store's own tables under the prefix `connector_`, locks and the vault's key in files beside.

mod access_keys;
mod audit;
mod authorizations;
mod budget;
mod contents;
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

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use connector_core::{ConnectorError, ErrorCode, Result};
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::attempts::Attempts;
use crate::fault::{Class, disk_full};
use crate::migrations::Standing;
use crate::vault::Queues;

pub(crate) use audit::AuditWriter;
pub(crate) use authorizations::SqliteAuthorizations;
pub(crate) use budget::SqliteBudget;
pub(crate) use sink::SqliteSink;
pub(crate) use tokens::SqliteVault;

/// A writer waits this long for another one's transaction; ours take milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// 16 MB, as SQLite counts: the index over random keys must not go to the disk and back while it grows.
const CACHE_SIZE: &str = "-16000";

/// Each checkpoint syncs the file; a first load does it every 16 MB instead of every 4.
const CHECKPOINT_PAGES: &str = "4000";

/// A database file that is opened when it is first needed.
pub(crate) struct Database {
    path: PathBuf,
    shown: String,
    may_create: bool,
    migrated: OnceCell<()>,
    queues: Queues,
    /// Holds the file of a store that was asked for in memory: streams write over connections of their own, which
    /// in memory would lock each other out.
    _folder: Option<TempDir>,
}

impl Database {
    pub(crate) fn in_file(path: PathBuf, may_create: bool) -> Arc<Self> {
        let shown = format!("sqlite://{}", path.display());
        Arc::new(Self {
            path,
            shown,
            may_create,
            migrated: OnceCell::new(),
            queues: Queues::default(),
            _folder: None,
        })
    }

    pub(crate) fn in_memory() -> Result<Arc<Self>> {
        let folder = tempfile::Builder::new().prefix("connector-").tempdir().map_err(|error| {
            ConnectorError::misconfigured(ErrorCode::ServiceError, "there is no folder for temporary files")
                .source(error)
        })?;
        Ok(Arc::new(Self {
            path: folder.path().join("memory.db"),
            shown: "sqlite::memory:".to_owned(),
            may_create: true,
            migrated: OnceCell::new(),
            queues: Queues::default(),
            _folder: Some(folder),
        }))
    }

    /// The URL.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A connection that may write to a file that is there.
    async fn connect(&self) -> sqlx::Result<SqliteConnection> {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(false)
            .pragma("cache_size", CACHE_SIZE)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        // Changing to WAL mode does not wait for others that do the same.
        let mut attempts = Attempts::default();
        loop {
            match options.connect().await {
                Err(error) if fault::class(&error) == Class::Transient && attempts.next().await => {}
                outcome => return outcome,
            }
        }
    }

    /// A connection that leaves everything as it is; `None` when there is no file.
    async fn connect_to_read(&self) -> sqlx::Result<Option<SqliteConnection>> {
        if !self.path.exists() {
            return Ok(None);
        }
        let options =
            SqliteConnectOptions::new().filename(&self.path).read_only(true).busy_timeout(BUSY_TIMEOUT);
        options.disable_statement_logging().connect().await.map(Some)
    }

    /// Creates the file and the store's tables, or brings them up to date, if that was not done yet.
    async fn migrate(&self) -> Result<()> {
        let migrated = self.migrated.get_or_try_init(|| async {
            self.check_path()?;
            self.create_file()?;
            let mut connection = self.connect().await.map_err(|error| self.explain(error))?;
            migrations::run(&mut connection, &self.shown).await
        });
        migrated.await.copied()
    }

    /// A connection to a store that is there, brought up to date; `None` when there is none, and none is made.
    async fn connect_if_there(&self) -> Result<Option<SqliteConnection>> {
        let explain = |error| self.explain(error);
        if !self.migrated.initialized() {
            let Some(mut connection) = self.connect_to_read().await.map_err(explain)? else {
                return Ok(None);
            };
            match migrations::standing(&mut connection, &self.shown).await? {
                Standing::Absent => return Ok(None),
                Standing::Current => return Ok(Some(connection)),
                Standing::Outdated => self.migrate().await?,
            }
        }
        self.connect().await.map(Some).map_err(explain)
    }

    /// Says what is wrong with the path better than SQLite does.
    fn check_path(&self) -> Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(ConnectorError::misconfigured(
                ErrorCode::NotFound,
                format!("there is no folder {} to keep the store in", folder.display()),
            )
            .hint("make the folder, or correct the store's URL"));
        }
        if self.path.is_dir() {
            let message = format!("{} is a folder, and not an SQLite file", self.path.display());
            return Err(ConnectorError::misconfigured(ErrorCode::InvalidValue, message));
        }
        if !self.may_create && !self.path.exists() {
            let message = format!("there is no file {}", self.path.display());
            return Err(ConnectorError::misconfigured(ErrorCode::NotFound, message));
        }
        Ok(())
    }

    /// Makes an empty file for its owner alone; what SQLite puts beside it takes the same mode. Only a store that nobody
    /// has opened yet is made: one that was moved away is not to be an empty one from then on.
    fn create_file(&self) -> Result<()> {
        match create_private(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                let message = format!("{} cannot be made: {error}", self.path.display());
                Err(ConnectorError::misconfigured(ErrorCode::PermissionDenied, message)
                    .hint("make its folder writable, or choose another"))
            }
            _ => Ok(()),
        }
    }

    fn explain(&self, error: sqlx::Error) -> ConnectorError {
        if self.migrated.initialized() && !self.path.exists() {
            let message = format!("the store {} is not there any more", self.path.display());
            return ConnectorError::misconfigured(ErrorCode::NotFound, message)
                .hint("put the file back, or start anew to have another one made")
                .source(error);
        }
        fault::explain(error, &self.shown)
    }

    /// The error of a disk without room for what is to come.
    fn no_room(&self, error: std::io::Error) -> ConnectorError {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => disk_full(&self.shown),
            _ => {
                let message = format!("{}: no room can be taken on the disk: {error}", self.shown);
                ConnectorError::new(ErrorCode::ServiceError, message)
            }
        }
        .source(error)
    }

    /// Locks the file that stands for something of this database, as long as it is kept open; `None` when another
    /// has it. A process that dies lets go.
    fn try_lock_file(&self, what: &[&str]) -> Result<Option<File>> {
        let path = self.lock_file(what);
        let failed = |error: std::io::Error| {
            let message = format!("the lock file {} cannot be used: {error}", path.display());
            ConnectorError::misconfigured(ErrorCode::PermissionDenied, message)
        };
        let file = private().create(true).truncate(false).read(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn lock_file(&self, what: &[&str]) -> PathBuf {
        let mut path = self.path.as_os_str().to_owned();
        for part in what {
            path.push(".");
            path.push(file_name_part(part));
        }
        path.push(".lock");
        path.into()
    }
}

/// Files that their owner alone may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_private(path: &Path) -> std::io::Result<File> {
    private().create_new(true).open(path)
}

/// A name as part of a file's name; names that differ give parts that differ.
fn file_name_part(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 60 && name.chars().all(is_plain) {
        return name.to_owned();
    }
    let plain: String = name.chars().filter(|c| is_plain(*c)).take(30).collect();
    let digest = Sha256::digest(name);
    format!("{plain}~{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_have_lock_files_that_differ() {
        let names = ["default", "Default", "a.b", "ab", "a/b", "", "é"];
        let parts: std::collections::HashSet<_> = names.iter().map(|name| file_name_part(name)).collect();
        assert_eq!(parts.len(), names.len());
        assert!(parts.iter().all(|part| !part.contains(['/', '.'])));
    }
}
