//! OAuth: authorization URL, callback and refresh for every integration, and the store that tokens live in.

mod declaration;
mod exchange;
mod flow;
mod store;
mod stored;
mod token;

pub use declaration::{OAuth, OAuthClient};
pub(crate) use flow::capabilities;
pub use store::{
    Connection, ConnectionKey, ConnectionState, ConnectionSummary, LockedConnection, TokenStore,
};
pub(crate) use stored::StoredToken;
pub use token::TokenSet;
