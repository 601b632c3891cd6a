//! The routes of an older tool, under its paths and in its shapes, for callers that know those.
//!
//! What it answered without looking is looked at here: a sync that did not start and a code that was not taken are said
//! to be so. Its one connection is ours of the name `default`.

mod exports;
mod validation;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use connector_core::dispatch::DEFAULT_CONNECTION;
use connector_core::envelope::error_json;
use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::{RunQuery, StreamQuery, StreamSummary};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::access::{Caller, Scope};
use super::answer::Failure;
use super::oauth::{Binding, take_callback};
use super::syncs::require;
use super::{App, Server};

pub(crate) use exports::Exports;

/// Where apps send people back to that were told this address by the older tool.
pub(super) const CALLBACK: &str = "/sync/oauth";

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route(CALLBACK, get(callback).head(async || StatusCode::NO_CONTENT))
        .merge(exports::routes())
}

/// `GET /sync/{app_id}`: the tables with their rows, and whether a sync is at work.
pub(super) async fn sync_status(server: &Server, app_id: &str, caller: &Caller) -> Result<Response, Failure> {
    let fail = |error| Failure::new(error, app_id, "sync");
    require(caller, Scope::SyncRead, DEFAULT_CONNECTION, app_id).map_err(fail)?;
    let status = async {
        let app = app(server, app_id)?;
        let stored = stored(server, app_id).await?;
        let mut status = models(&app.integration, &stored);
        status.insert("job_running".to_owned(), json!(is_at_work(server, app_id).await?));
        Ok(status)
    };
    Ok(Json(status.await.map_err(fail)?).into_response())
}

/// `POST /sync/{app_id}`: starts a sync, unless one is at work.
pub(super) async fn start_sync(
    State(server): State<Arc<Server>>,
    Path(app_id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Failure> {
    let fail = |error| Failure::new(error, &app_id, "sync");
    require(&caller, Scope::SyncWrite, DEFAULT_CONNECTION, &app_id).map_err(fail)?;
    let app = app(&server, &app_id).map_err(fail)?;
    let full_sync = match validation::full_sync(&body) {
        Ok(full_sync) => full_sync,
        Err(refused) => return Ok(refused.into_response()),
    };
    let started = async {
        let request = request(&app.integration, &stored(&server, &app_id).await?, full_sync);
        server.runs.start(&server, &app_id, request).await
    };
    let name = capitalized(&app_id);
    Ok(match started.await {
        Ok(_) => sync_answer(StatusCode::OK, &format!("{name} sync started"), full_sync, None),
        Err(error) if error.code() == ErrorCode::Conflict => {
            sync_answer(StatusCode::OK, &format!("{name} sync was already running"), full_sync, None)
        }
        Err(error) => {
            let status = StatusCode::from_u16(error.code().metadata().status);
            let told = error_json(&error, &app_id, &format!("{app_id}::serve:sync"));
            let sentence = format!("{name} sync could not be started: {}", error.message());
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            sync_answer(status, &sentence, full_sync, Some(told))
        }
    })
}

fn sync_answer(status: StatusCode, sentence: &str, full_sync: bool, error: Option<Value>) -> Response {
    let mut answer = json!({"status": sentence, "full_sync": full_sync});
    if let Some(error) = error {
        answer["error"] = error;
    }
    (status, Json(answer)).into_response()
}

/// `GET /sync/oauth`: where the older tool had the app send people back to.
async fn callback(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> impl IntoResponse {
    let binding = Binding::sent(&server, &headers);
    let told = match take_callback(&server, &query.unwrap_or_default(), binding.as_ref()).await {
        Ok(_) => "code accepted",
        Err(error) => {
            tracing::warn!(?error, "an account could not be connected");
            "code rejected"
        }
    };
    // The address holds a code.
    ([(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")], Json(told))
}

fn app<'s>(server: &'s Server, app_id: &str) -> Result<&'s App> {
    server.app(app_id).ok_or_else(|| {
        let message = "there is no run of this id, and no connector of this name is served here";
        ConnectorError::new(ErrorCode::NotFound, message)
    })
}

/// What was ever written for the connection.
async fn stored(server: &Server, app_id: &str) -> Result<Vec<StreamSummary>> {
    let query =
        StreamQuery { connections: Some(vec![DEFAULT_CONNECTION.to_owned()]), ..StreamQuery::default() };
    server.store.chosen_streams(app_id, &query).await
}

/// Whether a run is at work, of this process or of another one.
async fn is_at_work(server: &Server, app_id: &str) -> Result<bool> {
    if server.runs.of_connection(app_id, DEFAULT_CONNECTION).is_some() {
        return Ok(true);
    }
    let query = RunQuery { connections: Some(vec![DEFAULT_CONNECTION.to_owned()]), run_id: None, most: 1 };
    let runs = server.store.chosen_runs(app_id, &query).await?;
    Ok(runs.first().is_some_and(|run| run.status == "running"))
}

/// The streams that a sync reads by itself, that the older tool had, or that something was stored of: under the names
/// that the older tool had for them.
fn models(integration: &Integration, stored: &[StreamSummary]) -> Map<String, Value> {
    let tables = integration.documents();
    let mut models = Map::new();
    for stream in integration.streams() {
        let name = stream.name;
        let known = stored.iter().filter(|summary| summary.name() == name);
        let latest = known.max_by_key(|summary| summary.updated_at);
        let was_in_older_tool =
            tables.is_some_and(|tables| tables.named.iter().any(|named| named.stream == name));
        if latest.is_none() && !stream.synced_by_default && !was_in_older_tool {
            continue;
        }
        let declared = || tables.map_or_else(|| name.to_owned(), |tables| tables.table_of(name));
        let model = json!({
            "database_table": latest.map_or_else(declared, table_of),
            "synced_entries": latest.and_then(|summary| summary.rows).unwrap_or_default(),
            "last_modified": latest.map(|summary| with_offset(summary.updated_at)),
        });
        models.insert(tables.map_or(name, |tables| tables.kind_of(name)).to_owned(), model);
    }
    models
}

/// The table of a stream as a query names it.
fn table_of(summary: &StreamSummary) -> String {
    let table = summary.document_table().unwrap_or(&summary.stream);
    // A table in a schema of its own has that in front already.
    if summary.schema.is_empty() || table.contains('.') {
        return table.to_owned();
    }
    format!("{}.{table}", summary.schema)
}

/// As that tool's callers read it: they do not all know `Z`.
fn with_offset(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// The request of a sync: into the tables that are there, else into those of the older tool.
fn request(integration: &Integration, stored: &[StreamSummary], full_sync: bool) -> Map<String, Value> {
    let mut request = Map::new();
    if full_sync {
        request.insert("mode".to_owned(), json!("full"));
    }
    let latest = stored.iter().max_by_key(|summary| summary.updated_at);
    let has_documents = latest.is_none_or(|summary| summary.document_table().is_some());
    if has_documents && integration.documents().is_some() {
        request.insert("sink".to_owned(), json!({"layout": "documents"}));
    }
    request
}

fn capitalized(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
