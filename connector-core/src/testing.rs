//! A vault in memory, for tests: it does what the databases do, and fails when told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::OwnedMutexGuard;

use crate::error::{ConnectorError, ErrorCode, Result};
use crate::oauth::{
    Connection, ConnectionKey, ConnectionSummary, LockedConnection, RefreshAttempt, TokenStore,
    tell_open_attempt,
};

/// Connections in memory. Clones share them, as processes share a database.
#[derive(Clone, Default)]
pub struct MemoryTokens(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    rows: BTreeMap<ConnectionKey, Connection>,
    attempts: BTreeMap<ConnectionKey, RefreshAttempt>,
    locks: BTreeMap<ConnectionKey, Arc<tokio::sync::Mutex<()>>>,
    removed: BTreeSet<ConnectionKey>,
    loads: u64,
    is_away: bool,
}

impl MemoryTokens {
    /// No connections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether everything fails, as with a database that is away.
    pub fn set_away(&self, is_away: bool) {
        self.shared().is_away = is_away;
    }

    /// How often a connection was read.
    pub fn loads(&self) -> u64 {
        self.shared().loads
    }

    /// The attempt that is written down for a connection.
    pub fn attempt(&self, key: &ConnectionKey) -> Option<RefreshAttempt> {
        self.shared().attempts.get(key).cloned()
    }

    /// The connection as it is.
    pub fn connection(&self, key: &ConnectionKey) -> Option<Connection> {
        self.shared().told(key)
    }

    /// Puts a connection in while somebody else holds it, which no database allows as long as its lock lasts.
    pub fn put_over_lock(&self, key: &ConnectionKey, connection: &Connection) {
        self.shared().put(key, connection);
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reached(&self) -> Result<MutexGuard<'_, Shared>> {
        let shared = self.shared();
        if shared.is_away {
            return Err(ConnectorError::new(ErrorCode::ConnectionRejected, "the vault is away"));
        }
        Ok(shared)
    }

    async fn hold(&self, key: &ConnectionKey) -> Result<OwnedMutexGuard<()>> {
        let lock = Arc::clone(self.reached()?.locks.entry(key.clone()).or_default());
        Ok(lock.lock_owned().await)
    }
}

impl Shared {
    fn put(&mut self, key: &ConnectionKey, connection: &Connection) {
        let generation = self.rows.get(key).map_or(0, |row| row.generation) + 1;
        self.rows.insert(key.clone(), Connection { generation, ..connection.clone() });
        self.attempts.remove(key);
        self.removed.remove(key);
    }

    fn take_out(&mut self, key: &ConnectionKey) -> bool {
        self.attempts.remove(key);
        let was_there = self.rows.remove(key).is_some();
        if was_there {
            self.removed.insert(key.clone());
        }
        was_there
    }

    /// A connection as it is told.
    fn told(&self, key: &ConnectionKey) -> Option<Connection> {
        let mut row = self.rows.get(key)?.clone();
        let begun_at = self.attempts.get(key).map(|attempt| attempt.started_at);
        tell_open_attempt(&mut row.state, &mut row.renewal, begun_at, Timestamp::now());
        Some(row)
    }
}

impl TokenStore for MemoryTokens {
    fn load<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<Option<Connection>>> {
        Box::pin(async {
            let mut shared = self.reached()?;
            shared.loads += 1;
            Ok(shared.told(key))
        })
    }

    fn lock<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<Box<dyn LockedConnection + 'a>>> {
        Box::pin(async move {
            let hold = self.hold(key).await?;
            let shared = self.reached()?;
            let (current, attempt) = (shared.rows.get(key).cloned(), shared.attempts.get(key).cloned());
            Ok(Box::new(Locked { store: self, key, current, attempt, _hold: hold }) as _)
        })
    }

    fn save<'a>(&'a self, key: &'a ConnectionKey, connection: &'a Connection) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let _hold = self.hold(key).await?;
            self.reached()?.put(key, connection);
            Ok(())
        })
    }

    fn delete<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let _hold = self.hold(key).await?;
            Ok(self.reached()?.take_out(key))
        })
    }

    fn was_removed<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move { Ok(self.reached()?.removed.contains(key)) })
    }

    fn list<'a>(&'a self, app_id: &'a str) -> BoxFuture<'a, Result<Vec<ConnectionSummary>>> {
        Box::pin(async move {
            let shared = self.reached()?;
            let of_app = shared.rows.keys().filter(|key| key.app_id == app_id);
            Ok(of_app.filter_map(|key| Some(summary(key, &shared.told(key)?))).collect())
        })
    }
}

fn summary(key: &ConnectionKey, row: &Connection) -> ConnectionSummary {
    ConnectionSummary {
        name: key.name.clone(),
        account: row.account.clone(),
        state: row.state,
        renewal: row.renewal.clone(),
        generation: row.generation,
        expires_at: row.tokens.expires_at,
        updated_at: row.tokens.obtained_at.unwrap_or_else(Timestamp::now),
    }
}

struct Locked<'a> {
    store: &'a MemoryTokens,
    key: &'a ConnectionKey,
    current: Option<Connection>,
    attempt: Option<RefreshAttempt>,
    _hold: OwnedMutexGuard<()>,
}

impl Locked<'_> {
    /// The rows, as long as this one is what was read.
    fn unchanged(&self) -> Result<MutexGuard<'_, Shared>> {
        let generation = |row: Option<&Connection>| row.map_or(0, |row| row.generation);
        let shared = self.store.reached()?;
        if generation(shared.rows.get(self.key)) != generation(self.current.as_ref()) {
            return Err(ConnectorError::new(ErrorCode::Conflict, "the connection was changed meanwhile"));
        }
        Ok(shared)
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
        Box::pin(async {
            self.store.reached()?.attempts.insert(self.key.clone(), attempt.clone());
            Ok(())
        })
    }

    fn commit<'a>(self: Box<Self>, connection: &'a Connection) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            self.unchanged()?.put(self.key, connection);
            Ok(())
        })
    }

    fn remove<'a>(self: Box<Self>) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let is_removed = self.unchanged()?.take_out(self.key);
            let nothing = || ConnectorError::new(ErrorCode::Conflict, "there is nothing to remove");
            is_removed.then_some(()).ok_or_else(nothing)
        })
    }
}
