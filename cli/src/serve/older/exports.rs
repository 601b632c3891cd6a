//! The older tool's file of contacts: made in the background, asked about, fetched.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use connector_core::{ConnectorError, ErrorCode, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::export::{ExportCommand, write_to};
use crate::serve::access::{Caller, Scope};
use crate::serve::answer::Failure;
use crate::serve::{App, Server};

/// Bytes that are sent at a time.
const PIECE: usize = 1 << 16;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/export/export_csv", post(start))
        .route("/export/export_status", get(status))
        .route("/export/download_csv", get(download))
}

/// The file of this process, and what became of the last attempt to make one.
#[derive(Default)]
pub(crate) struct Exports(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    is_running: bool,
    /// When the last one ended, or why it failed.
    last: Option<Result<Timestamp, String>>,
    /// Without a name: nobody else can open it, and it is gone with the process.
    file: Option<Arc<File>>,
}

impl Exports {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connector with an export, and the export.
fn exporting(server: &Server) -> Result<(&App, &'static str)> {
    let mut found =
        server.apps.values().filter_map(|app| Some((app, app.integration.exports().next()?.name)));
    match (found.next(), found.next()) {
        (Some(found), None) => Ok(found),
        (None, _) => Err(ConnectorError::new(ErrorCode::NotFound, "no connector here has an export")),
        _ => Err(ConnectorError::new(ErrorCode::NotFound, "several connectors here have exports")
            .hint("the command `export` of each writes its own")),
    }
}

/// The connector and its export, if the caller may have the data: whoever's are in the table.
fn allowed<'s>(server: &'s Server, caller: &Caller) -> Result<(&'s App, &'static str), Failure> {
    let found = exporting(server).map_err(|error| Failure::new(error, "server", "export"))?;
    caller
        .require_everywhere(Scope::SyncWrite)
        .map_err(|error| Failure::new(error, found.0.integration.app_id(), "export"))?;
    Ok(found)
}

async fn start(State(server): State<Arc<Server>>, caller: Caller) -> Result<Response, Failure> {
    let (app, name) = allowed(&server, &caller)?;
    if std::mem::replace(&mut server.exports.known().is_running, true) {
        return Ok(Json(json!({"status": "Previous csv export is still running..."})).into_response());
    }
    let (integration, host) = (Arc::clone(&app.integration), app.host.sharing());
    let known = Exports(Arc::clone(&server.exports.0));
    tokio::spawn(async move {
        // A task of its own, so that one that panics ends as failed and not never.
        let made = tokio::spawn(async move {
            let file = tempfile::tempfile().map_err(|error| {
                ConnectorError::new(ErrorCode::InternalError, "there is no room for a file").source(error)
            })?;
            let copy = file.try_clone().map_err(|error| {
                ConnectorError::new(ErrorCode::InternalError, "a file cannot be used").source(error)
            })?;
            write_to(&integration, &host, &ExportCommand::csv(name), copy).await?;
            Ok::<_, ConnectorError>(file)
        });
        let made = made.await.unwrap_or_else(|error| {
            Err(ConnectorError::new(ErrorCode::InternalError, "the export ended by itself").source(error))
        });
        let mut known = known.known();
        known.is_running = false;
        match made {
            Ok(file) => {
                known.file = Some(Arc::new(file));
                known.last = Some(Ok(Timestamp::now()));
            }
            Err(error) => {
                tracing::warn!(?error, "the export failed");
                known.last = Some(Err(error.message().to_owned()));
            }
        }
    });
    let status = format!("{} csv export started. Check status for completion", super::capitalized(name));
    Ok(Json(json!({"status": status})).into_response())
}

async fn status(State(server): State<Arc<Server>>, caller: Caller) -> Result<Response, Failure> {
    let (_, name) = allowed(&server, &caller)?;
    let known = server.exports.known();
    let last = match &known.last {
        _ if known.is_running => format!("New {name} export to csv is in progress..."),
        None => "Please run an export first with POST /export/export_csv".to_owned(),
        Some(Ok(at)) => local_time(*at),
        Some(Err(message)) => format!("The last export failed: {message}"),
    };
    Ok(Json(json!({"export_running": known.is_running, "last_export": last})).into_response())
}

/// The time on this machine's wall clock, without a zone: so that tool told it.
fn local_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

async fn download(State(server): State<Arc<Server>>, caller: Caller) -> Result<Response, Failure> {
    let (app, name) = allowed(&server, &caller)?;
    let fail = |error| Failure::new(error, app.integration.app_id(), "export");
    let file = server.exports.known().file.clone().ok_or_else(|| {
        fail(
            ConnectorError::new(ErrorCode::NotFound, "there is no file yet")
                .hint("POST /export/export_csv makes one"),
        )
    })?;
    let length = file.metadata().map_err(|error| {
        fail(ConnectorError::new(ErrorCode::InternalError, "the file cannot be read").source(error))
    })?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}_export.csv\"")),
        (CONTENT_LENGTH, length.len().to_string()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(pieces(file))).into_response())
}

/// The bytes of a file. Each download has a place of its own in it.
fn pieces(file: Arc<File>) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    futures_util::stream::try_unfold((file, 0), |(file, place)| async move {
        let mut piece = vec![0; PIECE];
        let read = file.read_at(&mut piece, place)?;
        piece.truncate(read);
        Ok((read > 0).then(|| (Bytes::from(piece), (file, place + read as u64))))
    })
}
