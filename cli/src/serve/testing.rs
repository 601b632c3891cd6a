//! A server without a network, for the tests of its routes.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use connector_core::host::StopSignal;
use connector_core::integration::Integration;
use connector_store::NewAccessKey;
use serde_json::Value;
use tower::ServiceExt;
use url::Url;

use super::access::Scope;
use super::{Server, ServerOptions, router};
use crate::host::CliHost;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Settings {}

/// A connector that can do nothing.
pub(crate) fn integration(app_id: &str) -> Arc<Integration> {
    Arc::new(Integration::builder::<Settings>(app_id, "1.0.0").build().unwrap())
}

/// A server of these connectors, with a store of its own that is gone with it.
pub(crate) fn server_of(integrations: Vec<Arc<Integration>>) -> Arc<Server> {
    let host = CliHost::new("example").isolated("sqlite::memory:".to_owned());
    let options = ServerOptions {
        public_url: Url::parse("http://127.0.0.1:8080").unwrap(),
        requests_per_second: 0,
        request_timeout: None,
        stop: StopSignal::never(),
    };
    Arc::new(Server::new(integrations, &host, options).unwrap())
}

/// A server of the connector `example`.
pub(crate) fn server() -> Arc<Server> {
    server_of(vec![integration("example")])
}

/// The text of a new key to a server.
pub(crate) async fn key(server: &Server, scopes: &[Scope], apps: &[&str], connectors: &[&str]) -> String {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let new = NewAccessKey {
        label: "test".to_owned(),
        scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        apps: texts(apps),
        connectors: texts(connectors),
        expires_at: None,
    };
    server.store.access_keys().create(new).await.unwrap().1.expose().to_owned()
}

/// The text of a new key that may do everything.
pub(crate) async fn admin_key(server: &Server) -> String {
    key(server, &[Scope::Admin], &["*"], &["*"]).await
}

/// A request with a key.
pub(crate) fn request(method: &str, path: &str, key: &str, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    request.header("authorization", format!("Bearer {key}")).body(Body::from(body.to_owned())).unwrap()
}

/// What the server answers.
pub(crate) async fn answer(server: &Arc<Server>, request: Request<Body>) -> Response {
    router(Arc::clone(server)).oneshot(request).await.unwrap()
}

/// The same with its body as JSON; `null` when it is none.
pub(crate) async fn json_answer(server: &Arc<Server>, request: Request<Body>) -> (StatusCode, Value) {
    let response = answer(server, request).await;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
