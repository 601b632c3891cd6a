//! What a browser is shown on the way to an app's page and back: nothing of the account, and nothing of the code.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use connector_core::{ConnectorError, ErrorCode, Result};

use super::Binding;
use crate::serve::page::message;

/// The address of a callback holds a code: it must not be kept, nor told to the next page.
const HEADERS: [(HeaderName, &str); 4] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
];

/// To the app's page, with what binds the way back to this browser.
pub(super) fn go_to_app(address: &str, binding: &Binding) -> Result<Response> {
    let location = HeaderValue::from_str(address).map_err(|_| {
        ConnectorError::new(ErrorCode::InternalError, "the address of the app's page is not a URL")
    })?;
    let mut response = (StatusCode::SEE_OTHER, HEADERS).into_response();
    response.headers_mut().insert(LOCATION, location);
    if let Some(cookie) = binding.cookie() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// To the page that wanted the account connected.
pub(super) fn go_back(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(location) => (StatusCode::SEE_OTHER, HEADERS, [(LOCATION, location)]).into_response(),
        Err(_) => connected(),
    }
}

/// Where nobody said what to show afterwards.
pub(super) fn connected() -> Response {
    unnamed(message(StatusCode::OK, "The account is connected", "its records come with the next sync", None))
}

/// What went wrong, and what to do.
pub(super) fn failed(error: &ConnectorError) -> Response {
    let status = StatusCode::from_u16(error.code().metadata().status).unwrap_or(StatusCode::BAD_GATEWAY);
    unnamed(message(status, "The account was not connected", error.message(), error.hint_text()))
}

/// A page whose address is told to nobody.
fn unnamed(mut page: Response) -> Response {
    page.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn text_of_others_is_shown_as_text() {
        let error = ConnectorError::upstream(ErrorCode::BadRequest, "<script>'\"&").hint("look");
        let response = failed(&error);
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        for (name, _) in HEADERS {
            assert!(response.headers().contains_key(&name), "{name}");
        }
        assert_eq!(response.headers()[REFERRER_POLICY], "no-referrer");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("&lt;script&gt;&#x27;&quot;&amp;") && body.contains("Look."), "{body}");
        assert!(!body.contains("<script>"));
    }
}
