//! Support for tests of the whole system: real binaries, a real PostgreSQL server, the workspace's own rules.
//!
//! [`binary`] runs a connector as its users do, [`postgres`] hands out databases, [`architecture`] holds the
//! rules of the workspace's rooms.

pub mod architecture;
pub mod binary;
pub use test_postgres as postgres;
