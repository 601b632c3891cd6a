//! Support for tests of the whole system: real binaries, a real PostgreSQL server, the workspace's own rules.
//!
//! [`binary`] runs a connector as its users do, [`account`] points one at a sandbox and at a [`store`],
//! [`postgres`] hands out databases, [`architecture`] holds the rules of the workspace's rooms.
#![warn(missing_docs)]

pub mod account;
pub mod architecture;
pub mod binary;
pub mod browser;
pub mod chromium;
pub mod collector;
pub mod comparison;
pub mod following;
pub mod oauth_server;
pub mod openapi;
pub mod people;
pub mod served;
pub mod source;
pub mod store;
pub mod streams;
pub mod waiting;
pub use test_postgres as postgres;
