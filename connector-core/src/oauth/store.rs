//! Where tokens live: the trait that a store implements and the connections in it.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::TokenSet;
use crate::error::Result;

/// Which connection: an app and the name that people gave to one of its accounts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionKey {
    /// Id of the integration.
    pub app_id: String,
    /// Name of the connection, `default` when nobody chose one.
    pub name: String,
}

/// One authorized account of an app. Everything in it is sealed at rest.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The app's tokens.
    pub tokens: TokenSet,
    /// Settings that were in force at login, the client's id and secret among them.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// The app's id of the account that the tokens belong to.
    pub account: Option<String>,
    /// What the connection needs from people.
    pub state: ConnectionState,
}

/// What a connection needs from people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ConnectionState {
    /// Nothing.
    #[default]
    Active,
    /// The app refused the refresh token for good: somebody must log in again.
    ReauthorizationRequired,
}

impl ConnectionState {
    /// The name in the store and in `status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::ReauthorizationRequired => "reauthorization_required",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::ReauthorizationRequired].into_iter().find(|state| state.name() == name)
    }
}

/// What anyone may know about a connection.
#[derive(Debug, Clone)]
pub struct ConnectionSummary {
    /// Its name.
    pub name: String,
    /// The app's id of the account.
    pub account: Option<String>,
    /// What it needs from people.
    pub state: ConnectionState,
    /// When its access token expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Connections, sealed, safe with many processes.
pub trait TokenStore: Send + Sync {
    /// The connection as it is now.
    fn load<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<Option<Connection>>>;

    /// The connection, held against every other process until the guard is dropped or committed.
    ///
    /// A holder that dies lets go: the lock is the database's, it has no time to live.
    fn lock<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<Box<dyn LockedConnection + 'a>>>;

    /// Puts a connection in, over one of the same name.
    fn save<'a>(&'a self, key: &'a ConnectionKey, connection: &'a Connection) -> BoxFuture<'a, Result<()>>;

    /// All connections of an app, by name.
    fn list<'a>(&'a self, app_id: &'a str) -> BoxFuture<'a, Result<Vec<ConnectionSummary>>>;
}

/// A connection that nobody else can change meanwhile.
pub trait LockedConnection: Send {
    /// The connection as it is under the lock; `None` when there is none.
    fn current(&self) -> Option<&Connection>;

    /// Writes the new state and lets go. It is durable when this returns.
    fn commit<'a>(self: Box<Self>, connection: &'a Connection) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a;
}
