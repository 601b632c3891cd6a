//! Getting new tokens into the store: they exist once, so nothing that passes may cost them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::entry::Entry;
use super::renewer::digest;
use super::{ANSWER, Granted, LOCK, RefreshCoordinator, refusal, within};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::oauth::{Connection, ConnectionKey, LockedConnection};

/// The store gets so long to come back while a caller waits.
const PATIENCE: Duration = Duration::from_mins(1);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What an attempt to get tokens into the store came to.
enum Kept {
    Yes,
    /// Somebody logged in meanwhile: these tokens are of an older grant.
    Overtaken(Box<Connection>),
    /// Somebody took the connection out of the vault.
    Removed,
}

impl RefreshCoordinator {
    /// Commits new tokens, and tries again for a while when the store is away. They work in this process meanwhile, and
    /// afterwards too.
    pub(super) async fn keep(
        &self,
        entry: &Entry,
        key: &ConnectionKey,
        locked: Box<dyn LockedConnection + '_>,
        renewed: Arc<Connection>,
    ) -> Result<Granted> {
        let granted = |connection, warning| Ok(Granted { connection, is_new: true, warning });
        let Err(mut error) = within(ANSWER, locked.commit(&renewed)).await else {
            return granted(entry.replace(Connection::clone(&renewed)), None);
        };
        let until = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            tracing::error!(
                connection = key.name, %error,
                "NEW TOKENS COULD NOT BE WRITTEN to the vault, and the old ones are spent; trying again: keep this \
                 process alive"
            );
            if Instant::now() >= until {
                return granted(renewed, Some(not_kept(key, &error)));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            match self.keep_again(entry, key).await {
                Ok(Kept::Yes) => {
                    tracing::info!(connection = key.name, "the new tokens are in the vault");
                    return granted(entry.known().map_or(renewed, |known| known.connection), None);
                }
                Ok(Kept::Overtaken(newer)) => return granted(entry.replace(*newer), None),
                Ok(Kept::Removed) => {
                    self.forget(key);
                    return Err(refusal::not_found(key));
                }
                Err(again) => error = again,
            }
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

fn not_kept(key: &ConnectionKey, error: &ConnectorError) -> ConnectorError {
    ConnectorError::new(
        ErrorCode::ServiceError,
        format!("the new tokens of connection `{}` could not be written to the vault: {error}", key.name),
    )
    .app_error_code("vault.write_failed")
    .hint("keep this process alive until the database is back: the tokens are nowhere else")
}
