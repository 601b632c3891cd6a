//! Getting new tokens into the store: they exist once, so nothing that passes may cost them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument;

use super::entry::Entry;
use super::renewer::digest;
use super::{ANSWER, Granted, LOCK, RefreshCoordinator, refusal, within};
use crate::error::{ConnectorError, Result};
use crate::oauth::under_way::UnderWay;
use crate::oauth::{Connection, ConnectionKey, LockedConnection};

/// The store gets so long to come back while callers wait.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A process that is about to end waits so long for the store.
const GOODBYE: Duration = Duration::from_mins(1);

/// What an attempt to get tokens into the store came to.
enum Kept {
    Yes,
    /// Somebody logged in meanwhile: these tokens are of an older grant.
    Overtaken(Box<Connection>),
    /// Somebody took the connection out of the vault.
    Removed,
}

impl RefreshCoordinator {
    /// Commits new tokens. Where the store does not take them soon, callers get them all the same, and this process goes
    /// on trying for as long as it lives.
    pub(super) async fn keep(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        key: &ConnectionKey,
        locked: Box<dyn LockedConnection + '_>,
        renewed: Arc<Connection>,
    ) -> Result<Granted> {
        let granted = |connection, warning| Ok(Granted { connection, is_new: true, warning });
        let began = Instant::now();
        let Err(error) = within(PATIENCE, locked.commit(&renewed)).await else {
            return granted(entry.replace(Connection::clone(&renewed)), None);
        };
        tell_loudly(key, &error);
        let keeping = tokio::spawn({
            let (coordinator, entry, key) = (Arc::clone(self), Arc::clone(entry), key.clone());
            // Begun here: the one of the request may be over before the task is under way.
            let awaited = UnderWay::begin();
            async move { coordinator.keep_on(&entry, &key, awaited).await }.in_current_span()
        });
        let left = PATIENCE.saturating_sub(began.elapsed());
        match tokio::time::timeout(left, keeping).await {
            Ok(Ok(Kept::Yes)) => granted(entry.known().map_or(renewed, |known| known.connection), None),
            Ok(Ok(Kept::Overtaken(newer))) => granted(Arc::new(*newer), None),
            Ok(Ok(Kept::Removed)) => Err(refusal::not_found(key)),
            Ok(Err(_)) | Err(_) => granted(renewed, Some(refusal::not_kept(key))),
        }
    }

    /// Tries until the tokens that are held are in the store, or of no use there any more.
    async fn keep_on(&self, entry: &Entry, key: &ConnectionKey, awaited: UnderWay) -> Kept {
        let goodbye = Instant::now() + GOODBYE;
        let mut awaited = Some(awaited);
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            match self.keep_again(entry, key).await {
                Ok(kept) => {
                    match &kept {
                        Kept::Yes => tracing::info!(connection = key.name, "the new tokens are in the vault"),
                        Kept::Overtaken(newer) => drop(entry.replace(Connection::clone(newer))),
                        Kept::Removed => self.forget(key),
                    }
                    return kept;
                }
                Err(error) => tell_loudly(key, &error),
            }
            awaited = awaited.filter(|_| Instant::now() < goodbye);
        }
    }

    /// The connection's lock, with tokens that an earlier refresh of this process could not write down written first.
    pub(super) async fn lock_settled<'a>(
        &'a self,
        entry: &Entry,
        key: &'a ConnectionKey,
    ) -> Result<Box<dyn LockedConnection + 'a>> {
        if entry.known().is_some_and(|known| known.replaces.is_some()) {
            match self.keep_again(entry, key).await? {
                Kept::Yes => {}
                Kept::Overtaken(newer) => drop(entry.replace(*newer)),
                Kept::Removed => self.forget(key),
            }
        }
        within(LOCK, self.store.lock(key)).await
    }

    /// One more attempt to get the tokens that are held into the store.
    async fn keep_again(&self, entry: &Entry, key: &ConnectionKey) -> Result<Kept> {
        let locked = within(LOCK, self.store.lock(key)).await?;
        let Some(current) = locked.current() else { return Ok(Kept::Removed) };
        let Some((held, replaces)) =
            entry.known().and_then(|known| Some((known.connection, known.replaces?)))
        else {
            return Ok(Kept::Yes);
        };
        let refresh_token = |connection: &Connection| {
            connection.tokens.refresh_token.as_ref().map(|token| digest([token.expose()]))
        };
        let is_in = current.tokens.access_token.expose() == held.tokens.access_token.expose();
        if !is_in && refresh_token(current).as_ref() != Some(&replaces) {
            return Ok(Kept::Overtaken(Box::new(current.clone())));
        }
        let generation = current.generation;
        if !is_in {
            within(ANSWER, locked.commit(&held)).await?;
        }
        let generation = if is_in { generation } else { generation + 1 };
        entry.replace(Connection { generation, ..Connection::clone(&held) });
        Ok(Kept::Yes)
    }
}

fn tell_loudly(key: &ConnectionKey, error: &ConnectorError) {
    tracing::error!(
        connection = key.name, %error,
        "NEW TOKENS COULD NOT BE WRITTEN to the vault, and the old ones are spent; trying again: keep this process alive"
    );
}
