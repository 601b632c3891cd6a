//! The refresh coordinator: access tokens that work, renewed by one task of one process at a time.
//!
//! ```text
//! known here, looked at less than a second ago, lives long enough ──────────────► that
//! in the store, lives long enough ──────────────────────────────────────────────► that
//! one flight for each connection of this process, in a task of its own
//!   └ the connection's lock, across all processes
//!       └ looked at again: somebody else may have been faster ──────────────────► that
//!         an attempt is written down ► one request ► new tokens over the old generation
//! ```
//!
//! Refresh tokens of many apps work once, and using one twice revokes all that came of it. So the request is never sent
//! by two at a time, and never again without need: an answer that got lost, or a process that died with its request
//! under way, leaves the connection `refresh_indeterminate`, and the old refresh token, which is all there is, is tried
//! again only when the access token has ended and nothing can be lost by it any more.

mod decision;
mod entry;
mod jitter;
mod keeping;
mod need;
mod refusal;
mod renewal;
mod renewer;
mod setback;
mod sweep;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Connection, ConnectionKey, TokenStore};
use crate::error::{ConnectorError, ErrorCode, Result};

use decision::{Decision, decide};
use entry::Entry;
pub(crate) use need::{MARGIN, Need};
pub(crate) use refusal::not_found;
pub(crate) use renewer::Renewer;

/// What is known is believed for so long where the store cannot be asked.
const BLIND: Duration = Duration::from_mins(1);

/// Longest time for an answer of the store. A machine that is gone gives none, not even an error.
const ANSWER: Duration = Duration::from_secs(15);

/// The same for its lock, which may be somebody else's for 30 s.
const LOCK: Duration = Duration::from_secs(45);

/// The access tokens of a store's connections, as one process hands them out. There is one for each store.
pub struct RefreshCoordinator {
    store: Arc<dyn TokenStore>,
    entries: Mutex<HashMap<ConnectionKey, Arc<Entry>>>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// A connection with a token that works.
#[derive(Clone)]
pub(crate) struct Granted {
    pub(crate) connection: Arc<Connection>,
    /// Whether the app was asked for it just now.
    pub(crate) is_new: bool,
    /// Why there may be none the next time.
    pub(crate) warning: Option<ConnectorError>,
}

impl RefreshCoordinator {
    /// The coordinator of a store.
    pub fn new(store: Arc<dyn TokenStore>) -> Arc<Self> {
        Self::with_clock(store, Timestamp::now)
    }

    fn with_clock(
        store: Arc<dyn TokenStore>,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { store, entries: Mutex::default(), now: Box::new(now) })
    }

    /// The store whose tokens these are.
    pub fn store(&self) -> &Arc<dyn TokenStore> {
        &self.store
    }

    /// Forgets what is known of a connection, as after a login: the next caller looks at the store.
    pub fn forget(&self, key: &ConnectionKey) {
        self.entries().remove(key);
    }

    /// The connection as it is, or was a second ago.
    pub(crate) async fn connection(&self, key: &ConnectionKey) -> Result<Option<Arc<Connection>>> {
        self.look(key, |_| true).await
    }

    /// What is known without asking the store, if it was looked at a moment ago and will do.
    pub(crate) fn at_hand(&self, key: &ConnectionKey, need: &Need) -> Option<Granted> {
        let known = self.entries().get(key)?.known()?;
        known.is_believed().then(|| self.granted(key, known.connection, need)).flatten()
    }

