//! What an integration says about its authorization server.

use super::OAuthClient;
use crate::error::Result;
use crate::integration::{ErasedOAuth, of_settings};

/// OAuth of an integration whose settings are `S`: what the app offers, and how to reach it.
///
/// ```
/// use connector_core::Secret;
/// use connector_core::oauth::{ClientAuthentication, Grant, OAuth, OAuthClient};
///
/// struct Settings {
///     client_id: Option<String>,
///     client_secrets: Vec<Secret>,
/// }
///
/// fn client(settings: &Settings) -> connector_core::Result<OAuthClient> {
///     Ok(OAuthClient::new("https://example.com/authorize", "https://example.com/token")
///         .revocation_url("https://example.com/revoke")
///         .issuer("https://example.com")
///         .authentication(ClientAuthentication::Basic)
///         .client_id(settings.client_id.clone())
///         .client_secrets(settings.client_secrets.clone())
///         .authorize_parameter("access_type", "offline"))
/// }
///
/// let oauth = OAuth::new(client)
///     .scopes(&["read"])
///     .grants(&[Grant::AuthorizationCode, Grant::RefreshToken, Grant::ClientCredentials])
///     .revocation();
/// # let _ = oauth;
/// ```
///
/// Where each customer has an address of its own, that is a setting, and the server follows from it:
///
/// ```
/// use connector_core::oauth::{OAuth, OAuthClient};
/// use connector_core::settings::TenantHost;
///
/// struct Settings { tenant: TenantHost }
///
/// let oauth = OAuth::new(|settings: &Settings| {
///     let server = settings.tenant.server();
///     Ok(OAuthClient::new(server.at("oauth/authorize"), server.at("oauth/token")))
/// });
/// # let _ = oauth;
/// ```
pub struct OAuth<S> {
    client: fn(&S) -> Result<OAuthClient>,
    scopes: &'static [&'static str],
    sends_scope: bool,
    grants: &'static [Grant],
    revocation: bool,
    introspection: bool,
}

/// A way to come by tokens. Each that an app offers gives capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// Somebody agrees in a browser, which comes back with a code.
    AuthorizationCode,
    /// A refresh token for new tokens.
    RefreshToken,
    /// Our own credentials for a token, without a person.
    ClientCredentials,
    /// Somebody agrees on another device (RFC 8628).
    DeviceCode,
    /// A token for another token (RFC 8693).
    TokenExchange,
}

impl<S: 'static> OAuth<S> {
    /// OAuth with what `client` takes from the settings, which may be wrong. People agree in a browser and tokens are
    /// refreshed, unless [`Self::grants`] says otherwise.
    pub fn new(client: fn(&S) -> Result<OAuthClient>) -> Self {
        Self {
            client,
            scopes: &[],
            sends_scope: true,
            grants: &[Grant::AuthorizationCode, Grant::RefreshToken],
            revocation: false,
            introspection: false,
        }
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

    /// All ways to come by tokens that the app offers.
    pub fn grants(mut self, grants: &'static [Grant]) -> Self {
        self.grants = grants;
        self
    }

    /// The app takes tokens back (RFC 7009), at the client's revocation URL.
    pub fn revocation(mut self) -> Self {
        self.revocation = true;
        self
    }

    /// The app tells about tokens (RFC 7662), at the client's introspection URL.
    pub fn introspection(mut self) -> Self {
        self.introspection = true;
        self
    }

    pub(crate) fn erase(self) -> ErasedOAuth {
        ErasedOAuth {
            sends_scope: self.sends_scope,
            scopes: self.scopes,
            grants: self.grants,
            revocation: self.revocation,
            introspection: self.introspection,
            client: of_settings(self.client),
            metadata: super::MetadataCache::default(),
        }
    }
}
