//! The page for people: connections, streams and runs at a glance, and what to do where something is wrong.
//!
//! ```text
//! session ─► Caller ─► facts (bounded reads) ─► model (pure) ─► templates
//! ```
//! Paths begin with `/-/`, which no connection and no connector can be called.

mod access;
mod actions;
mod assets;
mod chart;
mod connect;
mod facts;
mod frame;
mod instants;
mod lists;
mod model;
mod pages;
mod people;
mod sessions;
mod sign_in;
mod states;
mod templates;
#[cfg(test)]
mod tests;
mod trouble;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::Server;

pub(crate) use people::{message, show_errors_as_pages};
pub(crate) use sessions::Sessions;

const SIGN_IN: &str = "/-/sign-in";
const SIGN_OUT: &str = "/-/sign-out";

/// Whether somebody without a key may send a form there: the one that has the key in it, and the one that ends a session
/// whose key may have ended before.
pub(super) fn is_for_strangers(path: &str) -> bool {
    [SIGN_IN, SIGN_OUT].contains(&path)
}

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/", get(pages::overview))
        .route("/-/assets/{name}", get(assets::serve))
        .route(SIGN_IN, get(sign_in::show).post(sign_in::sign_in))
        .route(SIGN_OUT, post(sign_in::sign_out))
        .route("/-/connected", get(connect::connected))
        .route("/-/{app_id}/connection", get(pages::connection))
        .route("/-/{app_id}/connect", get(connect::connect))
        .route("/-/{app_id}/streams", get(lists::streams))
        .route("/-/{app_id}/runs", get(lists::runs))
        .route("/-/{app_id}/runs/{run_id}", get(lists::run))
        .route("/-/{app_id}/rejects", get(lists::rejects))
        .route("/-/{app_id}/sync", post(actions::start_sync))
        .route("/-/{app_id}/cancel", post(actions::cancel))
}
