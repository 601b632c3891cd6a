//! Where tokens live: the trait that a store implements, and the connections in it.

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::TokenSet;
use crate::error::Result;

/// Which connection: an app and the name that people gave to one of its accounts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConnectionKey {
    /// Id of the integration.
    pub app_id: String,
    /// Name of the connection, `default` when nobody chose one.
    pub name: String,
}

/// One authorized account of an app. Tokens and settings are sealed at rest.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The app's tokens.
    pub tokens: TokenSet,
    /// Settings that were in force at login, the client's id and secret among them.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// The app's id of the account that the tokens belong to.
    pub account: Option<String>,
    /// Which of the tokens are known to be that account's.
    pub proof: AccountProof,
    /// What the connection needs from people.
    pub state: ConnectionState,
    /// How renewing its tokens went.
    pub renewal: Renewal,
    /// Counts the versions of the row, from 1; set by the store.
    pub generation: u64,
}

/// Which tokens of a connection are known to be those of its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountProof {
    /// All of them, as far as the app tells.
    #[default]
    Whole,
    /// The access token. The refresh token came with it from elsewhere, and may be anybody's.
    AccessToken,
    /// None yet: they were got for a refresh token of which nobody knows whose it is. They are not used before the app has
    /// told.
    Awaited,
}

/// What a connection needs from people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ConnectionState {
    /// Nothing.
    #[default]
    Active,
    /// Nobody knows whether the app took the refresh token: the answer got lost. It is tried once more when the access
    /// token has ended, and not before, since the app would revoke that too.
    RefreshIndeterminate,
    /// The app refused the refresh token for good: somebody must log in again.
    ReauthorizationRequired,
    /// The app refused us, and not the person: the client's id or secret is wrong.
    Misconfigured,
    /// Renewing failed on many days in a row and is not tried any more: somebody must log in again.
    Exhausted,
    /// Something that a later version of this program knows. Its tokens are not used.
    Unknown,
}

impl ConnectionState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Active,
        Self::RefreshIndeterminate,
        Self::ReauthorizationRequired,
        Self::Misconfigured,
        Self::Exhausted,
    ];

    /// The name in the store and in `status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::RefreshIndeterminate => "refresh_indeterminate",
            Self::ReauthorizationRequired => "reauthorization_required",
            Self::Misconfigured => "misconfigured",
            Self::Exhausted => "exhausted",
            Self::Unknown => "unknown",
        }
    }

    /// The state with this name; `None` when it is of a later version.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether somebody must log in again.
    pub const fn needs_login(self) -> bool {
        matches!(self, Self::ReauthorizationRequired | Self::Exhausted)
    }
}

/// An attempt that is older than this is nobody's any more: no request takes so long.
const LONGEST_ATTEMPT: SignedDuration = SignedDuration::from_mins(1);

/// What is told of a connection whose attempt to renew it, begun at this instant, is still written down: its process has
/// died, or could not write down what came of it, and nobody knows whether the app took the refresh token.
pub fn tell_open_attempt(
    state: &mut ConnectionState,
    renewal: &mut Renewal,
    begun_at: Option<Timestamp>,
    now: Timestamp,
) {
    let is_left_open = begun_at.is_some_and(|begun_at| now.duration_since(begun_at) > LONGEST_ATTEMPT);
    if is_left_open && matches!(state, ConnectionState::Active | ConnectionState::Misconfigured) {
        *state = ConnectionState::RefreshIndeterminate;
        renewal.reason = Some(ANSWER_LOST.to_owned());
    }
}

/// Reason of a connection whose app may have taken the refresh token: the answer did not come.
pub(crate) const ANSWER_LOST: &str = "answer_lost";

/// How renewing the tokens of a connection went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewal {
    /// Failures in a row.
    pub failures: u32,
    /// The first failure of the row.
    pub failing_since: Option<Timestamp>,
    /// Days (UTC) with failures in the row.
    pub failing_days: u32,
    /// The app is not asked again before this instant.
    pub retry_after: Option<Timestamp>,
    /// When it last succeeded.
    pub succeeded_at: Option<Timestamp>,
    /// When it last failed.
    pub failed_at: Option<Timestamp>,
    /// Why the connection is in the state that it is in, as a word for programs: `invalid_grant`,
    /// `rotation_outcome_unknown`.
    pub reason: Option<String>,
    /// The client that the app refused, as a digest of its id and secret: another one is tried at once.
    pub rejected_client: Option<String>,
}

/// A refresh that is under way, written down before its request leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshAttempt {
    /// Fresh for each attempt.
    pub id: Uuid,
    /// The start of the SHA-256 of the refresh token, in hexadecimal digits: tells whether it is still the same.
    pub token_digest: String,
    /// When the request was about to leave.
    pub started_at: Timestamp,
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
    /// How renewing its tokens went.
    pub renewal: Renewal,
    /// Counts the versions of the row.
    pub generation: u64,
    /// When its access token expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Connections, sealed, safe with many processes.
pub trait TokenStore: Send + Sync {
    /// The connection as it is now, [with an attempt that was left open](tell_open_attempt).
    fn load<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<Option<Connection>>>;

    /// The connection, held against every other process until the guard is dropped or committed.
    ///
    /// A holder that dies lets go: the lock is the database's, it has no time to live.
    fn lock<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<Box<dyn LockedConnection + 'a>>>;

    /// Puts a connection in, over one of the same name, and forgets an attempt that a process died with.
    fn save<'a>(&'a self, key: &'a ConnectionKey, connection: &'a Connection) -> BoxFuture<'a, Result<()>>;

    /// Takes a connection out, whatever it is: for one that does not open. `false` when there is none.
    fn delete<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<bool>>;

    /// Whether there was a connection of this name that somebody took out since, and none was put in its place.
    fn was_removed<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<bool>>;

    /// All connections of an app, by name, [with attempts that were left open](tell_open_attempt).
    fn list<'a>(&'a self, app_id: &'a str) -> BoxFuture<'a, Result<Vec<ConnectionSummary>>>;
}

/// A connection that nobody else can change meanwhile.
pub trait LockedConnection: Send {
    /// The connection as it is under the lock; `None` when there is none.
    fn current(&self) -> Option<&Connection>;

    /// The attempt of a process that died before it could write down what came of it.
    fn attempt(&self) -> Option<&RefreshAttempt>;

    /// Writes down that a refresh is about to begin. It is durable when this returns, and stays until a commit, whatever
    /// becomes of this process.
    fn begin<'a>(&'a mut self, attempt: &'a RefreshAttempt) -> BoxFuture<'a, Result<()>>;

    /// Writes the new state over the generation that was read, forgets the attempt, and lets go. It is durable when this
    /// returns.
    ///
    /// # Errors
    /// `conflict` when somebody put another connection in its place meanwhile.
    fn commit<'a>(self: Box<Self>, connection: &'a Connection) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a;

    /// Takes the connection out that was read, with the attempt, and lets go. It is durable when this returns.
    ///
    /// # Errors
    /// `conflict` when there is none of the generation that was read: what somebody put in its place meanwhile stays.
    fn remove<'a>(self: Box<Self>) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a;
}
