//! Starting and cancelling runs with forms.

use std::sync::Arc;

use axum::extract::{Form, Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::{RequestExt, RequestPartsExt};
use connector_core::{ConnectorError, ErrorCode};
use connector_store::RunQuery;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::access::app_of;
use super::frame::own_path;
use super::pages::missing;
use super::sessions::is_form_token;
use crate::serve::Server;
use crate::serve::access::{Caller, Scope};
use crate::serve::answer::Failure;

/// What comes with every form.
#[derive(Deserialize)]
struct Sent<T> {
    #[serde(default)]
    form_token: String,
    #[serde(default)]
    back: String,
    #[serde(flatten)]
    fields: T,
}

#[derive(Deserialize)]
struct Start {
    connection: String,
    #[serde(default)]
    full: Option<String>,
    #[serde(default)]
    streams: String,
}

/// Starts a sync.
pub(super) async fn start_sync(
    State(server): State<Arc<Server>>,
    Path(app_id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let (caller, sent) = form::<Start>(&server, request).await?;
    let Start { connection, full, streams } = sent.fields;
    let fail = |error| Failure::new(error, &app_id, "page");
    caller.require(Scope::SyncWrite, app_of(&connection), &app_id).map_err(fail)?;
    let run_id = server
        .runs
        .start(&server, &app_id, sync_request(&connection, full.is_some(), &streams))
        .await
        .map_err(fail)?;
    tracing::info!(key = caller.key_id, %run_id, "a sync was started on the page");
    Ok(back_to(&sent.back))
}

fn sync_request(connection: &str, full: bool, streams: &str) -> Map<String, Value> {
    let mut request = Map::from_iter([("connection".to_owned(), json!(connection))]);
    if full {
        request.insert("mode".to_owned(), json!("full"));
    }
    let streams: Vec<_> = streams.split([' ', ',']).filter(|name| !name.is_empty()).collect();
    if !streams.is_empty() {
        request.insert("streams".to_owned(), json!(streams));
    }
    request
}

#[derive(Deserialize)]
struct Cancel {
    run_id: Uuid,
}

/// Cancels a run, whichever process it is of.
pub(super) async fn cancel(
    State(server): State<Arc<Server>>,
    Path(app_id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let (caller, sent) = form::<Cancel>(&server, request).await?;
    let run_id = sent.fields.run_id;
    let fail = |error| Failure::new(error, &app_id, "page");
    let query = RunQuery { run_id: Some(run_id), most: 1, ..RunQuery::default() };
    let recorded = server.store.chosen_runs(&app_id, &query).await.map_err(fail)?.pop();
    let live = server.runs.watch(run_id).map(|run| run.borrow().clone()).filter(|run| run.app_id == app_id);
    let connection = live.map(|run| run.connection).or_else(|| recorded.map(|run| run.connection));
    let connection = connection.ok_or_else(|| missing(&app_id, "there is no run of this id"))?;
    caller.require(Scope::SyncWrite, app_of(&connection), &app_id).map_err(fail)?;
    // One that has just ended needs no end.
    if server.runs.cancel(run_id) || server.store.cancel_run(run_id).await.map_err(fail)? {
        tracing::info!(key = caller.key_id, %run_id, "a run was cancelled on the page");
    }
    Ok(back_to(&sent.back))
}

/// The caller and the fields of a form that a page of this session sent.
async fn form<T: DeserializeOwned + 'static>(
    server: &Arc<Server>,
    request: Request,
) -> Result<(Caller, Sent<T>), Failure> {
    let (mut parts, body) = request.into_parts();
    let caller = parts.extract_with_state::<Caller, _>(server).await?;
    let expected = server.sessions.signed_in(&parts.headers).map(|(_, token)| token);
    let refuse = |code, message: &str| {
        let error = ConnectorError::new(code, message).hint("open the page again and repeat what you did");
        Failure::new(error, "server", "form")
    };
    let sent = Request::from_parts(parts, body).extract::<Form<Sent<T>>, _>().await;
    let Form(sent) = sent.map_err(|_| refuse(ErrorCode::BadRequest, "the form is not complete"))?;
    if expected.is_some_and(|token| is_form_token(&token, &sent.form_token)) {
        Ok((caller, sent))
    } else {
        Err(refuse(ErrorCode::PermissionDenied, "this form was not sent by a page of this session"))
    }
}

fn back_to(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, own_path(path))]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_become_the_fields_of_a_request() {
        let request = |full, streams| Value::Object(sync_request("acme", full, streams));
        assert_eq!(request(false, " "), json!({"connection": "acme"}));
        assert_eq!(
            request(true, "deals, contacts"),
            json!({"connection": "acme", "mode": "full", "streams": ["deals", "contacts"]})
        );
    }
}
