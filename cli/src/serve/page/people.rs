//! Errors for people: a browser that was refused is shown a page, and whoever is not known the way in.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::uri::Uri;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::frame::Frame;
use super::templates::page;
use super::trouble::{Trouble, sentence};
use crate::serve::Server;

/// No envelope of an error is longer.
const LONGEST_ENVELOPE: usize = 64 * 1024;

/// Shows error envelopes as pages to those who asked for a page.
pub(crate) async fn show_errors_as_pages(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    if !wants_page(request.headers()) {
        return next.run(request).await;
    }
    let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
    let response = next.run(request).await;
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    if !is_error || !is_json {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_ENVELOPE).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let envelope: Value = serde_json::from_slice(&body).unwrap_or_default();
    if envelope["is_error"] != true {
        return Response::from_parts(parts, body.into());
    }
    // The app may have refused its own login, which is another matter.
    let is_of_keys =
        envelope["error"]["app_error_code"].as_str().is_some_and(|code| code.starts_with("access."));
    if parts.status == StatusCode::UNAUTHORIZED && is_of_keys {
        return to_sign_in(&server, &method, &uri, &headers);
    }
    let mut shown = error_page(&server, parts.status, &envelope["error"], &method, &uri, &headers);
    if let Some(wait) = parts.headers.remove(RETRY_AFTER) {
        shown.headers_mut().insert(RETRY_AFTER, wait);
    }
    shown
}

/// A page with one message, for other routes that people come to. It tells nothing about whoever looks at it.
pub(crate) fn message(status: StatusCode, heading: &str, text: &str, hint: Option<&str>) -> Response {
    let view = json!({
        "frame": Frame::bare(),
        "heading": heading,
        "message": sentence(text),
        "hint": hint.map(sentence),
        "who": null,
        "link": "/",
        "link_text": "To the overview",
    });
    page(status, "message.html", view)
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accepted.into_iter().any(|value| value.contains("text/html"))
}

/// Also ends the session of a key that was taken back.
fn to_sign_in(server: &Server, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let here = match uri.path_and_query() {
        Some(here) if method == Method::GET && here.as_str() != "/" => here.as_str(),
        _ => "",
    };
    let next: String = url::form_urlencoded::byte_serialize(here.as_bytes()).collect();
    let location = if next.is_empty() { "/-/sign-in".to_owned() } else { format!("/-/sign-in?next={next}") };
    let cookie = server.sessions.close(headers);
    (StatusCode::SEE_OTHER, [(LOCATION, location), (SET_COOKIE, cookie)]).into_response()
}

fn error_page(
    server: &Server,
    status: StatusCode,
    error: &Value,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    let trouble = Trouble::new(error, "the app");
    let heading = match status {
        StatusCode::NOT_FOUND => "There is no such page",
        StatusCode::FORBIDDEN => "This is not allowed",
        StatusCode::CONFLICT => "Not now",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests",
        _ if status.is_server_error() || *method == Method::GET => "This cannot be shown now",
        _ => "This did not work",
    };
    let frame = Frame::new(&server.sessions, headers, uri, Timestamp::now());
    let is_of_visitor =
        matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::CONFLICT);
    let who = (!is_of_visitor).then_some(&trouble.who);
    let (link, link_text) = if uri.path() == "/" { ("/", "Try again") } else { ("/", "To the overview") };
    let view = json!({
        "frame": frame,
        "heading": heading,
        "who": who,
        "link": link,
        "link_text": link_text,
        "message": &trouble.message,
        "hint": &trouble.hint,
    });
    page(status, "message.html", view)
}
