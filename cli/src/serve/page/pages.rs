//! The overview, and the page of one connection.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use connector_core::{ConnectorError, ErrorCode};
use serde::Deserialize;
use serde_json::json;

use super::facts::{Facts, Wanted};
use super::frame::Visitor;
use super::model::ConnectorView;
use super::templates::page;
use crate::serve::access::{Caller, Scope};
use crate::serve::answer::Failure;
use crate::serve::{App, Server};

#[derive(Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    find: String,
    /// The connector that `page` is about.
    of: Option<String>,
    #[serde(default)]
    page: usize,
}

/// Everything at a glance.
pub(super) async fn overview(
    State(server): State<Arc<Server>>,
    visitor: Visitor,
    Query(shown): Query<Shown>,
) -> Result<Response, Failure> {
    let mut connectors = Vec::new();
    for (app_id, app) in server.apps.iter().filter(|(app_id, _)| sees(&visitor.caller, app_id)) {
        let is_paged = shown.of.as_ref().is_none_or(|of| of == app_id);
        let wanted = Wanted {
            connection: None,
            find: shown.find.clone(),
            page: if is_paged { shown.page } else { 0 },
        };
        connectors.push(view(&server, app, &visitor, &wanted).await?);
    }
    // On later pages there may be less to look at than there is.
    let is_whole = shown.page == 0 && shown.find.is_empty();
    let attention: usize = connectors.iter().map(ConnectorView::attention).sum();
    Ok(page(
        StatusCode::OK,
        "overview.html",
        json!({
            "frame": visitor.frame,
            "connectors": connectors,
            "attention": attention,
            "is_whole": is_whole,
        }),
    ))
}

#[derive(Deserialize)]
pub(super) struct Named {
    name: String,
}

/// One connection.
pub(super) async fn connection(
    State(server): State<Arc<Server>>,
    Path(app_id): Path<String>,
    visitor: Visitor,
    Query(Named { name }): Query<Named>,
) -> Result<Response, Failure> {
    let app = app_of(&server, &app_id)?;
    let wanted = Wanted { connection: Some(name.clone()), ..Wanted::default() };
    let connector = view(&server, app, &visitor, &wanted).await?;
    if connector.has_no_connections() {
        return Err(missing(&app_id, "there is no connection of this name that your key shows"));
    }
    Ok(page(
        StatusCode::OK,
        "connection.html",
        json!({"frame": visitor.frame, "connector": connector, "name": name}),
    ))
}

async fn view(
    server: &Server,
    app: &App,
    visitor: &Visitor,
    wanted: &Wanted,
) -> Result<ConnectorView, Failure> {
    let app_id = app.integration.app_id();
    let facts = Facts::read(server, app, &visitor.caller, wanted)
        .await
        .map_err(|error| Failure::new(error, app_id, "page"))?;
    let may_connect = visitor.caller.allows_some(Scope::ConnectionWrite, app_id);
    Ok(ConnectorView::new(facts, wanted, may_connect, visitor.now))
}

fn sees(caller: &Caller, app_id: &str) -> bool {
    [Scope::StatusRead, Scope::SyncRead].into_iter().any(|scope| caller.allows_some(scope, app_id))
}

/// The connector that a path names.
pub(super) fn app_of<'s>(server: &'s Server, app_id: &str) -> Result<&'s App, Failure> {
    server.app(app_id).ok_or_else(|| missing("server", "no connector of this name is served here"))
}

pub(super) fn missing(app_id: &str, message: &str) -> Failure {
    Failure::new(ConnectorError::new(ErrorCode::NotFound, message), app_id, "page")
}
