//! Capabilities over HTTP: the envelope of the command line as the body of a request, and its answer as the answer's.

mod call;
mod limits;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use connector_core::{ConnectorError, ErrorCode};

use super::access::Caller;
use super::answer::Failure;
use super::mishaps;
use super::{App, Server};
use crate::app_info;

pub(super) use limits::{check_places, check_tables};

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/info", get(info_of_only_app).post(info_of_only_app))
        .route("/{app_id}/info", get(info_of_app).post(info_of_app))
        .route("/app_info", post(app_info_of_only_app))
        .route("/{app_id}/app_info", post(app_info_of_app))
        .route("/{capability}", any(call_only_app))
        .route("/{app_id}/{capability}", any(call_app))
}

async fn info_of_only_app(State(server): State<Arc<Server>>, _: Caller) -> Result<Response, Failure> {
    let app = server.only_app().ok_or_else(which_app)?;
    info(app)
}

async fn info_of_app(
    State(server): State<Arc<Server>>,
    Path(app_id): Path<String>,
    _: Caller,
) -> Result<Response, Failure> {
    info(server.app(&app_id).ok_or_else(no_capability)?)
}

fn info(app: &App) -> Result<Response, Failure> {
    let answer = app.info().map_err(|error| Failure::new(error, app.integration.app_id(), "info"))?;
    Ok(json(answer))
}

async fn app_info_of_only_app(State(server): State<Arc<Server>>, _: Caller) -> Result<Response, Failure> {
    app_info(server.only_app().ok_or_else(which_app)?)
}

async fn app_info_of_app(
    State(server): State<Arc<Server>>,
    Path(app_id): Path<String>,
    _: Caller,
) -> Result<Response, Failure> {
    app_info(server.app(&app_id).ok_or_else(no_capability)?)
}

fn app_info(app: &App) -> Result<Response, Failure> {
    let app_id = app.integration.app_id();
    let answer =
        app_info::answer(&app.integration).map_err(|error| Failure::new(error, app_id, "app_info"))?;
    Ok(json(answer.to_json()))
}

async fn call_only_app(
    State(server): State<Arc<Server>>,
    Path(capability): Path<String>,
    request: Request,
) -> Response {
    let app = server.only_app();
    if app.is_none() && request.method() == Method::POST {
        return which_app().into_response();
    }
    call_of(&server, app, &capability, request).await
}

async fn call_app(
    State(server): State<Arc<Server>>,
    Path((app_id, capability)): Path<(String, String)>,
    request: Request,
) -> Response {
    call_of(&server, server.app(&app_id), &capability, request).await
}

/// Answers a request for a path that a capability may have. Whoever has no key learns nothing from a POST.
async fn call_of(server: &Arc<Server>, app: Option<&App>, capability: &str, request: Request) -> Response {
    if request.method() != Method::POST {
        let is_known = app.is_some_and(|app| app.integration.capability(capability).is_some());
        return if is_known { only_post() } else { mishaps::unknown_path().into_response() };
    }
    match call::call(server, app, capability, request).await {
        Ok(answer) => json(answer),
        Err(failure) => failure.into_response(),
    }
}

fn only_post() -> Response {
    let mut response = mishaps::method_not_allowed_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

/// Records and tokens are nobody's to keep on the way.
fn json(body: impl Into<Body>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (headers, body.into()).into_response()
}

fn which_app() -> Failure {
    let error = ConnectorError::new(
        ErrorCode::NotFound,
        "this server has several connectors: the path must name one",
    )
    .hint("as /{app_id}/{capability}; /docs shows all");
    Failure::new(error, "server", "capabilities")
}

fn no_capability() -> Failure {
    let error =
        ConnectorError::new(ErrorCode::NotFound, "there is no such connector here").hint("/docs shows all");
    Failure::new(error, "server", "capabilities")
}
