//! New tokens on their way into the vault: whose they are, and whether the connection may take them.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::Host;
use crate::integration::Integration;
use crate::oauth::account::account_of;
use crate::oauth::{AccountProof, Connection, ConnectionKey, ConnectionState, Renewal, TokenSet, TokenStore};

/// Tokens that somebody agreed to, or that were got elsewhere.
#[derive(Debug)]
pub(super) struct NewTokens {
    /// The connection that they are for.
    pub(super) key: ConnectionKey,
    /// The tokens.
    pub(super) tokens: TokenSet,
    /// Settings that they were got with.
    pub(super) settings: Map<String, Value>,
    /// Whether the connection may become one of another account.
    pub(super) may_change_account: bool,
    /// Which of them are of the account that the app tells.
    pub(super) proof: AccountProof,
}

/// Keeps new tokens, in the place of those that the connection has, and tells the account.
///
/// # Errors
/// `conflict` with `oauth.account_mismatch` when they are for another account than the connection's, which keeps what
/// it has.
pub(super) async fn keep(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    new: NewTokens,
) -> Result<Option<String>> {
    let account = account_of(integration, &new.settings, &new.tokens.access_token, &**host).await?;
    let tokens = host.tokens().await?.ok_or_else(super::nothing_is_kept)?;
    let key = new.key.clone();
    let account = save(&**tokens.store(), new, account).await?;
    tokens.forget(&key);
    Ok(account)
}

async fn save(store: &dyn TokenStore, new: NewTokens, account: Option<String>) -> Result<Option<String>> {
    let key = new.key.clone();
    // Under the lock nobody else can put another account in its place between the look and the write.
    match store.lock(&key).await {
        Ok(locked) => {
            let known = locked.current().and_then(|connection| connection.account.clone());
            let connection = new.into_connection(known, account)?;
            locked.commit(&connection).await?;
            Ok(connection.account)
        }
        // What the vault cannot open any more is replaced: logging in again is the way out of that.
        Err(error) if error.is_misconfigured() => {
            let connections = store.list(&key.app_id).await?;
            let known = connections.into_iter().find(|known| known.name == key.name);
            let connection = new.into_connection(known.and_then(|known| known.account), account)?;
            store.save(&key, &connection).await?;
            Ok(connection.account)
        }
        Err(error) => Err(error),
    }
}

impl NewTokens {
    /// A connection stays with its account: the rows and cursors of another would be taken for its own.
    fn into_connection(self, known: Option<String>, account: Option<String>) -> Result<Connection> {
        if let (Some(known), Some(account)) = (&known, &account)
            && known != account
            && !self.may_change_account
        {
            let name = &self.key.name;
            let message =
                format!("connection `{name}` is of account {known}, and this was account {account}");
            return Err(ConnectorError::new(ErrorCode::Conflict, message)
                .app_error_code("oauth.account_mismatch")
                .hint(
                    "connect the other account under a name of its own (`login --connection NAME`), or give this \
                     connection to it (`login --change-account`)",
                ));
        }
        Ok(Connection {
            tokens: self.tokens,
            settings: self.settings,
            // Where the app tells of no account there is nothing to prove.
            proof: if account.is_some() { self.proof } else { AccountProof::Whole },
            account: account.or(known),
            state: ConnectionState::Active,
            renewal: Renewal::default(),
            generation: 0,
        })
    }
}
