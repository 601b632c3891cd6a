//! What can be called, as an OpenAPI document, and the pages that show it.

mod capabilities;
mod components;
mod document;
mod pages;
mod routes;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Server;

pub(crate) use document::document;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/openapi.json", get(openapi)).merge(pages::routes())
}

/// The document, made when somebody asks for the first time.
async fn openapi(State(server): State<Arc<Server>>) -> Response {
    let text = server.openapi.get_or_init(|| {
        let integrations: Vec<_> = server.apps.values().map(|app| &*app.integration).collect();
        document(&integrations, server.public_url.as_str().trim_end_matches('/')).to_string().into()
    });
    ([(CONTENT_TYPE, "application/json")], Body::from(text.to_string())).into_response()
}
