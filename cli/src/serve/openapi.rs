//! What can be called, as an OpenAPI document, and the pages that show it.

use std::sync::Arc;

use axum::Router;

use super::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
}
