//! The token of a call that uses a connection of the vault.

use std::sync::Arc;

use super::{Connection, ConnectionKey, MARGIN, Need, RefreshCoordinator, Renewer, flow};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};

/// A connection of the vault in use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct StoredToken {
    tokens: Arc<RefreshCoordinator>,
    key: Arc<ConnectionKey>,
    account: Option<Arc<str>>,
}

impl StoredToken {
    pub(crate) fn new(tokens: Arc<RefreshCoordinator>, key: ConnectionKey, account: Option<&str>) -> Self {
        Self { tokens, key: Arc::new(key), account: account.map(Arc::from) }
    }

    /// Name of the connection.
    pub(crate) fn connection(&self) -> &str {
        &self.key.name
    }

    /// The account behind the connection, where it is known.
    pub(crate) fn known_account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The account behind the connection; its name where the account is not known.
    pub(crate) fn account(&self) -> &str {
        self.account.as_deref().unwrap_or(&self.key.name)
    }

    /// An access token that works for a while.
    pub(crate) async fn access_token(&self, context: &CallContext) -> Result<Secret> {
        let margin = flow::settings(context).map_or(MARGIN, |(_, registration)| registration.refresh_margin);
        self.get(context, &Need::of(margin)).await
    }

    /// An access token other than one that the app refused.
    pub(crate) async fn replace(&self, context: &CallContext, refused: &Secret) -> Result<Secret> {
        self.get(context, &Need::instead_of(refused)).await
    }

    async fn get(&self, context: &CallContext, need: &Need) -> Result<Secret> {
        if let Some(granted) = self.tokens.at_hand(&self.key, need) {
            return self.token_of(&granted.connection);
        }
        let renewer: Arc<dyn Renewer> = Arc::new(context.clone());
        let granted = self.tokens.get(&self.key, need, &renewer).await?;
        self.token_of(&granted.connection)
    }

    /// What began with one account does not go on with another's token.
    fn token_of(&self, connection: &Connection) -> Result<Secret> {
        match (&self.account, &connection.account) {
            (Some(before), Some(now)) if **before != **now => {
                let message = format!(
                    "connection `{}` was given to account {now} while this was under way for account {before}",
                    self.key.name
                );
                Err(ConnectorError::new(ErrorCode::Conflict, message)
                    .app_error_code("oauth.account_mismatch")
                    .hint("start again"))
            }
            _ => Ok(connection.tokens.access_token.clone()),
        }
    }
}
