//! Runs: started, watched and cancelled over HTTP.

mod runs;

use std::sync::Arc;

use axum::Router;

use super::Server;

pub(crate) use runs::{RunView, Runs, StreamView};

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
}
