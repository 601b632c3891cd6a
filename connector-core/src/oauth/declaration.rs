//! What an integration says about its authorization server.

use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::{ErasedOAuth, of_settings};

/// OAuth settings of an integration whose settings are `S`.
pub struct OAuth<S> {
    client: fn(&S) -> Result<OAuthClient>,
    scopes: &'static [&'static str],
    sends_scope: bool,
}

/// An app's authorization server and our registration with it, out of the connector's settings.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// Where people agree.
    pub authorize_url: String,
    /// Where codes and refresh tokens become tokens.
    pub token_url: String,
    /// Our id there.
    pub client_id: Option<String>,
    /// Our secret there.
    pub client_secret: Option<Secret>,
    /// Where people are sent back to.
    pub redirect_uri: Option<String>,
}

impl<S: 'static> OAuth<S> {
    /// OAuth with what `client` takes from the settings, which may be wrong.
    pub fn new(client: fn(&S) -> Result<OAuthClient>) -> Self {
        Self { client, scopes: &[], sends_scope: true }
    }

    /// Scopes that the connector needs, asked for in the authorization request.
    pub fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// Scopes that the connector needs, where the app fixes them at registration and refuses a `scope` parameter.
    pub fn scopes_at_registration(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self.sends_scope = false;
        self
    }

    pub(crate) fn erase(self) -> ErasedOAuth {
        ErasedOAuth { sends_scope: self.sends_scope, scopes: self.scopes, client: of_settings(self.client) }
    }
}

impl OAuthClient {
    /// Our id, from the request or from the settings.
    pub(super) fn id(&self, requested: Option<String>) -> Result<String> {
        requested
            .or_else(|| self.client_id.clone())
            .filter(|id| !id.is_empty())
            .ok_or_else(|| missing("client_id"))
    }

    /// Our secret, from the request or from the settings.
    pub(super) fn secret(&self, requested: Option<Secret>) -> Result<Secret> {
        requested
            .or_else(|| self.client_secret.clone())
            .filter(|secret| !secret.expose().is_empty())
            .ok_or_else(|| missing("client_secret"))
    }

    /// Where people are sent back to, from the request or from the settings.
    pub(super) fn redirect(&self, requested: Option<String>) -> Result<String> {
        requested.or_else(|| self.redirect_uri.clone()).ok_or_else(|| missing("redirect_uri"))
    }
}

fn missing(name: &str) -> ConnectorError {
    ConnectorError::new(
        ErrorCode::IntegrationMissingParameter,
        format!("{name} is missing: neither /request/{name} nor /settings/{name} is there"),
    )
}
