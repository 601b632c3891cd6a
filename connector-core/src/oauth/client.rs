//! An app's authorization server and our registration with it, out of the connector's settings.

use std::time::Duration;

use super::authentication::{ClientAuthentication, Credential, Proof};
use super::discovery::Discovery;
use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};

/// Remaining life at which an access token is replaced, so that it does not end on the way.
const REFRESH_MARGIN: Duration = Duration::from_mins(1);

/// An app's authorization server and our registration with it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OAuthClient {
    /// Where to send requests; what is absent is looked up where the server publishes it.
    pub endpoints: Endpoints,
    /// Who the server says it is in its own documents (RFC 8414).
    pub issuer: Option<String>,
    /// Whether the server promises to name itself in its answer to an authorization request (RFC 9207).
    pub promises_issuer: bool,
    /// Where the server publishes its endpoints, where it does.
    pub(super) discovery: Option<Discovery>,
    /// How we prove who we are.
    pub authentication: ClientAuthentication,
    /// Our id there.
    pub client_id: Option<String>,
    /// Our secrets there, the preferred one first.
    pub client_secrets: Vec<Secret>,
    /// Our private key.
    pub client_key: Option<Secret>,
    /// Whom our signed assertions are for; the token endpoint when absent.
    pub assertion_audience: Option<String>,
    /// Where people are sent back to.
    pub redirect_uri: Option<String>,
    /// What else the authorization request says.
    pub authorize_parameters: Vec<(String, String)>,
    /// What else token requests say.
    pub token_parameters: Vec<(String, String)>,
    /// Life of access tokens of which the server does not tell it; forever when absent.
    pub default_expires_in: Option<Duration>,
    /// Longest life that an access token is believed to have.
    pub maximum_expiry: Option<Duration>,
    /// Remaining life at which an access token is replaced.
    pub refresh_margin: Duration,
}

/// Where an authorization server takes requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoints {
    /// Where people agree.
    pub authorization: Option<String>,
    /// Where codes and refresh tokens become tokens.
    pub token: Option<String>,
    /// Where codes for other devices come from (RFC 8628).
    pub device: Option<String>,
    /// Where tokens are taken back (RFC 7009).
    pub revocation: Option<String>,
    /// Where to ask about tokens (RFC 7662).
    pub introspection: Option<String>,
}

/// One of an authorization server's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Authorization,
    Token,
    Device,
    Revocation,
    Introspection,
}

impl Endpoint {
    /// Its address, where it is known.
    pub(super) fn of(self, endpoints: &Endpoints) -> Option<&str> {
        let address = match self {
            Self::Authorization => &endpoints.authorization,
            Self::Token => &endpoints.token,
            Self::Device => &endpoints.device,
            Self::Revocation => &endpoints.revocation,
            Self::Introspection => &endpoints.introspection,
        };
        address.as_deref().filter(|address| !address.is_empty())
    }

    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Token => "token",
            Self::Device => "device authorization",
            Self::Revocation => "revocation",
            Self::Introspection => "introspection",
        }
    }
}

impl OAuthClient {
    /// A server whose endpoints are known.
    pub fn new(authorize_url: impl Into<String>, token_url: impl Into<String>) -> Self {
        Self::at(Endpoints {
            authorization: Some(authorize_url.into()),
            token: Some(token_url.into()),
            ..Endpoints::default()
        })
    }

    /// A server that publishes its endpoints under its issuer's address (RFC 8414, `OpenID` Connect Discovery).
    pub fn discovered(issuer: impl Into<String>) -> Self {
        let client = Self::at(Endpoints::default()).issuer(issuer);
        Self { discovery: Some(Discovery::OfIssuer), ..client }
    }

    fn at(endpoints: Endpoints) -> Self {
        Self {
            endpoints,
            issuer: None,
            promises_issuer: false,
            discovery: None,
            authentication: ClientAuthentication::Post,
            client_id: None,
            client_secrets: Vec::new(),
            client_key: None,
            assertion_audience: None,
            redirect_uri: None,
            authorize_parameters: Vec::new(),
            token_parameters: Vec::new(),
            default_expires_in: None,
            maximum_expiry: None,
            refresh_margin: REFRESH_MARGIN,
        }
    }

    /// Where codes for other devices come from (RFC 8628).
    pub fn device_url(mut self, url: impl Into<String>) -> Self {
        self.endpoints.device = Some(url.into());
        self
    }

