//! The routes of the older tool, for callers that know those.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;

use super::Server;
use super::access::Caller;
use super::answer::Failure;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
}

pub(super) async fn sync_status(
    server: &Arc<Server>,
    app_id: &str,
    caller: &Caller,
) -> Result<Response, Failure> {
    let _ = (server, app_id, caller);
    Err(Failure::new(
        connector_core::ConnectorError::new(connector_core::ErrorCode::NotFound, ""),
        "server",
        "sync",
    ))
}

pub(super) async fn start_sync(
    State(_server): State<Arc<Server>>,
    Path(_app_id): Path<String>,
) -> Result<Response, Failure> {
    Err(Failure::new(
        connector_core::ConnectorError::new(connector_core::ErrorCode::NotFound, ""),
        "server",
        "sync",
    ))
}
