//! What a connector is: the declaration of an app, and everything that follows from it.
//!
//! A connector builds an [`Integration`](integration::Integration) once: settings, credentials, OAuth, capabilities
//! and streams. A door (command line, HTTP server) hands it a [`RequestEnvelope`](envelope::RequestEnvelope) through
//! [`dispatch`](dispatch::dispatch) and gets an [`Answer`](envelope::Answer) or a [`ConnectorError`].
//!
//! This crate knows HTTP. It knows no database, no terminal, no web server and no app.
#![warn(missing_docs)]

pub mod auth;
pub mod author;
pub mod call;
pub mod capability;
pub mod custom_fields;
pub mod dispatch;
pub mod envelope;
pub mod error;
pub mod export;
pub mod host;
pub mod http;
pub mod integration;
pub mod oauth;
mod page_token;
pub mod rate_limit;
pub mod registry;
pub mod schema;
pub mod settings;
pub mod standard;
pub mod stream;
pub mod sync;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod webhook;

/// Version of this framework.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub use auth::{Auth, Secret};
pub use call::Call;
pub use error::{ConnectorError, ErrorCode, Result};
