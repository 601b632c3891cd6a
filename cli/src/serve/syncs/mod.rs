//! Runs: started, watched and cancelled over HTTP.

mod body;
mod events;
mod live;
mod routes;
mod runs;
#[cfg(test)]
mod tests;
mod view;

pub(super) use routes::routes;
pub(crate) use routes::{app_of, customer, require, respond};
pub(crate) use runs::Runs;
pub(crate) use view::RunView;
#[cfg(test)]
pub(crate) use view::StreamView;
