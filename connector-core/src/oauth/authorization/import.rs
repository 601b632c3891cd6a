//! Tokens that were got elsewhere, as by a program that is replaced: whose they are, and whether they work.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Map;

use super::{NewTokens, keep, nothing_is_kept};
use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::Host;
use crate::integration::Integration;
use crate::oauth::{
    AccountProof, Connection, ConnectionKey, ConnectionState, IssueOptions, Renewal, TokenSet, TokenStore,
    access_token,
};
use crate::settings;

/// Tokens that were got elsewhere.
#[derive(Debug)]
pub struct ImportedTokens {
    /// Name of the connection that they are for.
    pub connection: String,
    /// Buys access tokens.
    pub refresh_token: Secret,
    /// One that still works, where there is one. It tells whose they are.
    pub access_token: Option<Secret>,
    /// Seconds that it works; without them it is renewed by the first who needs it.
    pub expires_in: Option<u32>,
}

/// Makes a connection of tokens that were got elsewhere.
///
/// An access token tells the account, which must be the connection's, as with a login; whether the refresh token is of
/// the same account is asked with the first token that it buys. A refresh token alone makes a new connection only: it is
/// kept before it is used, since it may work once, and using it tells whether it works and whose it is.
///
/// # Errors
/// `conflict` with `oauth.account_mismatch` for another account than the connection's, and with `oauth.account_unknown`
/// for a refresh token alone where there is a connection; `invalid_value` with `oauth.import_refused` when the app
/// refuses the tokens, which are not kept then.
pub async fn import(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    imported: ImportedTokens,
) -> Result<()> {
    let key = ConnectionKey { app_id: integration.app_id().to_owned(), name: imported.connection.clone() };
    super::check_name(&**host, &key).await?;
    let settings = settings::gather(integration, Map::new(), &**host, Map::new());
    let is_alone = imported.access_token.is_none();
    let new = NewTokens {
        key,
        tokens: imported.into_token_set(),
        settings,
        may_change_account: false,
        proof: AccountProof::AccessToken,
    };
    if is_alone {
        return import_refresh_token(integration, host, new).await;
    }
    keep(integration, host, new).await.map(drop).map_err(|error| match error.code() {
        ErrorCode::Unauthorized | ErrorCode::CredsRevoked => refused("access token", error),
        _ => error,
    })
}

async fn import_refresh_token(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    new: NewTokens,
) -> Result<()> {
    let tokens = host.tokens().await?.ok_or_else(nothing_is_kept)?;
    let (store, key) = (&**tokens.store(), new.key);
    let connection = Connection {
        tokens: new.tokens,
        settings: new.settings,
        account: None,
        proof: AccountProof::Whole,
        state: ConnectionState::Active,
        renewal: Renewal::default(),
        generation: 0,
    };
    put_new(store, &key, &connection).await?;
    tokens.forget(&key);
    match access_token(integration, host, &key.name, IssueOptions::default()).await {
        Ok(_) => Ok(()),
        Err(error) if is_refusal(&error) => {
            take_back(store, &key, &connection).await?;
            tokens.forget(&key);
            Err(refused("refresh token", error))
        }
        Err(error) if error.code() == ErrorCode::NotFound => Err(error),
        Err(error) => {
            tracing::warn!(connection = key.name, %error, "an imported refresh token could not be tried yet");
            Ok(())
        }
    }
}

/// Keeps the connection where there is none of its name, which is looked at under the lock.
async fn put_new(store: &dyn TokenStore, key: &ConnectionKey, connection: &Connection) -> Result<()> {
    let locked = store.lock(key).await?;
    if locked.current().is_some() {
        return Err(is_there(key));
    }
    // Where there is no row, a database has nothing to hold: another process may have been faster.
    locked.commit(connection).await.map_err(|error| match error.code() {
        ErrorCode::Conflict => is_there(key).source(error),
        _ => error,
    })
}

/// Takes out what was put in, unless somebody put something else in its place since.
async fn take_back(store: &dyn TokenStore, key: &ConnectionKey, connection: &Connection) -> Result<()> {
    let locked = store.lock(key).await?;
    let refresh_token = |connection: &Connection| {
        connection.tokens.refresh_token.as_ref().map(|token| token.expose().to_owned())
    };
    let is_ours = locked.current().is_some_and(|current| refresh_token(current) == refresh_token(connection));
    if is_ours { locked.remove().await } else { Ok(()) }
}

/// The app refused the refresh token for good, in whatever words.
fn is_refusal(error: &ConnectorError) -> bool {
    error.app_code() == Some("oauth.reauthorization_required")
}

fn is_there(key: &ConnectionKey) -> ConnectorError {
    let message = format!(
        "connection `{}` is there already, and nobody can tell whether this refresh token is of its account",
        key.name
    );
    ConnectorError::new(ErrorCode::Conflict, message)
        .app_error_code("oauth.account_unknown")
        .hint("send an access_token with it, or delete the connection first")
}

fn refused(what: &str, error: ConnectorError) -> ConnectorError {
    ConnectorError::new(ErrorCode::InvalidValue, format!("the app refuses the {what} that was sent"))
        .app_error_code("oauth.import_refused")
        .source(error)
}

impl ImportedTokens {
    /// Without an access token, or without its end, the first caller has it renewed.
    fn into_token_set(self) -> TokenSet {
        let now = Timestamp::now();
        let expires_in = self.expires_in.filter(|_| self.access_token.is_some()).unwrap_or(0);
        TokenSet {
            access_token: self.access_token.unwrap_or_else(|| Secret::new(String::new())),
            refresh_token: Some(self.refresh_token),
            token_type: "Bearer".to_owned(),
            expires_in: Some(expires_in.into()),
            expires_at: Some(now + SignedDuration::from_secs(expires_in.into())),
            scope: None,
            obtained_at: Some(now),
            refresh_expires_at: None,
            id_token: None,
            extra: Map::new(),
        }
    }
}
