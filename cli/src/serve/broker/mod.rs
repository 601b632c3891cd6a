//! The token broker: access tokens that work, for programs that may have them.

use std::sync::Arc;

use axum::Router;

use super::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
}

/// What the broker knows in this process.
#[derive(Default)]
pub(crate) struct Broker {}
