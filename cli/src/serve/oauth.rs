//! Connecting accounts through a browser: the way to the app's page, and the way back.

mod answer;
mod binding;
mod redirect;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, RawQuery, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use connector_core::dispatch::gather_settings;
use connector_core::host::Host;
use connector_core::oauth::authorization::{
    self, BeginAuthorization, FinishedAuthorization, StartedAuthorization,
};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::access::{Caller, Scope};
use super::answer::Failure;
use super::origin::is_of_foreign_page;
use super::{App, Server};

pub(crate) use binding::Binding;

/// Where apps send people back to, unless the settings name another address.
pub(super) const CALLBACK: &str = "/oauth/callback";

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/oauth/start", get(start))
        // Whoever only looks whether the address answers must not spend the code in it.
        .route(CALLBACK, get(callback).head(async || StatusCode::NO_CONTENT))
}

#[derive(Deserialize)]
struct Start {
    connection: String,
    /// The connector, where several are served.
    app_id: Option<String>,
    return_to: Option<String>,
    /// Whether the connection may become one of another account.
    #[serde(default)]
    change_account: bool,
}

async fn start(
    State(server): State<Arc<Server>>,
    caller: Caller,
    parts: Parts,
    query: Result<Query<Start>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Failure> {
    let failed = |error| Failure::new(error, "server", "oauth_start");
    let Query(request) =
        query.map_err(|error| failed(ConnectorError::new(ErrorCode::BadRequest, error.body_text())))?;
    let customer = request.connection.split('/').next().unwrap_or_default();
    let connector = request.app_id.as_deref().or_else(|| Some(server.only_app()?.integration.app_id()));
    caller.require(Scope::ConnectionWrite, customer, connector.unwrap_or_default()).map_err(failed)?;
    refuse_foreign_links(&parts, &server.public_url).map_err(failed)?;
    let app = connector.and_then(|app_id| server.app(app_id)).ok_or_else(|| {
        let error = ConnectorError::new(ErrorCode::NotFound, "there is no such connector here");
        failed(error.hint("app_id names the connector, where several are served"))
    })?;
    let binding = Binding::of_browser(&server, &parts.headers);
    let begin = BeginAuthorization {
        connection: request.connection,
        session_binding: Some(binding.value().to_owned()),
        may_change_account: request.change_account,
        return_to: request.return_to,
        ..BeginAuthorization::default()
    };
    let app_id = app.integration.app_id();
    let started =
        begin_for(&server, app, begin).await.map_err(|error| Failure::new(error, app_id, "oauth_start"))?;
    answer::go_to_app(&started.authorization_url, &binding).map_err(failed)
}

async fn callback(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let binding = Binding::sent(&server, &headers);
    let finished = take_callback(&server, &query.unwrap_or_default(), binding.as_ref()).await;
    match finished {
        Ok(FinishedAuthorization { return_to: Some(path), .. }) => answer::go_back(&path).into_response(),
        Ok(_) => answer::connected(),
        Err(error) => {
            tracing::warn!(?error, "an account could not be connected");
            answer::failed(&error)
        }
    }
}

/// Begins an authorization whose callback comes to this server.
pub(crate) async fn begin_for(
    server: &Server,
    app: &App,
    mut request: BeginAuthorization,
) -> Result<StartedAuthorization> {
    let host: Arc<dyn Host> = Arc::clone(&app.host) as Arc<dyn Host>;
    let settings = gather_settings(&app.integration, request.settings.clone(), &*host);
    let configured = settings.get("redirect_uri").and_then(Value::as_str);
    match &request.redirect_uri {
        Some(asked) => redirect::check(asked, configured, &server.public_url)?,
        None if configured.is_none() => {
            request.redirect_uri = Some(redirect::own(&server.public_url, CALLBACK));
        }
        None => {}
    }
    authorization::begin(&app.integration, &host, request).await
}

/// Finishes the authorization that the query of a callback belongs to, whichever of our routes it came to.
pub(crate) async fn take_callback(
    server: &Server,
    query: &str,
    binding: Option<&Binding>,
) -> Result<FinishedAuthorization> {
    let find = |app_id: &str| {
        let app = server.app(app_id)?;
        Some((Arc::clone(&app.integration), Arc::clone(&app.host) as Arc<dyn Host>))
    };
    let finished = authorization::finish(&find, query, binding.map(Binding::value)).await;
    server.broker.forget_way_out(query);
    finished
}

/// A link on a page of somebody else's, a neighbour's under the same domain among them, could begin what nobody asked
/// for, with the session of whoever follows it. A browser says where a link was; one that is too old to say is not taken
/// at its session's word.
fn refuse_foreign_links(request: &Parts, public_url: &Url) -> Result<()> {
    let has_session = !request.headers.contains_key(AUTHORIZATION);
    let is_silent = has_session && !request.headers.contains_key("sec-fetch-site");
    if is_silent || is_of_foreign_page(request, public_url) {
        let message = "a login is begun on a page of this server, and not from elsewhere";
        return Err(ConnectorError::new(ErrorCode::PermissionDenied, message)
            .app_error_code("access.foreign_origin")
            .hint("open the overview of this server, and connect the account there"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn refused(headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        refuse_foreign_links(&parts, &Url::parse("https://connect.example").unwrap()).is_err()
    }

    #[test]
    fn no_link_from_elsewhere_begins_a_login() {
        for site in ["cross-site", "same-site"] {
            assert!(refused(&[("sec-fetch-site", site)]), "{site}");
            assert!(refused(&[("sec-fetch-site", site), ("authorization", "Basic eDp5")]), "{site}");
        }
        assert!(refused(&[("cookie", "__Host-connector_session=x")]), "a browser that does not say");
        for site in ["same-origin", "none"] {
            assert!(!refused(&[("sec-fetch-site", site)]), "{site}");
        }
        assert!(!refused(&[("authorization", "Bearer bk_x")]), "a program says nothing");
    }
}
