//! What a process knows of one connection, and the refresh that is under way for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::renewal::Renewing;
use super::{Granted, Need, RefreshCoordinator, Renewer};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::oauth::{Connection, ConnectionKey};

/// A refresh under way, which any number of callers wait for.
pub(super) type Flight = Shared<BoxFuture<'static, Result<Granted>>>;

/// One connection in this process.
#[derive(Default)]
pub(super) struct Entry {
    known: Mutex<Option<Known>>,
    /// Held while the store is looked at.
    pub(super) looking: tokio::sync::Mutex<()>,
    flight: Mutex<Option<Flight>>,
}

/// A connection as it was last seen.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) connection: Arc<Connection>,
    pub(super) looked_at: Instant,
    /// The tokens are not in the store yet: digest of the refresh token that they replace there.
    pub(super) replaces: Option<String>,
}

/// What is known is believed for so long.
const FRESH: Duration = Duration::from_secs(1);

impl Known {
    /// Whether the store need not be asked. Tokens that are not in it yet are newer than what it has.
    pub(super) fn is_believed(&self) -> bool {
        self.replaces.is_some() || self.looked_at.elapsed() < FRESH
    }
}

impl Entry {
    pub(super) fn known(&self) -> Option<Known> {
        lock(&self.known).clone()
    }

    /// Takes over what the store has, unless what is known is newer than that.
    pub(super) fn learn(&self, connection: Connection) -> Arc<Connection> {
        let mut known = lock(&self.known);
        if let Some(known) = known.as_ref().filter(|known| known.replaces.is_some()) {
            return Arc::clone(&known.connection);
        }
        let connection = Arc::new(connection);
        *known =
            Some(Known { connection: Arc::clone(&connection), looked_at: Instant::now(), replaces: None });
        connection
    }

    /// Takes over new tokens, which are not in the store yet.
    pub(super) fn hold(&self, connection: Arc<Connection>, replaces: String) {
        let known = Known { connection, looked_at: Instant::now(), replaces: Some(replaces) };
        *lock(&self.known) = Some(known);
    }

    /// The store has something newer than what was held.
    pub(super) fn replace(&self, connection: Connection) -> Arc<Connection> {
        *lock(&self.known) = None;
        self.learn(connection)
    }
}

impl RefreshCoordinator {
    /// The flight of a connection, and whether it is for this caller's need.
    ///
    /// It flies in a task of its own: a caller that goes away must not cut a refresh in two, since the refresh token
    /// that was sent is spent.
    pub(super) fn board(
        self: &Arc<Self>,
        key: &ConnectionKey,
        need: &Need,
        renewer: &Arc<dyn Renewer>,
    ) -> (Flight, bool) {
        let entry = self.entry(key);
        // Held until the flight is in its place: it takes itself out when it ends.
        let mut place = lock(&entry.flight);
        if let Some(flight) = place.as_ref().filter(|flight| flight.peek().is_none()) {
            return (flight.clone(), false);
        }
        let task = tokio::spawn({
            let (coordinator, entry) = (Arc::clone(self), Arc::clone(&entry));
            let (key, need, renewer) = (key.clone(), need.clone(), Arc::clone(renewer));
            // The trace of whoever needed it first.
            let span = Span::current();
            let flight = async move {
                let renewing = Renewing {
                    coordinator: &coordinator,
                    entry: &entry,
                    key: &key,
                    need: &need,
                    renewer: &*renewer,
                };
                let outcome = renewing.run().await;
                *lock(&entry.flight) = None;
                outcome
            };
            flight.instrument(span)
        });
        let flight = task
            .map(|ended| {
                ended.unwrap_or_else(|error| {
                    let cut_off = ConnectorError::new(ErrorCode::InternalError, "the refresh was cut off");
                    Err(cut_off.source(error))
                })
            })
            .boxed()
            .shared();
        *place = Some(flight.clone());
        (flight, true)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
