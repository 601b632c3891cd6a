//! A stand-in for the Teamleader Focus API.
//!
#![doc = include_str!("../docs.md")]
#![deny(missing_docs)]

mod api;
mod catalog;
mod clock;
mod control;
mod data;
mod downloads;
mod effects;
mod fault;
mod limiter;
mod log;
mod oauth;
mod options;
mod random;
mod reply;
mod request;
mod schedule;
mod server;
mod sim;
mod state;
mod store;
mod switches;
mod webhooks;

pub use control::{Control, ControlError};
pub use fault::{Fault, FaultKind, Framing, When};
pub use log::{Counters, RequestRecord};
pub use oauth::TokenPair;
pub use options::Options;
pub use schedule::{Action, Scheduled};
pub use server::Sandbox;
pub use switches::{Consent, ErrorBody, RefreshError, Switches};
pub use webhooks::{WebhookMessage, WebhookOutcome, WebhookRegistration};
