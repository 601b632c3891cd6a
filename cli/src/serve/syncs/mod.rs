//! Runs: started, watched and cancelled over HTTP.

mod live;
mod runs;
mod view;

use std::sync::Arc;

use axum::Router;

use super::Server;

pub(crate) use runs::Runs;
pub(crate) use view::{RunView, StreamView};

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
}
