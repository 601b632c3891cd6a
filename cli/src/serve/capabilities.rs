//! Capabilities over HTTP: the envelope of the command line as the body of a request.

use std::sync::Arc;

use axum::Router;

use super::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
}
