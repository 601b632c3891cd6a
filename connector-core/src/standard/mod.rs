//! Capabilities that mean the same in every connector, with their requests and responses.
//!
//! Programs that know Lumos connectors drive any connector that has these, whatever the app. An author writes a function
//! of the right type and registers it under its name; metadata, paging and what a write did follow from the type.
//!
//! ```
//! use connector_core::standard::{self, Account, ListAccounts, Listed, Position};
//! use connector_core::{Call, Result};
//!
//! async fn list_accounts(_: Call<()>, _: ListAccounts, _: Position) -> Result<Listed<Account>> {
//!     let ada = Account { integration_specific_id: "1".into(), ..Account::default() };
//!     Ok(Listed::last(vec![ada]))
//! }
//!
//! let capability = standard::list_accounts(list_accounts);
//! assert_eq!(capability.name(), "list_accounts");
//! ```

mod accounts;
mod activity;
mod applications;
mod arbitrary_endpoint;
mod associations;
mod credentials;
mod custom_attributes;
mod entitlements;
mod expenses;
mod graph;
mod listed;
mod non_human_accounts;
mod probe;
mod register;
mod resources;
mod written;

pub use accounts::*;
pub use activity::*;
pub use applications::*;
pub use arbitrary_endpoint::*;
pub use associations::*;
pub use credentials::*;
pub use custom_attributes::*;
pub use entitlements::*;
pub use expenses::*;
pub use graph::*;
pub use listed::*;
pub use non_human_accounts::*;
pub use probe::*;
pub use register::*;
pub use resources::*;
pub use written::*;
