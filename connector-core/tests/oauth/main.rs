//! OAuth against a server that answers what the test says: what is sent, and what is made of the answer.

#![expect(clippy::unwrap_used, reason = "what tests share may fail as they do")]

mod authentication;
mod browser;
mod discovery;
mod grants;
mod refusals;
mod server;
mod single_use;
mod tokens;
