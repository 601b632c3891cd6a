//! The way to an app's own page: a name for the connection, and the link that leads there.
//!
//! A link and no form, since a policy that keeps forms here keeps them from being redirected to the app too.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use connector_core::oauth::check_connection_name;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded::Serializer;

use super::access::{Rights, app_of as first_part};
use super::facts::name_of;
use super::frame::{Frame, Visitor};
use super::pages::{app_of, missing};
use super::templates::page;
use crate::serve::Server;
use crate::serve::access::Scope;
use crate::serve::answer::Failure;

#[derive(Deserialize)]
pub(super) struct Chosen {
    connection: Option<String>,
}

/// Asks for a name, and then leads on.
pub(super) async fn connect(
    State(server): State<Arc<Server>>,
    Path(app_id): Path<String>,
    visitor: Visitor,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Failure> {
    let app = app_of(&server, &app_id)?;
    let fail = |error| Failure::new(error, &app_id, "page");
    if !visitor.caller.allows_some(Scope::ConnectionWrite, &app_id) {
        return Err(missing(&app_id, "your key does not allow to connect accounts"));
    }
    let connections = server.store.connections(&app_id).await.map_err(fail)?;
    let is_known = |name: &str| connections.iter().any(|connection| connection.name == name);
    let chosen = chosen.connection.map(|name| name.trim().to_owned());
    // Names that are there already may have been made by hand, with other letters.
    let (name, refused) = match chosen {
        Some(name) if check_connection_name(&name).is_ok() || is_known(&name) => (Some(name), None),
        refused => (None, refused),
    };
    if let Some(name) = &name {
        visitor.caller.require(Scope::ConnectionWrite, first_part(name), &app_id).map_err(fail)?;
    }
    let shows_state = name.as_ref().is_some_and(|name| Rights::of(&visitor.caller, &app_id, name).status);
    let view = json!({
        "frame": visitor.frame,
        "app_id": &app_id,
        "app": name_of(app),
        "start": name.as_ref().map(|name| start_path(&app_id, name)),
        "is_known": shows_state && name.as_deref().is_some_and(is_known),
        "suggested": if is_known("default") { "" } else { "default" },
        "name": name,
        "refused": refused,
    });
    Ok(page(StatusCode::OK, "connect.html", view))
}

fn start_path(app_id: &str, name: &str) -> String {
    let mut query = Serializer::new(String::new());
    query
        .append_pair("connection", name)
        .append_pair("app_id", app_id)
        .append_pair("return_to", "/-/connected");
    format!("/oauth/start?{}", query.finish())
}

/// Where people come back to. The app's page sent them, so that the cookie of their session did not come along with
/// this request; it does with the next one, which this page makes.
pub(super) async fn connected() -> Response {
    page(StatusCode::OK, "connected.html", json!({"frame": Frame::bare()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_add_to_the_address() {
        let path = start_path("example", "a/b&app_id=other");
        assert_eq!(
            path,
            "/oauth/start?connection=a%2Fb%26app_id%3Dother&app_id=example&return_to=%2F-%2Fconnected"
        );
    }
}
