//! Whether the server lives, and whether it can work.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/health/live", get(async || axum::Json("OK")))
}