    /// A token that meets the need, renewed if that takes it. Where it cannot be renewed now, one that is still valid
    /// comes with a warning; one that is not never comes.
    pub(crate) async fn get(
        self: &Arc<Self>,
        key: &ConnectionKey,
        need: &Need,
        renewer: &Arc<dyn Renewer>,
    ) -> Result<Granted> {
        loop {
            let looked = self.look(key, |known| need.is_met_by(known, self.now())).await?;
            let connection = looked.ok_or_else(|| not_found(key))?;
            if let Some(granted) = self.granted(key, Arc::clone(&connection), need) {
                return Ok(granted);
            }
            // A client that is missing is told when it would be used.
            let client = renewer.client().unwrap_or_default();
            if let Decision::Wait(error) = decide(key, &connection, need, &client, false, self.now())? {
                return self.otherwise(key, need, error);
            }
            let (flight, is_ours) = self.board(key, need, renewer);
            match flight.await {
                Ok(granted) if need.is_met_by(&granted.connection, self.now()) => return Ok(granted),
                Ok(granted) if is_ours || granted.is_new => return self.best_there_is(key, need, granted),
                // It was for somebody who needed less.
                Ok(_) => {}
                Err(error) => return self.otherwise(key, need, error),
            }
        }
    }

    /// What is known, read anew from the store where that was long ago or `is_enough` says no.
    async fn look(
        &self,
        key: &ConnectionKey,
        is_enough: impl Fn(&Connection) -> bool,
    ) -> Result<Option<Arc<Connection>>> {
        let asked_at = Instant::now();
        let entry = self.entry(key);
        let at_hand = |since: Option<Instant>| {
            let known = entry.known().filter(|known| {
                since.is_some_and(|since| known.looked_at > since)
                    || (known.is_believed() && is_enough(&known.connection))
            })?;
            Some(known.connection)
        };
        if let Some(connection) = at_hand(None) {
            return Ok(Some(connection));
        }
        let _one_at_a_time = entry.looking.lock().await;
        if let Some(connection) = at_hand(Some(asked_at)) {
            return Ok(Some(connection));
        }
        match within(ANSWER, self.store.load(key)).await {
            Ok(Some(connection)) => Ok(Some(entry.learn(connection))),
            Ok(None) => {
                self.forget(key);
                Ok(None)
            }
            Err(error) => {
                let known = entry.known().filter(|known| known.looked_at.elapsed() < BLIND);
                match known.filter(|_| error.code().metadata().retryable) {
                    Some(known) => {
                        tracing::warn!(connection = key.name, %error, "the vault cannot be read; going on with what is known");
                        Ok(Some(known.connection))
                    }
                    None => Err(error),
                }
            }
        }
    }

    fn granted(&self, key: &ConnectionKey, connection: Arc<Connection>, need: &Need) -> Option<Granted> {
        if !need.is_met_by(&connection, self.now()) {
            return None;
        }
        let warning =
            refusal::of_state(key, &connection).or_else(|| self.is_held(key).then(|| refusal::not_kept(key)));
        Some(Granted { connection, is_new: false, warning })
    }

    /// The token that is still valid, or the error that kept it from being renewed.
    fn otherwise(&self, key: &ConnectionKey, need: &Need, error: ConnectorError) -> Result<Granted> {
        let known = self.entries().get(key).and_then(|entry| entry.known());
        match known.map(|known| known.connection) {
            Some(connection)
                if need.is_served_by(&connection, self.now()) && !connection.state.needs_login() =>
            {
                Ok(Granted { connection, is_new: false, warning: Some(error) })
            }
            _ => Err(error),
        }
    }

    /// A new token that is not what was needed: another one would not be either.
    fn best_there_is(&self, key: &ConnectionKey, need: &Need, granted: Granted) -> Result<Granted> {
        if need.is_served_by(&granted.connection, self.now()) {
            Ok(granted)
        } else {
            Err(refusal::of_no_use(key))
        }
    }

    /// Whether this process has tokens that the store has not.
    fn is_held(&self, key: &ConnectionKey) -> bool {
        let known = self.entries().get(key).and_then(|entry| entry.known());
        known.is_some_and(|known| known.replaces.is_some())
    }

    fn now(&self) -> Timestamp {
        (self.now)()
    }

    fn entry(&self, key: &ConnectionKey) -> Arc<Entry> {
        Arc::clone(self.entries().entry(key.clone()).or_default())
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<ConnectionKey, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the store does, or an error when it takes too long.
async fn within<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(ConnectorError::new(ErrorCode::ConnectionTimeout, "the vault's database does not answer"))
    })
}
