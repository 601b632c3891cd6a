//! The sandbox checked over real HTTP: what it promises is what other tests build on.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that failed")]

mod account;
mod client;
mod control;
mod data;
mod downloads;
mod faults;
mod limit;
mod lists;
mod live;
mod oauth;
mod operations;
mod parents;
mod particular;
mod requests;
mod resources;
mod webhooks;
mod windows;
