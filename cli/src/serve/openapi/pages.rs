//! Swagger UI at `/docs`, out of the program itself.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use connector_core::{ConnectorError, ErrorCode};
use utoipa_swagger_ui::Config;

use crate::serve::answer::Failure;
use crate::serve::{Server, mishaps};

/// It sets styles of elements, and shows pictures that it has in its text; all else comes from files of ours.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route("/docs/", get(async || page("index.html")))
        .route("/docs/{*file}", get(async |Path(file): Path<String>| page(&file)))
}

fn page(file: &str) -> Response {
    static CONFIG: OnceLock<Arc<Config<'static>>> = OnceLock::new();
    // What is asked for stays with the page: a key that somebody typed must not be kept in the browser.
    let config = CONFIG.get_or_init(|| Arc::new(Config::from("/openapi.json").persist_authorization(false)));
    match utoipa_swagger_ui::serve(file, Arc::clone(config)) {
        Ok(Some(file)) => {
            let headers = [
                (CONTENT_TYPE, file.content_type),
                (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
                (CACHE_CONTROL, "max-age=3600".to_owned()),
            ];
            (headers, Body::from(file.bytes.into_owned())).into_response()
        }
        Ok(None) => mishaps::unknown_path().into_response(),
        Err(error) => {
            let error =
                ConnectorError::new(ErrorCode::InternalError, "a page of the documentation is damaged")
                    .source(error.to_string());
            Failure::new(error, "server", "docs").into_response()
        }
    }
}
