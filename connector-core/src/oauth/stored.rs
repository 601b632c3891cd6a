//! A token of the vault in use: refreshed when it must be, by one process at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::{Connection, ConnectionKey, ConnectionState, TokenFailure, TokenStore, exchange, flow};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};

/// Remaining life at which an access token is replaced, so that it does not end on the way.
const MARGIN: Duration = Duration::from_mins(1);

/// The tokens of one connection, as this process knows them. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub(crate) struct StoredToken {
    store: Arc<dyn TokenStore>,
    key: ConnectionKey,
    known: Arc<Mutex<Connection>>,
}

impl StoredToken {
    pub(crate) fn new(store: Arc<dyn TokenStore>, key: ConnectionKey, connection: Connection) -> Self {
        Self { store, key, known: Arc::new(Mutex::new(connection)) }
    }

    /// Name of the connection.
    pub(crate) fn connection(&self) -> &str {
        &self.key.name
    }

    /// The account behind the connection; its name where the account is not known.
    pub(crate) async fn account(&self) -> String {
        self.known.lock().await.account.clone().unwrap_or_else(|| self.key.name.clone())
    }

    /// An access token that works for a while.
    pub(crate) async fn access_token(&self, context: &CallContext) -> Result<Secret> {
        let known = self.known.lock().await;
        if is_fresh(&known) || known.tokens.refresh_token.is_none() {
            return Ok(known.tokens.access_token.clone());
        }
        let old = known.tokens.access_token.clone();
        drop(known);
        self.replace(context, &old).await
    }

    /// An access token other than one that the app refused.
    pub(crate) async fn replace(&self, context: &CallContext, refused: &Secret) -> Result<Secret> {
        let mut known = self.known.lock().await;
        if known.tokens.access_token.expose() != refused.expose() {
            return Ok(known.tokens.access_token.clone());
        }
        let (store, key, context, refused) =
            (Arc::clone(&self.store), self.key.clone(), context.clone(), refused.clone());
        // In a task of its own: a caller that goes away must not cut a refresh in two, since the refresh token that
        // it sent is spent.
        let refresh = tokio::spawn(async move { refresh(&*store, &key, &context, &refused).await });
        let connection = refresh.await.map_err(|error| {
            ConnectorError::new(ErrorCode::InternalError, "the refresh was cut off").source(error)
        })??;
        *known = connection;
        Ok(known.tokens.access_token.clone())
    }
}

fn is_fresh(connection: &Connection) -> bool {
    let half_life = connection.tokens.expires_in.map_or(MARGIN, |seconds| Duration::from_secs(seconds / 2));
    connection.tokens.is_valid_for(MARGIN.min(half_life))
}

async fn refresh(
    store: &dyn TokenStore,
    key: &ConnectionKey,
    context: &CallContext,
    refused: &Secret,
) -> Result<Connection> {
    let locked = store.lock(key).await?;
    let Some(mut connection) = locked.current().cloned() else {
        return Err(log_in_again(key, "was removed"));
    };
    // Somebody else may have refreshed while we waited for the lock.
    if connection.tokens.access_token.expose() != refused.expose() {
        return Ok(connection);
    }
    if connection.state == ConnectionState::ReauthorizationRequired {
        return Err(log_in_again(key, "has to be authorized again"));
    }
    let Some(refresh_token) = connection.tokens.refresh_token.clone() else {
        return Err(log_in_again(key, "has expired and has no refresh token"));
    };
    let (_, registration) = flow::settings(context)?;
    let secret = registration.secret(None)?;
    let client = exchange::client(&registration, registration.id(None)?, Some(&secret))?;
    match exchange::refresh(context, client, &refresh_token).await {
        Ok(new) => {
            connection.tokens = connection.tokens.refreshed_by(new);
            connection.state = ConnectionState::Active;
            locked.commit(&connection).await?;
            tracing::info!(connection = key.name, "access token refreshed");
            Ok(connection)
        }
        Err(error) if TokenFailure::of(&error) == TokenFailure::Permanent => {
            connection.state = ConnectionState::ReauthorizationRequired;
            locked.commit(&connection).await?;
            Err(error.hint(format!("the grant is gone; run `login --connection {}`", key.name)))
        }
        Err(error) => Err(error),
    }
}

fn log_in_again(key: &ConnectionKey, what: &str) -> ConnectorError {
    ConnectorError::new(ErrorCode::CredsRevoked, format!("connection `{}` {what}", key.name))
        .hint(format!("run `login --connection {}`", key.name))
}
