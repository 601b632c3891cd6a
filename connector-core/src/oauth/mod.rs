//! OAuth: what an app's authorization server is told and answers, for every integration, and the store that tokens live
//! in.
//!
//! An integration declares its server ([`OAuth`], [`OAuthClient`]); capabilities follow from the declaration. Below
//! them: `exchange` and `device` know the grants, `endpoint` sends forms with one of the ways of `authentication`,
//! `answer` tells tokens (`token_response`) from refusals (`refusal`), and `failure` what a refusal leaves behind.

mod about_tokens;
mod account;
mod answer;
mod assertion;
mod assertion_grant;
mod authentication;
pub mod authorization;
mod authorization_url;
mod authorizations;
mod callback;
mod capabilities;
mod client;
mod client_credentials;
mod connection_name;
mod coordinator;
mod declaration;
mod device;
mod discovery;
mod endpoint;
mod exchange;
mod failure;
mod flow;
mod grants;
mod issue;
mod refusal;
mod store;
mod stored;
mod token;
mod token_response;
mod token_status;
mod under_way;
mod vault_tokens;

pub use assertion_grant::AssertionGrant;
pub(crate) use assertion_grant::exchange_assertion;
pub use authentication::ClientAuthentication;
pub use authorizations::{AuthorizationStore, PendingAuthorization, TakenAuthorization};
pub(crate) use capabilities::capabilities;
pub use client::{Endpoints, OAuthClient};
pub(crate) use client_credentials::exchange_client_credentials;
pub use connection_name::{check_connection_name, is_name};
pub use coordinator::RefreshCoordinator;
pub(crate) use coordinator::{MARGIN, Need, Renewer};
pub use declaration::{Grant, OAuth};
pub(crate) use discovery::MetadataCache;
pub(crate) use endpoint::LONGEST_REQUEST;
pub(crate) use failure::TokenFailure;
pub use issue::{IssueOptions, IssuedToken, access_token};
pub use store::{
    AccountProof, Connection, ConnectionKey, ConnectionState, ConnectionSummary, LockedConnection,
    RefreshAttempt, Renewal, TokenStore, tell_open_attempt,
};
pub(crate) use stored::StoredToken;
pub use token::TokenSet;
pub use token_status::{RenewalStatus, TokenState, TokenStatus, token_status};
pub(crate) use under_way::to_the_end;
pub use under_way::token_requests_settled;
