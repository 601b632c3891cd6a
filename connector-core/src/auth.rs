//! Credentials: the kinds that a call may bring, the secrets inside them, and how requests carry them.

mod authentication;
mod credential;
mod document;
mod exchanged;
mod named;
mod secret;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use authentication::Authentication;
pub(crate) use authentication::{ErasedAuthentication, Mismatch};
pub(crate) use credential::{Credential, Credentials};
pub use document::SecretDocument;
pub use exchanged::AccessToken;
pub(crate) use exchanged::{ExchangeFn, ExchangedTokens};
pub use named::NamedCredential;
pub(crate) use named::{ErasedNamed, read as read_named};
pub use secret::Secret;

/// The `auth` part of a request: exactly one kind of credential.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Auth {
    /// An access token that the caller obtained.
    Oauth(OauthAuth),
    /// Client credentials, exchanged for a token by the connector.
    OauthClientCredentials(ClientCredentialsAuth),
    /// User name and password.
    Basic(BasicAuth),
    /// A fixed token, as an API key.
    Token(TokenAuth),
    /// A service account: a program's own account, proven with a key.
    ServiceAccount(ServiceAccountAuth),
    /// A key pair, of which the app knows the public half.
    KeyPair(KeyPairAuth),
    /// OAuth 1.0a credentials.
    Oauth1(Oauth1Auth),
    /// What a JSON Web Token is made of.
    Jwt(JwtAuth),
    /// A connection of the vault, by its name; tokens are refreshed when needed.
    Stored(StoredAuth),
}

/// An OAuth access token.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(extend("x-credential-type" = "oauth"))]
pub struct OauthAuth {
    /// Sent as `Authorization: Bearer`.
    pub access_token: Secret,
}

/// OAuth client credentials.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(extend("x-credential-type" = "oauth_client_credentials"))]
pub struct ClientCredentialsAuth {
    /// Id of the client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// What they were exchanged for already, by a caller who renews it.
    pub access_token: Option<Secret>,
    /// What the token is to be good for.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// User name and password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(extend("x-credential-type" = "basic"))]
pub struct BasicAuth {
    /// Name of the user.
    pub username: String,
    /// Their password.
    pub password: Secret,
}

/// A fixed token.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(extend("x-credential-type" = "token"))]
pub struct TokenAuth {
    /// The token itself.
    pub token: Secret,
}

/// A service account: its key, and for whom it acts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(extend("x-credential-type" = "service_account"))]
pub struct ServiceAccountAuth {
    /// The key document, as the app's administrator downloaded it.
    pub key: SecretDocument,
    /// Which service it is of, as `google_cloud`.
    #[serde(default)]
    pub service_type: Option<String>,
    /// The user to act for, where the account may act for others.
    #[serde(default)]
    pub impersonation_email: Option<String>,
    /// The tenant to work in.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// Scopes to ask for in the place of those that the connector declares.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// A key pair.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(extend("x-credential-type" = "key_pair"))]
pub struct KeyPairAuth {
    /// Name of the pair at the app.
    pub key_identifier: String,
    /// The private half: PEM or a JSON Web Key.
    #[schemars(transform = crate::schema::hint::multiline)]
    pub private_key: Secret,
}

/// OAuth 1.0a: a client and a token of it. The connector signs each request with both.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(extend("x-credential-type" = "oauth1"))]
pub struct Oauth1Auth {
    /// Names the client.
    pub consumer_key: String,
    /// The client's secret.
    pub consumer_secret: Secret,
    /// Names the token.
    pub token_id: String,
    /// The token's secret.
    pub token_secret: Secret,
}

/// What a JSON Web Token is made of. The connector signs it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(extend("x-credential-type" = "jwt"))]
pub struct JwtAuth {
    /// The token's header, as `{"alg":"HS256"}`.
    pub headers: Map<String, Value>,
    /// What the token says.
    pub claims: Map<String, Value>,
    /// What it is signed with.
    pub secret: Secret,
}

/// A connection of the vault.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct StoredAuth {
    /// The connection's name, as given to `login --connection`.
    pub connection: String,
}

/// The kinds of credential that an integration declares to accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthKind {
    /// No credentials.
    None,
    /// An access token that somebody agreed to.
    Oauth,
    /// A client's id and secret, which are exchanged for a token.
    OauthClientCredentials,
    /// User name and password.
    Basic,
    /// A fixed token.
    Token,
    /// The key of an account that is no person's.
    ServiceAccount,
    /// A private key and what names it.
    KeyPair,
    /// A client and a token of OAuth 1.0a.
    Oauth1,
    /// What a JSON Web Token is made of.
    Jwt,
    /// A connection of the vault. Every integration takes it; none declares it.
    Stored,
}

