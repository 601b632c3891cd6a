//! OAuth: authorization URL, callback and refresh for every integration, and the store that tokens live in.

pub mod authorization;
mod authorizations;
mod coordinator;
mod declaration;
mod exchange;
mod failure;
mod flow;
mod issue;
mod store;
mod stored;
mod token;

pub use authorizations::{AuthorizationStore, PendingAuthorization, TakenAuthorization};
pub use coordinator::RefreshCoordinator;
pub(crate) use coordinator::{MARGIN, Need, Renewer};
pub use declaration::{OAuth, OAuthClient};
pub(crate) use failure::TokenFailure;
pub(crate) use flow::capabilities;
pub use issue::{IssueOptions, IssuedToken, access_token};
pub use store::{
    Connection, ConnectionKey, ConnectionState, ConnectionSummary, LockedConnection, RefreshAttempt, Renewal,
    TokenStore,
};
pub(crate) use stored::StoredToken;
pub use token::TokenSet;
