//! The page for people.

use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;

use super::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
}

/// Who signed in with a browser.
#[derive(Default)]
pub(crate) struct Sessions {}

impl Sessions {
    /// Id of the key that the session of a request was opened with.
    pub(crate) fn key_of(&self, request: &Parts) -> Option<String> {
        let _ = request;
        None
    }
}
