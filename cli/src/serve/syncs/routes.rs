//! The routes of runs.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use connector_core::envelope::Answer;
use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::RunQuery;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{connection_of, envelope};
use super::events;
use super::view::RunView;
use crate::serve::access::{Caller, Scope};
use crate::serve::answer::Failure;
use crate::serve::capabilities::check_places;
use crate::serve::{App, Server, older};

/// Runs of a history that does not say how many.
const USUAL_HISTORY: u32 = 20;
const LONGEST_HISTORY: u32 = 500;

pub(crate) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/sync", post(start))
        .route("/{app_id}/sync", post(start))
        // The older tool has its connector in the place of the id.
        .route("/sync/{id}", get(look).delete(cancel).post(older::start_sync))
        .route("/sync/{id}/cancel", post(cancel))
        .route("/sync/{id}/events", get(follow))
        .route("/syncs", get(history))
        .route("/{app_id}/syncs", get(history))
}

/// The connector that a path names, or the only one.
pub(crate) fn app_of<'s>(server: &'s Server, app_id: Option<&str>) -> Result<&'s App> {
    match app_id {
        Some(app_id) => server.app(app_id).ok_or_else(|| {
            ConnectorError::new(ErrorCode::NotFound, "no connector of this name is served here")
        }),
        None => server.only_app().ok_or_else(|| {
            let first = server.apps.keys().next().map_or("app_id", String::as_str);
            ConnectorError::new(ErrorCode::NotFound, "several connectors are served here")
                .hint(format!("put the connector's id in front of the path: /{first}/…"))
        }),
    }
}

/// Refuses what the caller's key does not allow for a connection.
pub(crate) fn require(caller: &Caller, scope: Scope, connection: &str, app_id: &str) -> Result<()> {
    caller.require(scope, customer(connection), app_id)
}

/// The customer's app that a connection is of: the first part of its name.
pub(crate) fn customer(connection: &str) -> &str {
    connection.split('/').next().unwrap_or(connection)
}

/// An answer with the envelope's form.
pub(crate) fn respond<T: Serialize>(status: StatusCode, response: &T) -> Result<Response> {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    Ok((status, headers, Answer::new(response)?.to_json()).into_response())
}