    /// Where tokens are taken back (RFC 7009).
    pub fn revocation_url(mut self, url: impl Into<String>) -> Self {
        self.endpoints.revocation = Some(url.into());
        self
    }

    /// Where to ask about tokens (RFC 7662).
    pub fn introspection_url(mut self, url: impl Into<String>) -> Self {
        self.endpoints.introspection = Some(url.into());
        self
    }

    /// Who the server says it is. An answer to an authorization request that names somebody else is refused (RFC 9207).
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// The server promises to name itself in its answer to an authorization request; one without is refused.
    pub fn promises_issuer(mut self) -> Self {
        self.promises_issuer = true;
        self
    }

    /// The document in which the server publishes its endpoints. What is set here counts more.
    pub fn discovery_url(mut self, url: impl Into<String>) -> Self {
        self.discovery = Some(Discovery::At(url.into()));
        self
    }

    /// How we prove who we are; with the secret in the body of the request, when nobody says.
    pub fn authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Our id.
    pub fn client_id(mut self, id: impl Into<Option<String>>) -> Self {
        self.client_id = id.into();
        self
    }

    /// Our secret.
    pub fn client_secret(self, secret: impl Into<Option<Secret>>) -> Self {
        self.client_secrets(secret.into())
    }

    /// Our secrets, the preferred one first: the next is tried when the server does not know one, so that a secret can
    /// be exchanged without an outage.
    pub fn client_secrets(mut self, secrets: impl IntoIterator<Item = Secret>) -> Self {
        self.client_secrets = secrets.into_iter().filter(|secret| !secret.expose().is_empty()).collect();
        self
    }

    /// Our private key: PEM, a JSON Web Key, or a document of a service account with the key inside.
    pub fn client_key(mut self, key: impl Into<Option<Secret>>) -> Self {
        self.client_key = key.into().filter(|key| !key.expose().is_empty());
        self
    }

    /// Whom our signed assertions are for, where that is not the token endpoint.
    pub fn assertion_audience(mut self, audience: impl Into<String>) -> Self {
        self.assertion_audience = Some(audience.into());
        self
    }

    /// Where people are sent back to.
    pub fn redirect_uri(mut self, redirect_uri: impl Into<Option<String>>) -> Self {
        self.redirect_uri = redirect_uri.into();
        self
    }

    /// Says something more in the authorization request. What OAuth itself says cannot be replaced.
    pub fn authorize_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.authorize_parameters.push((name.into(), value.into()));
        self
    }

    /// Says something more in token requests. What OAuth itself says cannot be replaced.
    pub fn token_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.token_parameters.push((name.into(), value.into()));
        self
    }

    /// Life of access tokens of which the server does not tell it.
    pub fn default_expires_in(mut self, life: impl Into<Option<Duration>>) -> Self {
        self.default_expires_in = life.into();
        self
    }

    /// Longest life that an access token is believed to have.
    pub fn maximum_expiry(mut self, life: impl Into<Option<Duration>>) -> Self {
        self.maximum_expiry = life.into();
        self
    }

    /// Remaining life at which an access token is replaced; a minute, when nobody says.
    pub fn refresh_margin(mut self, margin: Duration) -> Self {
        self.refresh_margin = margin;
        self
    }

    /// Our id, from the request or from the settings.
    pub(super) fn id(&self, requested: Option<String>) -> Result<String> {
        requested
            .or_else(|| self.client_id.clone())
            .filter(|id| !id.is_empty())
            .ok_or_else(|| missing("client_id"))
    }

    /// What proves who we are, with the secret of the request or that of the settings.
    pub(super) fn secret(&self, requested: Option<Secret>) -> Result<Credential> {
        let requested = requested.filter(|secret| !secret.expose().is_empty());
        let secrets = |prove: fn(Secret) -> Proof| {
            let secrets = requested.clone().map_or_else(|| self.client_secrets.clone(), |one| vec![one]);
            Credential::any_of(secrets.into_iter().map(prove)).ok_or_else(|| missing("client_secret"))
        };
        match self.authentication {
            ClientAuthentication::Post => secrets(Proof::Post),
            ClientAuthentication::Basic => secrets(Proof::Basic),
            ClientAuthentication::None => Ok(Credential::none()),
            ClientAuthentication::PrivateKey => {
                let key = requested.clone().or_else(|| self.client_key.clone());
                Credential::any_of(key.map(Proof::Key)).ok_or_else(|| missing("client_key"))
            }
        }
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
