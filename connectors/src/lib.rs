//! Every connector, behind a feature of its name.
//!
//! A crate that no code names is not linked, and then its connector is not registered. So whoever wants all connectors
//! names this one:
//!
//! ```
//! use connectors as _;
//! ```
#![warn(missing_docs)]

#[cfg(feature = "teamleader")]
pub use teamleader;
