//! Tokens, as an authorization server hands them out.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::auth::Secret;

/// What an authorization server gave.
///
/// It is the answer of the OAuth capabilities, so it serializes with its secrets; it masks them in `Debug`.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct TokenSet {
    /// Sent with every call to the app.
    #[serde(serialize_with = "Secret::serialize_exposed")]
    pub access_token: Secret,
    /// Buys the next token set. With apps that rotate it works once.
    #[serde(default, serialize_with = "Secret::serialize_exposed_option")]
    pub refresh_token: Option<Secret>,
    /// `Bearer`, in all apps so far.
    pub token_type: String,
    /// Seconds from `obtained_at` to the end of the access token; absent when it does not end.
    #[serde(default)]
    pub expires_in: Option<u64>,
    /// End of the access token.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// Granted scopes, separated by spaces.
    #[serde(default)]
    pub scope: Option<String>,
    /// When the answer was asked for.
    #[serde(default)]
    pub obtained_at: Option<Timestamp>,
    /// End of the refresh token, where the app tells.
    #[serde(default)]
    pub refresh_expires_at: Option<Timestamp>,
    /// Who agreed, where the app speaks `OpenID` Connect.
    #[serde(
        default,
        serialize_with = "Secret::serialize_exposed_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub id_token: Option<Secret>,
    /// What else the app sent, as `instance_url`.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// Of what else the app sent only the names: values may be secrets.
impl fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSet")
            .field("token_type", &self.token_type)
            .field("expires_at", &self.expires_at)
            .field("refresh_token", &self.refresh_token)
            .field("refresh_expires_at", &self.refresh_expires_at)
            .field("scope", &self.scope)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl TokenSet {
    /// Whether the access token still works `margin` from now.
    pub fn is_valid_for(&self, margin: Duration) -> bool {
        let until = Timestamp::now() + margin;
        self.expires_at.is_none_or(|expires_at| expires_at > until)
    }

    /// This set after a refresh that gave `new`: a refresh token that the app did not replace stays in use
    /// (RFC 6749, section 6).
    pub fn refreshed_by(&self, mut new: Self) -> Self {
        new.refresh_token = new.refresh_token.or_else(|| self.refresh_token.clone());
        new.scope = new.scope.or_else(|| self.scope.clone());
        new.id_token = new.id_token.or_else(|| self.id_token.clone());
        for (name, value) in &self.extra {
            new.extra.entry(name.clone()).or_insert_with(|| value.clone());
        }
        new
    }
}
