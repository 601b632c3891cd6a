//! Counters and times for Prometheus.

use std::sync::Arc;

use axum::Router;

use super::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
}
