//! How the app is asked for new tokens.

use std::fmt::Write;

use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};

use crate::auth::Secret;
use crate::call::CallContext;
use crate::dispatch::gather_connection_settings;
use crate::error::Result;
use crate::oauth::account::account_of;
use crate::oauth::{Connection, TokenSet, exchange, flow};

/// Asks an app for new tokens.
pub(crate) trait Renewer: Send + Sync {
    /// Tells the client's id and secret apart from others, without telling them.
    ///
    /// # Errors
    /// When the settings name no client that could ask.
    fn client(&self) -> Result<String>;

    /// Finds out what a request takes, as where it goes. Nothing is spent by it.
    ///
    /// # Errors
    /// When settings are wrong, or the app does not tell.
    fn prepare(&self) -> BoxFuture<'_, Result<()>>;

    /// One request to the token endpoint, never repeated.
    fn renew<'a>(&'a self, refresh_token: &'a Secret) -> BoxFuture<'a, Result<TokenSet>>;

    /// The app's id of the account that a connection's access token is for; `None` where the app does not tell.
    fn account_of<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Option<String>>>;
}

impl Renewer for CallContext {
    fn client(&self) -> Result<String> {
        let (_, registration) = flow::settings(self)?;
        let (id, secret) = (registration.id(None)?, registration.secret(None)?);
        Ok(digest(std::iter::once(id.as_str()).chain(secret.exposed())))
    }

    fn prepare(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { exchange::prepare(self, &flow::settings(self)?.1).await })
    }

    fn renew<'a>(&'a self, refresh_token: &'a Secret) -> BoxFuture<'a, Result<TokenSet>> {
        Box::pin(async move { exchange::refresh(self, flow::client(self, None, None)?, refresh_token).await })
    }

    fn account_of<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            let (integration, host) = (self.integration(), &**self.host());
            let settings = gather_connection_settings(integration, connection.settings.clone(), host);
            account_of(integration, &settings, &connection.tokens.access_token, host).await
        })
    }
}

/// The start of a SHA-256, in hexadecimal digits: tells secrets apart, and is too little to find them by.
pub(super) fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for (position, part) in parts.into_iter().enumerate() {
        if position > 0 {
            hash.update([0]);
        }
        hash.update(part);
    }
    hash.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
