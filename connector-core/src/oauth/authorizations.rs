//! Authorizations under way: what must be known when somebody comes back from the app's page. They are kept apart from
//! the tokens, which stay as they are until new ones are there.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ConnectionKey;
use crate::auth::Secret;
use crate::error::Result;

/// An authorization that somebody was sent to agree to. Sealed at rest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PendingAuthorization {
    /// Names it to whoever started it.
    pub flow_id: Uuid,
    /// The connection that is to be made or renewed.
    pub key: ConnectionKey,
    /// Where the app sends people back to, byte for byte.
    pub redirect_uri: String,
    /// What proves to the token endpoint that we started it (RFC 7636).
    #[serde(serialize_with = "Secret::serialize_exposed")]
    pub code_verifier: Secret,
    /// Who must have issued the answer (RFC 9207); any when absent.
    pub expected_issuer: Option<String>,
    /// Whether an answer that names no issuer is refused.
    pub requires_issuer: bool,
    /// Digest of what only the browser that started it has; any browser may come back when absent.
    pub session_binding: Option<String>,
    /// Settings for the connection that is made.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// Scopes that were asked for, separated by spaces.
    pub scope: Option<String>,
    /// Whether the connection may become one of another account.
    pub may_change_account: bool,
    /// The page to show afterwards.
    pub return_to: Option<String>,
    /// It is worth nothing after this instant.
    pub expires_at: Timestamp,
}

/// What came of looking for an authorization by its state.
#[derive(Debug)]
pub enum TakenAuthorization {
    /// It was waiting, and nobody else can take it any more.
    Fresh(Box<PendingAuthorization>),
    /// Somebody took it before.
    Used,
    /// There is none, or it has expired.
    Unknown,
}

/// Keeps authorizations until somebody comes back.
pub trait AuthorizationStore: Send + Sync {
    /// Keeps one, by the state that the app will send back; of the state only a digest is kept.
    fn put<'a>(&'a self, state: &'a Secret, pending: &'a PendingAuthorization) -> BoxFuture<'a, Result<()>>;

    /// Whether somebody is about to agree to a connection of this name.
    fn is_waiting<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<bool>>;

    /// Finds one by its state and marks it as used, in one step.
    fn take<'a>(&'a self, state: &'a Secret) -> BoxFuture<'a, Result<TakenAuthorization>>;
}