async fn start(
    State(server): State<Arc<Server>>,
    app_id: Option<Path<String>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Failure> {
    let app_id = app_id.map(|Path(app_id)| app_id);
    let fail = |error| Failure::new(error, app_id.as_deref().unwrap_or("server"), "sync");
    let app = app_of(&server, app_id.as_deref()).map_err(fail)?;
    let app_id = app.integration.app_id();
    let fail = |error| Failure::new(error, app_id, "sync");
    let envelope = envelope(&body).map_err(fail)?;
    let connection = connection_of(&envelope);
    require(&caller, Scope::SyncWrite, connection, app_id).map_err(fail)?;
    let of = Some(customer(connection));
    check_places(&caller, &app.integration, &envelope, of).map_err(fail)?;
    let run_id = server.runs.start_with(&server, app_id, envelope).await.map_err(fail)?;
    started(run_id).map_err(fail)
}

fn started(run_id: Uuid) -> Result<Response> {
    let links = links(run_id);
    let location = links["self"].as_str().unwrap_or_default().to_owned();
    let response =
        respond(StatusCode::ACCEPTED, &json!({"run_id": run_id, "status": "running", "links": links}))?;
    Ok(([(LOCATION, location)], response).into_response())
}

fn links(run_id: Uuid) -> Value {
    json!({
        "self": format!("/sync/{run_id}"),
        "events": format!("/sync/{run_id}/events"),
        "cancel": format!("/sync/{run_id}/cancel"),
    })
}

async fn look(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<Response, Failure> {
    let Some(run_id) = run_id(&id) else {
        return older::sync_status(&server, &id, &caller).await;
    };
    let view = found(&server, run_id, &caller, Scope::SyncRead).await?;
    respond(StatusCode::OK, &view).map_err(|error| Failure::new(error, &view.app_id, "sync"))
}

async fn cancel(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<Response, Failure> {
    let run_id = run_id(&id).ok_or_else(|| Failure::new(unknown(), "server", "sync"))?;
    let view = found(&server, run_id, &caller, Scope::SyncWrite).await?;
    let fail = |error| Failure::new(error, &view.app_id, "sync");
    let is_asked = server.runs.cancel(run_id)
        || (view.is_running() && server.store.cancel_run(run_id).await.map_err(fail)?);
    if is_asked {
        let stopping = json!({"run_id": run_id, "status": "stopping", "links": links(run_id)});
        return respond(StatusCode::ACCEPTED, &stopping).map_err(fail);
    }
    respond(StatusCode::OK, &json!({"run_id": run_id, "status": "ended"})).map_err(fail)
}

async fn follow(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let run_id = run_id(&id).ok_or_else(|| Failure::new(unknown(), "server", "sync"))?;
    let view = found(&server, run_id, &caller, Scope::SyncRead).await?;
    Ok(events::follow(&server, view, &headers))
}

#[derive(Deserialize)]
struct HistoryQuery {
    connection: Option<String>,
    limit: Option<u32>,
}

async fn history(
    State(server): State<Arc<Server>>,
    app_id: Option<Path<String>>,
    query: Result<Query<HistoryQuery>, QueryRejection>,
    caller: Caller,
) -> Result<Response, Failure> {
    let app_id = app_id.map(|Path(app_id)| app_id);
    let fail = |error| Failure::new(error, app_id.as_deref().unwrap_or("server"), "syncs");
    let app = app_of(&server, app_id.as_deref()).map_err(fail)?;
    let app_id = app.integration.app_id();
    let fail = |error| Failure::new(error, app_id, "syncs");
    let Query(query) = query.map_err(|_| {
        fail(ConnectorError::new(
            ErrorCode::InvalidValue,
            "the query takes `connection`, and `limit` as a number",
        ))
    })?;
    caller.require_scope(Scope::SyncRead).map_err(fail)?;
    if let Some(connection) = &query.connection {
        require(&caller, Scope::SyncRead, connection, app_id).map_err(fail)?;
    }
    let most = query.limit.unwrap_or(USUAL_HISTORY).min(LONGEST_HISTORY);
    let query = RunQuery { connections: query.connection.map(|name| vec![name]), run_id: None, most };
    let mut runs = server.store.chosen_runs(app_id, &query).await.map_err(fail)?;
    runs.retain(|run| caller.allows(Scope::SyncRead, customer(&run.connection), app_id));
    let runs: Vec<RunView> = runs.into_iter().map(|run| current(&server, RunView::of_record(run))).collect();
    respond(StatusCode::OK, &json!({"runs": runs})).map_err(fail)
}

/// The run, if there is one and the caller may know.
async fn found(server: &Server, run_id: Uuid, caller: &Caller, scope: Scope) -> Result<RunView, Failure> {
    let fail = |error| Failure::new(error, "server", "sync");
    caller.require_scope(scope).map_err(fail)?;
    let live = server.runs.watch(run_id).map(|watch| watch.borrow().clone());
    let view = match live {
        Some(view) => view,
        None => recorded(server, run_id).await.and_then(|view| view.ok_or_else(unknown)).map_err(fail)?,
    };
    require(caller, scope, &view.connection, &view.app_id)
        .map_err(|error| Failure::new(error, &view.app_id, "sync"))?;
    Ok(view)
}

/// The run as the store has it.
pub(super) async fn recorded(server: &Server, run_id: Uuid) -> Result<Option<RunView>> {
    let query = RunQuery { run_id: Some(run_id), most: 1, ..RunQuery::default() };
    for app_id in server.apps.keys() {
        if let Some(record) = server.store.chosen_runs(app_id, &query).await?.pop() {
            return Ok(Some(RunView::of_record(record)));
        }
    }
    Ok(None)
}

/// The view of this process, where the run is one of its own.
fn current(server: &Server, record: RunView) -> RunView {
    server.runs.watch(record.run_id).map_or(record, |watch| watch.borrow().clone())
}

fn run_id(id: &str) -> Option<Uuid> {
    Uuid::try_parse(id).ok()
}

fn unknown() -> ConnectorError {
    ConnectorError::new(ErrorCode::NotFound, "there is no run of this id")
        .hint("GET /syncs lists the latest runs")
}
