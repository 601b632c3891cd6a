//! The lock of a connection in SQLite: the operating system's, on a file, which a holder that dies lets go. A transaction
//! would do so too, and would hold up every writer for as long as the app takes to answer.

use std::fs::File;
use std::io::{Seek, Write};
use std::time::Duration;

use connector_core::Result;
use connector_core::oauth::{Connection, ConnectionKey, LockedConnection, RefreshAttempt};
use futures_util::future::BoxFuture;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use super::SqliteVault;
use crate::vault::{AttemptRow, attempt, changed_meanwhile, held_too_long};

const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// An operating system's lock cannot be awaited and given up again.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// Bytes that a commit of new tokens takes in SQLite's log, and files that it may have to make.
const ROOM: usize = 256 << 10;

/// Keeps others out, of this process and of all.
pub(super) struct Hold {
    file: File,
    _turn: OwnedMutexGuard<()>,
}

impl Hold {
    /// Takes room on the disk, so that what comes back of a request can be written whatever others write meanwhile.
    fn take_room(&mut self) -> std::io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(&vec![0; ROOM])
    }

    /// Leaves the room to the commit. Room that stays taken is no reason to lose what is to be written.
    fn leave_room(&self) {
        if let Err(error) = self.file.set_len(0) {
            tracing::debug!(%error, "the room on the disk could not be left");
        }
    }
}

struct Locked<'a> {
    vault: &'a SqliteVault,
    id: &'a ConnectionKey,
    current: Option<Connection>,
    attempt: Option<RefreshAttempt>,
    generation: i64,
    hold: Hold,
}

impl SqliteVault {
    pub(super) async fn take_lock<'a>(
        &'a self,
        id: &'a ConnectionKey,
    ) -> Result<Box<dyn LockedConnection + 'a>> {
        let hold = self.hold(id).await?;
        let sealed = self.read_sealed(id).await?;
        let generation = sealed.as_ref().map_or(0, |sealed| sealed.generation);
        let current = sealed.map(|sealed| sealed.open(&self.keyring.for_opening()?, id)).transpose()?;
        let attempt = self.read_attempt(id).await?;
        Ok(Box::new(Locked { vault: self, id, current, attempt, generation, hold }))
    }

    /// Waits until nobody else holds the connection.
    pub(super) async fn hold(&self, id: &ConnectionKey) -> Result<Hold> {
        let turn = self.database.queues.enter(id).await;
        self.database.migrate().await?;
        let until = Instant::now() + LOCK_TIMEOUT;
        loop {
            if let Some(file) = self.database.try_lock_file(&[&id.app_id, &id.name, "tokens"])? {
                return Ok(Hold { file, _turn: turn });
            }
            if Instant::now() >= until {
                return Err(held_too_long(id));
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    async fn read_attempt(&self, id: &ConnectionKey) -> Result<Option<RefreshAttempt>> {
        let explain = |error| self.database.explain(error);
        let mut database = self.database.connect().await.map_err(explain)?;
        let row: Option<AttemptRow> = sqlx::query_as(
            "SELECT attempt_id, token_digest, started_at FROM connector_refresh_attempts
             WHERE app_id = ?1 AND name = ?2",
        )
        .bind(id.app_id.clone())
        .bind(id.name.clone())
        .fetch_optional(&mut database)
        .await
        .map_err(explain)?;
        row.map(attempt).transpose()
    }

    async fn write_attempt(&self, id: &ConnectionKey, attempt: &RefreshAttempt) -> Result<()> {
        let mut database = self.connect_durably().await?;
        sqlx::query(
            "INSERT INTO connector_refresh_attempts (app_id, name, attempt_id, token_digest, started_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (app_id, name) DO UPDATE SET attempt_id = excluded.attempt_id,
                 token_digest = excluded.token_digest, started_at = excluded.started_at",
        )
        .bind(id.app_id.clone())
        .bind(id.name.clone())
        .bind(attempt.id.to_string())
        .bind(attempt.token_digest.clone())
        .bind(attempt.started_at.to_string())
        .execute(&mut database)
        .await
        .map_err(|error| self.database.explain(error))?;
        Ok(())
    }
}

impl LockedConnection for Locked<'_> {
    fn current(&self) -> Option<&Connection> {
        self.current.as_ref()
    }

    fn attempt(&self) -> Option<&RefreshAttempt> {
        self.attempt.as_ref()
    }

    fn begin<'a>(&'a mut self, attempt: &'a RefreshAttempt) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.hold.take_room().map_err(|error| self.vault.database.no_room(error))?;
            self.vault.write_attempt(self.id, attempt).await
        })
    }

    fn commit<'a>(self: Box<Self>, connection: &'a Connection) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            self.hold.leave_room();
            self.vault.swap(self.id, self.generation, connection).await
        })
    }

    fn remove<'a>(self: Box<Self>) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            self.hold.leave_room();
            let is_ours = self.vault.take_out(self.id, Some(self.generation)).await?;
            if is_ours { Ok(()) } else { Err(changed_meanwhile(self.id)) }
        })
    }
}
