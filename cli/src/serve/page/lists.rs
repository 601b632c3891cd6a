//! Long lists: all streams, all runs, one run, rejects.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use connector_core::Result as CoreResult;
use connector_store::{Counting, RejectQuery, RunQuery, StreamQuery};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded::Serializer;
use uuid::Uuid;

use super::access::Rights;
use super::facts::name_of;
use super::frame::Visitor;
use super::instants::When;
use super::model::{LiveRun, RunRow, StreamResult, StreamRow, Warning, troubles};
use super::pages::{app_of, missing};
use super::templates::page;
use crate::serve::answer::Failure;
use crate::serve::{App, Server};

const STREAMS: u32 = 100;
const REJECTS: u32 = 100;
const RUNS: u32 = 100;
const MOST_RUNS: u32 = 1000;

/// What lists say about their connector.
#[derive(Serialize)]
struct Connector<'a> {
    app_id: &'a str,
    app: String,
    has_several: bool,
}

impl<'a> Connector<'a> {
    fn new(app: &'a App, connection: Option<&String>) -> Self {
        Self { app_id: app.integration.app_id(), app: name_of(app), has_several: connection.is_none() }
    }
}

#[derive(Deserialize)]
pub(super) struct StreamsShown {
    connection: Option<String>,
    /// Connection, schema and name of the last one that was shown.
    #[serde(default)]
    after: String,
    #[serde(default)]
    in_schema: String,
    after_stream: Option<String>,
}

/// Streams, page by page.
pub(super) async fn streams(
    State(server): State<Arc<Server>>,
    Path(app_id): Path<String>,
    visitor: Visitor,
    Query(shown): Query<StreamsShown>,
) -> Result<Response, Failure> {
    let app = app_of(&server, &app_id)?;
    let fail = |error| Failure::new(error, &app_id, "page");
    let is_later = shown.after_stream.is_some();
    let query = StreamQuery {
        connections: Some(
            readable(&server, &visitor, &app_id, shown.connection.as_ref()).await.map_err(fail)?,
        ),
        after: shown.after_stream.map(|stream| (shown.after, shown.in_schema, stream)),
        most: STREAMS + 1,
        counting: Counting::Bounded,
    };
    let mut found = server.store.chosen_streams(&app_id, &query).await.map_err(fail)?;
    let has_more = found.len() > STREAMS as usize;
    found.truncate(STREAMS as usize);
    let more = found.last().filter(|_| has_more).map(|last| {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(shown.connection.iter().map(|connection| ("connection", connection)));
        query.append_pair("after", &last.connection).append_pair("in_schema", &last.schema);
        format!("/-/{app_id}/streams?{}", query.append_pair("after_stream", &last.stream).finish())
    });
    let streams: Vec<_> = found.iter().map(|stream| StreamRow::new(stream, visitor.now)).collect();
    let connector = Connector::new(app, shown.connection.as_ref());
    let view = json!({
        "frame": visitor.frame,
        "connector": connector,
        "connection": shown.connection,
        "streams": streams,
        "more": more,
        "is_later": is_later,
    });
    Ok(page(StatusCode::OK, "streams.html", view))
}

#[derive(Deserialize)]
pub(super) struct RunsShown {
    connection: Option<String>,
    most: Option<u32>,
}

/// The latest runs.
pub(super) async fn runs(
    State(server): State<Arc<Server>>,
    Path(app_id): Path<String>,
    visitor: Visitor,
    Query(shown): Query<RunsShown>,
) -> Result<Response, Failure> {
    let app = app_of(&server, &app_id)?;
    let fail = |error| Failure::new(error, &app_id, "page");
    let most = shown.most.unwrap_or(RUNS).clamp(1, MOST_RUNS);
    let connections = readable(&server, &visitor, &app_id, shown.connection.as_ref()).await.map_err(fail)?;
    let query = RunQuery { connections: Some(connections), most, ..RunQuery::default() };
    let found = server.store.chosen_runs(&app_id, &query).await.map_err(fail)?;
    let is_full = found.len() == most as usize && most < MOST_RUNS;
    let more = is_full.then(|| {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(shown.connection.iter().map(|connection| ("connection", connection)));
        let most = (most * 3).min(MOST_RUNS).to_string();
        format!("/-/{app_id}/runs?{}", query.append_pair("most", &most).finish())
    });
    let runs: Vec<_> = found.iter().map(|run| RunRow::new(run, visitor.now)).collect();
    let connector = Connector::new(app, shown.connection.as_ref());
    let view = json!({
        "frame": visitor.frame,
        "connector": connector,
        "connection": shown.connection,
        "runs": runs,
        "more": more,
    });
    Ok(page(StatusCode::OK, "runs.html", view))
}