impl AuthKind {
    /// Its name in envelopes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Oauth => "oauth",
            Self::OauthClientCredentials => "oauth_client_credentials",
            Self::Basic => "basic",
            Self::Token => "token",
            Self::ServiceAccount => "service_account",
            Self::KeyPair => "key_pair",
            Self::Oauth1 => "oauth1",
            Self::Jwt => "jwt",
            Self::Stored => "stored",
        }
    }

    /// What a caller writes for it, for hints.
    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::None => "{}",
            Self::Oauth => r#"{"oauth":{"access_token":"…"}}"#,
            Self::OauthClientCredentials => {
                r#"{"oauth_client_credentials":{"client_id":"…","client_secret":"…"}}"#
            }
            Self::Basic => r#"{"basic":{"username":"…","password":"…"}}"#,
            Self::Token => r#"{"token":{"token":"…"}}"#,
            Self::ServiceAccount => r#"{"service_account":{"key":{…}}}"#,
            Self::KeyPair => r#"{"key_pair":{"key_identifier":"…","private_key":"…"}}"#,
            Self::Oauth1 => {
                r#"{"oauth1":{"consumer_key":"…","consumer_secret":"…","token_id":"…","token_secret":"…"}}"#
            }
            Self::Jwt => r#"{"jwt":{"headers":{…},"claims":{…},"secret":"…"}}"#,
            Self::Stored => r#"{"stored":{"connection":"…"}}"#,
        }
    }
}

impl Auth {
    /// The declared kind that this credential is of; `None` for a stored connection, which may hold any.
    pub fn kind(&self) -> Option<AuthKind> {
        match self {
            Self::Oauth(_) => Some(AuthKind::Oauth),
            Self::OauthClientCredentials(_) => Some(AuthKind::OauthClientCredentials),
            Self::Basic(_) => Some(AuthKind::Basic),
            Self::Token(_) => Some(AuthKind::Token),
            Self::ServiceAccount(_) => Some(AuthKind::ServiceAccount),
            Self::KeyPair(_) => Some(AuthKind::KeyPair),
            Self::Oauth1(_) => Some(AuthKind::Oauth1),
            Self::Jwt(_) => Some(AuthKind::Jwt),
            Self::Stored(_) => None,
        }
    }

    /// The text that requests carry as it is; `None` for credentials of several parts, and for those that must be
    /// exchanged first.
    pub fn token(&self) -> Option<&Secret> {
        match self {
            Self::Oauth(oauth) => Some(&oauth.access_token),
            Self::Token(token) => Some(&token.token),
            Self::OauthClientCredentials(client) => {
                client.access_token.as_ref().filter(|token| !token.expose().is_empty())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_wherever_it_is_printed() {
        let auth: Auth = serde_json::from_str(r#"{"oauth":{"access_token":"very-secret"}}"#).unwrap();
        assert!(!format!("{auth:?}").contains("very-secret"));
    }

    #[test]
    fn what_is_inside_of_documents_and_key_pairs_is_masked_too() {
        for auth in [
            r#"{"service_account":{"key":{"client_email":"a@example.com","private_key":"very-secret"}}}"#,
            r#"{"key_pair":{"key_identifier":"k","private_key":"very-secret"}}"#,
        ] {
            let auth: Auth = serde_json::from_str(auth).unwrap();
            assert!(!format!("{auth:?}").contains("very-secret"), "{auth:?}");
        }
    }

    #[test]
    fn exactly_one_kind_is_accepted() {
        let two = r#"{"token":{"token":"a"},"oauth":{"access_token":"b"}}"#;
        assert!(serde_json::from_str::<Auth>(two).is_err());
    }
}
