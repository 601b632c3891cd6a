//! Signing in with a key, and out again.

use std::sync::Arc;

use axum::extract::{Form, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use axum::{RequestExt, http::request::Parts};
use connector_core::{ConnectorError, ErrorCode};
use serde::Deserialize;
use serde_json::json;

use super::frame::{Frame, own_path};
use super::sessions::is_form_token;
use super::templates::page;
use crate::serve::Server;
use crate::serve::access::{Caller, address_of};
use crate::serve::answer::Failure;
use crate::serve::origin::is_of_our_pages;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
}

/// The page to sign in at.
pub(super) async fn show(Query(asked): Query<Asked>) -> Response {
    form(StatusCode::OK, &asked.next, None)
}

#[derive(Deserialize)]
struct SignIn {
    key: String,
    #[serde(default)]
    next: String,
}

/// Opens a session for a key.
pub(super) async fn sign_in(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, request) = taken_apart(request);
    if !is_of_our_pages(&parts, &server.public_url) {
        return Err(foreign());
    }
    let Ok(Form(SignIn { key, next })) = request.extract::<Form<SignIn>, _>().await else {
        return Ok(form(StatusCode::BAD_REQUEST, "/", Some("A key is needed.")));
    };
    let caller = match Caller::of_key(&server, key.trim(), address_of(&parts)).await {
        Ok(caller) => caller,
        Err(error) => return refused(error, &next),
    };
    let cookie = server
        .sessions
        .open(&caller.key_id, &parts.headers)
        .map_err(|error| Failure::new(error, "server", "sign_in"))?;
    tracing::info!(key = caller.key_id, "somebody signed in");
    Ok((StatusCode::SEE_OTHER, [(LOCATION, own_path(&next)), (SET_COOKIE, &cookie)]).into_response())
}

fn refused(error: ConnectorError, next: &str) -> Result<Response, Failure> {
    match error.code() {
        ErrorCode::Unauthorized => {
            let text = "This key is not known here, has ended, or was taken back.";
            Ok(form(StatusCode::UNAUTHORIZED, next, Some(text)))
        }
        ErrorCode::RateLimit => {
            let seconds = error.wait().map_or(1, |wait| wait.as_secs().max(1));
            let text = format!("Too many wrong keys came from your address. Try again in {seconds} s.");
            let mut response = form(StatusCode::TOO_MANY_REQUESTS, next, Some(&text));
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            Ok(response)
        }
        _ => Err(Failure::new(error, "server", "sign_in")),
    }
}

#[derive(Deserialize)]
struct SignOut {
    #[serde(default)]
    form_token: String,
}

/// Ends the session.
pub(super) async fn sign_out(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, request) = taken_apart(request);
    let given =
        request.extract::<Form<SignOut>, _>().await.map_or_else(|_| String::new(), |form| form.0.form_token);
    let expected = server.sessions.signed_in(&parts.headers);
    if expected.is_some_and(|(_, token)| !is_form_token(&token, &given)) {
        return Err(foreign());
    }
    let cookie = server.sessions.close(&parts.headers);
    Ok((StatusCode::SEE_OTHER, [(LOCATION, "/-/sign-in"), (SET_COOKIE, &cookie)]).into_response())
}

fn form(status: StatusCode, next: &str, refused: Option<&str>) -> Response {
    page(status, "sign_in.html", json!({"frame": Frame::bare(), "next": own_path(next), "refused": refused}))
}

fn foreign() -> Failure {
    let error =
        ConnectorError::new(ErrorCode::PermissionDenied, "this form was not sent by a page of this server");
    Failure::new(error.hint("open the page again and repeat what you did"), "server", "form")
}

fn taken_apart(request: Request) -> (Parts, Request) {
    let (parts, body) = request.into_parts();
    (parts.clone(), Request::from_parts(parts, body))
}