/// One run, while it goes on and afterwards.
pub(super) async fn run(
    State(server): State<Arc<Server>>,
    Path((app_id, run_id)): Path<(String, Uuid)>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let app = app_of(&server, &app_id)?;
    let query = RunQuery { run_id: Some(run_id), most: 1, ..RunQuery::default() };
    let found = server.store.chosen_runs(&app_id, &query).await;
    let found = found.map_err(|error| Failure::new(error, &app_id, "page"))?.pop();
    let run = found
        .filter(|run| Rights::of(&visitor.caller, &app_id, &run.connection).read)
        .ok_or_else(|| missing(&app_id, "there is no run of this id that your key shows"))?;
    let rights = Rights::of(&visitor.caller, &app_id, &run.connection);
    let live = server.runs.of_connection(&app_id, &run.connection).filter(|live| live.run_id == run_id);
    let reports = || run.report.iter().flat_map(|report| &report.streams);
    let view = json!({
        "frame": visitor.frame,
        "app_id": &app_id,
        "app": name_of(app),
        "run": RunRow::new(&run, visitor.now),
        "live_run": live.map(|live| LiveRun::new(&live, visitor.now)),
        "may_cancel": rights.write,
        "may_connect": rights.connect,
        "troubles": troubles(&run, &name_of(app)),
        "warnings": reports().flat_map(Warning::of).collect::<Vec<_>>(),
        "streams": reports().map(StreamResult::new).collect::<Vec<_>>(),
    });
    Ok(page(StatusCode::OK, "run.html", view))
}

#[derive(Deserialize)]
pub(super) struct RejectsShown {
    connection: String,
    stream: Option<String>,
    #[serde(default)]
    after: i64,
}

#[derive(Serialize)]
struct RejectRow {
    id: i64,
    stream: String,
    key: Option<String>,
    code: String,
    reason: String,
    path: Option<String>,
    seen: When,
}

/// Records that could not be stored. The records themselves may hold anything, and are not shown.
pub(super) async fn rejects(
    State(server): State<Arc<Server>>,
    Path(app_id): Path<String>,
    visitor: Visitor,
    Query(shown): Query<RejectsShown>,
) -> Result<Response, Failure> {
    let app = app_of(&server, &app_id)?;
    if !Rights::of(&visitor.caller, &app_id, &shown.connection).read {
        return Err(missing(&app_id, "there is no connection of this name that your key shows"));
    }
    let query = RejectQuery {
        connection: Some(shown.connection.clone()),
        stream: shown.stream.clone(),
        after: shown.after,
        most: REJECTS,
        ..RejectQuery::default()
    };
    let found = server.store.rejects(&app_id, &query).await;
    let found = found.map_err(|error| Failure::new(error, &app_id, "page"))?;
    let more = found.last().filter(|_| found.len() == REJECTS as usize).map(|last| {
        let mut query = Serializer::new(String::new());
        query.append_pair("connection", &shown.connection);
        query.extend_pairs(shown.stream.iter().map(|stream| ("stream", stream)));
        format!("/-/{app_id}/rejects?{}", query.append_pair("after", &last.id.to_string()).finish())
    });
    let rows = found.into_iter().map(|reject| RejectRow {
        id: reject.id,
        stream: reject.stream,
        key: reject.key,
        code: reject.code,
        reason: reject.reason,
        path: reject.path,
        seen: When::new(reject.last_seen_at, visitor.now),
    });
    let view = json!({
        "frame": visitor.frame,
        "app": name_of(app),
        "connection": shown.connection,
        "stream": shown.stream,
        "is_later": shown.after > 0,
        "rejects": rows.collect::<Vec<_>>(),
        "more": more,
    });
    Ok(page(StatusCode::OK, "rejects.html", view))
}

/// The connections whose streams and runs the visitor may see: this one, or all.
async fn readable(
    server: &Server,
    visitor: &Visitor,
    app_id: &str,
    connection: Option<&String>,
) -> CoreResult<Vec<String>> {
    let may_read = |name: &String| Rights::of(&visitor.caller, app_id, name).read;
    if let Some(name) = connection {
        return Ok(Some(name.clone()).into_iter().filter(may_read).collect());
    }
    let synced = server.store.synced_connections(app_id).await?;
    Ok(synced.into_iter().map(|found| found.connection).filter(may_read).collect())
}
