//! Credentials: the kinds that a call may bring, and the secrets inside them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that must not be seen: masked in `Debug`, zeroized when dropped, never serialized by accident.
///
/// ```
/// let secret = connector_core::Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "********");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself. Every call of this is a place to look at in a review.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// For `#[serde(serialize_with = …)]` on answers whose very purpose is to hand the secret to the caller.
    pub fn serialize_exposed<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.expose().serialize(serializer)
    }

    /// The same for an optional secret.
    #[expect(clippy::ref_option, reason = "serde calls serialize_with with a reference to the field")]
    pub fn serialize_exposed_option<S: Serializer>(
        secret: &Option<Self>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Self::expose).serialize(serializer)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-secret": true })
    }
}

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
    /// A service account's key document.
    ServiceAccount(serde_json::Value),
    /// A key pair.
    KeyPair(serde_json::Value),
    /// A connection of the vault, by its name; tokens are refreshed when needed.
    Stored(StoredAuth),
}

/// An OAuth access token.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct OauthAuth {
    /// Sent as `Authorization: Bearer`.
    pub access_token: Secret,
}

/// OAuth client credentials.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "RFC 6749 names")]
pub struct ClientCredentialsAuth {
    pub client_id: String,
    pub client_secret: Secret,
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// User name and password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct BasicAuth {
    pub username: String,
    pub password: Secret,
}

/// A fixed token.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct TokenAuth {
    /// The token itself.
    pub token: Secret,
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
#[expect(missing_docs, reason = "the variants of `Auth`")]
pub enum AuthKind {
    None,
    Oauth,
    OauthClientCredentials,
    Basic,
    Token,
    ServiceAccount,
    KeyPair,
    /// A connection of the vault. Every integration takes it; none declares it.
    Stored,
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
            Self::Stored(_) => None,
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
    fn exactly_one_kind_is_accepted() {
        let two = r#"{"token":{"token":"a"},"oauth":{"access_token":"b"}}"#;
        assert!(serde_json::from_str::<Auth>(two).is_err());
    }
}
