//! Who may do what: keys, their scopes, and the caller behind a request.

mod caller;
mod credentials;
mod failures;
mod keys;
mod pattern;
mod scope;
#[cfg(test)]
mod tests;

pub(crate) use caller::{Caller, Refused, address_of};
pub(crate) use keys::Access;
pub(crate) use pattern::is_pattern;
pub(crate) use scope::Scope;
