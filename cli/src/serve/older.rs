//! The routes of the older tool, for callers that know those.

use std::sync::Arc;

use axum::Router;

use super::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
}
