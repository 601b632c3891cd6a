//! Connecting accounts through a browser.

use std::sync::Arc;

use axum::Router;

use super::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
}
