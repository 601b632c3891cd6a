//! OAuth: authorization URL, callback and refresh for every integration, and the store that tokens live in.

pub mod authorization;
mod authorizations;
mod declaration;
mod exchange;
mod failure;
mod flow;
mod store;
mod stored;
mod token;

pub use authorizations::{AuthorizationStore, PendingAuthorization, TakenAuthorization};
pub use declaration::{OAuth, OAuthClient};
pub(crate) use failure::TokenFailure;
pub(crate) use flow::capabilities;
pub use store::{
    Connection, ConnectionKey, ConnectionState, ConnectionSummary, LockedConnection, RefreshAttempt, Renewal,
    TokenStore,
};
pub(crate) use stored::StoredToken;
pub use token::TokenSet;
