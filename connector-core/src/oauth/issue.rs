//! Access tokens for programs outside: one of a connection of the vault, renewed if need be.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::coordinator::{Granted, not_found};
use super::{ConnectionKey, MARGIN, Need, Renewer};
use crate::auth::Secret;
use crate::dispatch::context_of_connection;
use crate::error::{ConnectorError, Result};
use crate::host::Host;
use crate::integration::Integration;

/// What is asked of an access token.
#[derive(Debug, Clone, Copy)]
pub struct IssueOptions {
    /// The life that it must have left. Where tokens do not live that long, half of what they live will do.
    pub min_ttl: Duration,
    /// A new one, even if the one that is there would do.
    pub force_refresh: bool,
}

impl Default for IssueOptions {
    fn default() -> Self {
        Self { min_ttl: MARGIN, force_refresh: false }
    }
}

/// An access token that works now.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The token.
    pub access_token: Secret,
    /// `Bearer`, in all apps so far.
    pub token_type: String,
    /// Its end; absent when it does not end.
    pub expires_at: Option<Timestamp>,
    /// Granted scopes.
    pub scope: Vec<String>,
    /// Whether the app was asked for it just now.
    pub refreshed: bool,
    /// Version of the connection that it is of.
    pub generation: u64,
    /// The app's id of the account.
    pub account: Option<String>,
    /// What else the app sent with it.
    pub extra: Map<String, Value>,
    /// Why there may be no other after it.
    pub warning: Option<ConnectorError>,
}

impl From<Granted> for IssuedToken {
    fn from(granted: Granted) -> Self {
        let Granted { connection, is_new, warning } = granted;
        let tokens = &connection.tokens;
        let scope = tokens.scope.as_deref().unwrap_or_default();
        Self {
            access_token: tokens.access_token.clone(),
            token_type: tokens.token_type.clone(),
            expires_at: tokens.expires_at,
            scope: scope.split_whitespace().map(ToOwned::to_owned).collect(),
            refreshed: is_new,
            generation: connection.generation,
            account: connection.account.clone(),
            extra: tokens.extra.clone(),
            warning,
        }
    }
}

/// An access token of a connection of the vault. Nothing is read from the store when that was done less than a second
/// ago and the token will do.
///
/// # Errors
/// `not_found` when there is no such connection, `creds_revoked` when somebody must log in again, and what kept a token
/// that has ended from being renewed. `app_code` tells which of these it was.
pub async fn access_token(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    connection: &str,
    options: IssueOptions,
) -> Result<IssuedToken> {
    let key = ConnectionKey { app_id: integration.app_id().to_owned(), name: connection.to_owned() };
    let tokens = host.tokens().await?.ok_or_else(|| not_found(&key))?;
    let mut need = Need::of(options.min_ttl);
    if !options.force_refresh
        && let Some(granted) = tokens.at_hand(&key, &need)
    {
        return Ok(granted.into());
    }
    let current = tokens.connection(&key).await?.ok_or_else(|| not_found(&key))?;
    if options.force_refresh {
        need.other_than = Some(current.tokens.access_token.clone());
    }
    let context = context_of_connection(integration, host, &tokens, &key, &current)?;
    let renewer: Arc<dyn Renewer> = Arc::new(context);
    tokens.get(&key, &need, &renewer).await.map(IssuedToken::from)
}
