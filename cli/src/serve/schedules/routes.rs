//! The routes of schedules.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, put};
use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::{ScheduleKey, StoredSchedule};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::definition::{Definition, check_streams, shown};
use crate::serve::access::{Caller, Scope};
use crate::serve::answer::Failure;
use crate::serve::capabilities::check_tables;
use crate::serve::syncs::{app_of, customer, require, respond};
use crate::serve::{App, Server};

pub(in crate::serve) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/schedules", get(list))
        .route("/schedules/{connection}/{name}", put(set).delete(remove))
        .route("/{app_id}/schedules", get(list))
        .route("/{app_id}/schedules/{connection}/{name}", put(set).delete(remove))
}

/// What a path names.
type Parts = Path<HashMap<String, String>>;

fn app<'s>(server: &'s Server, parts: &Parts) -> Result<&'s App> {
    app_of(server, parts.get("app_id").map(String::as_str))
}

/// The schedule that a path names, if the caller may change it.
fn key(server: &Server, parts: &Parts, caller: &Caller) -> Result<ScheduleKey> {
    let app_id = app(server, parts)?.integration.app_id();
    let part = |name| parts.get(name).cloned().unwrap_or_default();
    let key = ScheduleKey { app_id: app_id.to_owned(), connection: part("connection"), name: part("name") };
    require(caller, Scope::SyncWrite, &key.connection, app_id)?;
    Ok(key)
}

fn failure(parts: &Parts) -> impl Fn(ConnectorError) -> Failure {
    let app_id = parts.get("app_id").cloned().unwrap_or_else(|| "server".to_owned());
    move |error| Failure::new(error, &app_id, "schedules")
}

async fn list(State(server): State<Arc<Server>>, parts: Parts, caller: Caller) -> Result<Response, Failure> {
    let fail = failure(&parts);
    caller.require_scope(Scope::SyncRead).map_err(&fail)?;
    let app_id = app(&server, &parts).map_err(&fail)?.integration.app_id();
    let may_see = |stored: &StoredSchedule| {
        caller.allows(Scope::SyncRead, customer(&stored.schedule.key.connection), app_id)
    };
    let stored = server.store.schedules(app_id).await.map_err(&fail)?;
    let schedules: Vec<Value> = stored.iter().filter(|stored| may_see(stored)).map(shown).collect();
    respond(StatusCode::OK, &json!({"schedules": schedules})).map_err(&fail)
}

async fn set(
    State(server): State<Arc<Server>>,
    parts: Parts,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Failure> {
    let fail = failure(&parts);
    let key = key(&server, &parts, &caller).map_err(&fail)?;
    let make = async {
        let app = app(&server, &parts)?;
        check_streams(&app.integration)?;
        let definition = Definition::parse(&body)?;
        check_tables(&caller, &app.integration, &definition.request)?;
        let schedule = definition.into_schedule(key.clone(), Timestamp::now())?;
        server.store.put_schedule(&schedule).await?;
        let stored = server.store.schedules(&key.app_id).await?;
        let made = stored.iter().find(|stored| stored.schedule.key == key).map(shown);
        respond(StatusCode::OK, &made)
    };
    make.await.map_err(&fail)
}

async fn remove(
    State(server): State<Arc<Server>>,
    parts: Parts,
    caller: Caller,
) -> Result<Response, Failure> {
    let fail = failure(&parts);
    let key = key(&server, &parts, &caller).map_err(&fail)?;
    if server.store.remove_schedule(&key).await.map_err(&fail)? {
        return respond(StatusCode::OK, &json!({"removed": true})).map_err(&fail);
    }
    Err(fail(
        ConnectorError::new(ErrorCode::NotFound, "there is no schedule of this name")
            .hint("GET /schedules lists them"),
    ))
}
