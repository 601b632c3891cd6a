//! Tokens for programs: a signed assertion of who we are, exchanged for an access token (RFC 7523, section 2.1).

use serde_json::json;

use super::assertion::sign_claims;
use super::authentication::Credential;
use super::endpoint::{Client, Form};
use super::{OAuthClient, exchange};
use crate::auth::{AccessToken, Auth, Secret};
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Where an assertion is exchanged, and what it says.
///
/// The address is the connector's to know: a key document that names one is not asked, since whoever sends the document
/// would choose where we connect to.
///
/// ```
/// use connector_core::auth::{AuthKind, Authentication};
/// use connector_core::integration::Integration;
/// use connector_core::oauth::AssertionGrant;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Settings { admin_email: Option<String> }
///
/// let directory = Authentication::bearer().asserted(|settings: &Settings| {
///     Ok(AssertionGrant::new("https://oauth2.example.com/token")
///         .scopes(&["directory.read"])
///         .subject(settings.admin_email.clone()))
/// });
/// let integration = Integration::builder("example", "1.0.0")
///     .authenticate(AuthKind::ServiceAccount, directory)
///     .build();
/// # assert!(integration.is_ok());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AssertionGrant {
    token_url: String,
    audience: Option<String>,
    issuer: Option<String>,
    subject: Option<String>,
    scopes: Vec<String>,
}

impl AssertionGrant {
    /// Exchanged at this address, which is also whom the assertion is for.
    pub fn new(token_url: impl Into<String>) -> Self {
        Self { token_url: token_url.into(), audience: None, issuer: None, subject: None, scopes: Vec::new() }
    }

    /// Whom the assertion is for, where that is not the address.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Who makes the assertion; by default what the key says: the service account's `client_email` or `client_id`, the
    /// key pair's `key_identifier`.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// The user to act for, unless the credential names one.
    pub fn subject(mut self, subject: impl Into<Option<String>>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Scopes to ask for, unless the credential names others.
    pub fn scopes(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }
}

/// What a credential says of itself.
struct Signer {
    key: Secret,
    key_id: Option<String>,
    issuer: Option<String>,
    subject: Option<String>,
    /// Whom it is about where nobody says: a service account may not be about itself.
    is_own_subject: bool,
    scopes: Vec<String>,
}

impl Signer {
    fn of(auth: &Auth) -> Result<Self> {
        match auth {
            Auth::ServiceAccount(account) => {
                let member = |name| account.key.member(name).map(|text| text.expose().to_owned());
                Ok(Self {
                    key: account.key.json().clone(),
                    key_id: None,
                    issuer: member("client_email").or_else(|| member("client_id")),
                    subject: account.impersonation_email.clone().filter(|email| !email.is_empty()),
                    is_own_subject: false,
                    scopes: account.scopes.clone(),
                })
            }
            Auth::KeyPair(pair) => Ok(Self {
                key: pair.private_key.clone(),
                key_id: Some(pair.key_identifier.clone()),
                issuer: Some(pair.key_identifier.clone()),
                subject: None,
                is_own_subject: true,
                scopes: Vec::new(),
            }),
            _ => Err(ConnectorError::new(
                ErrorCode::InternalError,
                "an assertion is signed with a service account or a key pair",
            )),
        }
    }

    fn sign(&self, grant: &AssertionGrant) -> Result<String> {
        let issuer = grant.issuer.as_ref().or(self.issuer.as_ref()).ok_or_else(|| {
            ConnectorError::new(
                ErrorCode::IntegrationMissingParameter,
                "/auth/service_account/key does not say whose it is: it has neither client_email nor client_id",
            )
        })?;
        let mut claims = json!({"iss": issuer, "aud": grant.audience.as_ref().unwrap_or(&grant.token_url)});
        let own = || self.is_own_subject.then_some(issuer);
        if let Some(subject) = self.subject.as_ref().or(grant.subject.as_ref()).or_else(own) {
            claims["sub"] = json!(subject);
        }
        let scopes = if self.scopes.is_empty() { &grant.scopes } else { &self.scopes };
        if !scopes.is_empty() {
            claims["scope"] = json!(scopes.join(" "));
        }
        sign_claims(&self.key, self.key_id.as_deref(), claims)
    }
}

/// Signs an assertion with a credential's key and exchanges it for a token.
pub(crate) async fn exchange_assertion(
    context: &CallContext,
    grant: &AssertionGrant,
    auth: &Auth,
) -> Result<AccessToken> {
    let server = OAuthClient::new("", &grant.token_url);
    let margin = server.refresh_margin;
    let form =
        Form::default().with("grant_type", JWT_BEARER).with("assertion", Signer::of(auth)?.sign(grant)?);
    let client = Client::new(server, String::new(), Credential::unnamed());
    let tokens = exchange::tokens(context, client, form).await?;
    Ok(AccessToken::of(tokens, margin))
}
