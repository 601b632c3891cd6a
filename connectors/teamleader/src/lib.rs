//! The connector for Teamleader Focus.
//!
#![doc = include_str!("docs.md")]
#![warn(missing_docs)]

mod capabilities;
mod client;
mod documents;
mod error;
mod export;
mod integration;
mod resources;
mod settings;
mod webhooks;

pub use integration::integration;
pub use settings::{ExportCustomFields, Settings};
