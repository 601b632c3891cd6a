//! What the sandbox of a small connector is made of: routes on a port, a guard before them, an authorization server.
//!
//! ```
//! use axum::{Json, Router, routing::get};
//! use connector_cli::SandboxOptions;
//! use connector_cli::stand_in::{StandIn, guarded};
//! use serde_json::json;
//!
//! async fn start(options: SandboxOptions) -> std::io::Result<StandIn> {
//!     let router = Router::new().route("/items", get(async || Json(json!([{"id": "1"}]))));
//!     let router = guarded(router, |authorization| authorization == "Bearer sandbox-token");
//!     let auth = json!({"token": {"token": "sandbox-token"}});
//!     Ok(StandIn::serve(options.port, router).await?.auth(auth))
//! }
//! # let _ = connector_cli::CommandLine::new("example-connector", || unimplemented!()).sandbox(start);
//! ```

mod provider;

use std::io;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::sandbox::RunningSandbox;

pub use provider::Provider;

/// Routes that answer on a port of this machine as long as the program runs.
pub struct StandIn {
    settings: Map<String, Value>,
    auth: Option<Value>,
}

impl StandIn {
    /// Serves routes on a port; 0 takes a free one. The setting `api_url` leads there.
    pub async fn serve(port: u16, router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { settings: Map::from_iter([("api_url".to_owned(), url.into())]), auth: None })
    }

    /// Another setting that a connector needs.
    pub fn setting(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }

    /// The settings `client_id` and `client_secret`, of the client that every [`Provider`] knows.
    pub fn client(self) -> Self {
        self.setting("client_id", provider::CLIENT_ID).setting("client_secret", provider::CLIENT_SECRET)
    }

    /// The `auth` of an envelope that is taken.
    pub fn auth(mut self, auth: Value) -> Self {
        self.auth = Some(auth);
        self
    }
}

impl RunningSandbox for StandIn {
    fn settings(&self) -> Map<String, Value> {
        self.settings.clone()
    }

    fn auth(&self) -> Option<Value> {
        self.auth.clone()
    }
}

/// The same routes for those whose header `Authorization` is accepted; the others get 401.
pub fn guarded<F>(router: Router, accepts: F) -> Router
where
    F: Fn(&str) -> bool + Clone + Send + Sync + 'static,
{
    router.layer(from_fn(move |request: Request, next: Next| {
        let sent = request.headers().get(AUTHORIZATION).and_then(|sent| sent.to_str().ok());
        let is_accepted = sent.is_some_and(&accepts);
        async move { if is_accepted { next.run(request).await } else { problem(StatusCode::UNAUTHORIZED) } }
    }))
}

/// An answer that is no success, with its status as `code` and in words as `message`.
pub fn problem(status: StatusCode) -> Response {
    (status, Json(json!({"code": status.as_str(), "message": status.to_string()}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_guard_lets_through_what_it_accepts() {
        let router = guarded(Router::new().route("/", get(async || "in")), |sent| sent == "Bearer t");
        for (sent, status) in [(Some("Bearer t"), 200), (Some("Bearer x"), 401), (None, 401)] {
            let mut request = Request::get("/");
            if let Some(sent) = sent {
                request = request.header(AUTHORIZATION, sent);
            }
            let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn its_settings_lead_to_it() {
        let running = StandIn::serve(0, Router::new()).await.unwrap().client();
        let settings = running.settings();
        assert!(settings["api_url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
        assert_eq!(settings["client_id"], "sandbox");
        assert_eq!(running.auth(json!({"token": {}})).auth, Some(json!({"token": {}})));
    }
}
