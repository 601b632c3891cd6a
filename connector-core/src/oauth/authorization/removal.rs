//! The end of a connection: the app is told that its tokens are not used any more, and they are forgotten.

use std::sync::Arc;

use super::{nothing_is_kept, settled};
use crate::auth::Secret;
use crate::error::{ConnectorError, Result};
use crate::host::Host;
use crate::integration::Integration;
use crate::oauth::{Connection, ConnectionKey, coordinator, exchange, flow};
use crate::settings;

/// What became of a connection that was removed.
#[derive(Debug)]
pub struct RemovedConnection {
    /// The account that it was for, where it is known.
    pub account: Option<String>,
    /// Whether the app took the tokens back; `None` where it offers no way to.
    pub revoked_at_provider: Option<bool>,
    /// Why it did not.
    pub failure: Option<ConnectorError>,
}

/// Takes a connection out of the vault, after its tokens were given back to the app. They are forgotten even if the app
/// cannot be told.
///
/// # Errors
/// `not_found` when there is no such connection.
pub async fn remove(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    connection: &str,
) -> Result<RemovedConnection> {
    let key = ConnectionKey { app_id: integration.app_id().to_owned(), name: connection.to_owned() };
    let tokens = host.tokens().await?.ok_or_else(nothing_is_kept)?;
    // Under the lock, so that no refresh or login that is under way puts tokens in that nobody gives back.
    let (account, revoked) = match tokens.store().lock(&key).await {
        Ok(locked) => {
            let connection = locked.current().cloned().ok_or_else(|| coordinator::not_found(&key))?;
            let revoked = revoke(integration, host, &connection).await;
            locked.remove().await?;
            (connection.account, revoked)
        }
        // What cannot be opened cannot be told to anybody, and goes all the same.
        Err(error) if error.is_misconfigured() => {
            if !tokens.store().delete(&key).await? {
                return Err(coordinator::not_found(&key));
            }
            (None, Err(error))
        }
        Err(error) => return Err(error),
    };
    tokens.forget(&key);
    let (revoked_at_provider, failure) = match revoked {
        Ok(revoked) => (revoked.then_some(true), None),
        Err(error) => (Some(false), Some(error)),
    };
    Ok(RemovedConnection { account, revoked_at_provider, failure })
}

/// Whether the app took the tokens back; it may offer no way to. The refresh token goes first: the others follow from it.
async fn revoke(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    connection: &Connection,
) -> Result<bool> {
    let settings =
        settings::gather(integration, serde_json::Map::new(), &**host, connection.settings.clone());
    let context = settled(integration, &settings).await?;
    let (oauth, registration) = flow::settings(&context)?;
    if !oauth.revocation && registration.endpoints.revocation.is_none() {
        return Ok(false);
    }
    let tokens: [(Option<&Secret>, &str); 2] = [
        (connection.tokens.refresh_token.as_ref(), "refresh_token"),
        (Some(&connection.tokens.access_token), "access_token"),
    ];
    for (token, kind) in tokens {
        // Tokens from elsewhere may have come without an access token.
        let Some(token) = token.filter(|token| !token.expose().is_empty()) else { continue };
        let client = flow::client(&context, None, None)?;
        exchange::revoke(&context, client, token, Some(kind)).await?;
    }
    Ok(true)
}
