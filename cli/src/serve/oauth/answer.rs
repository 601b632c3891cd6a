//! What a browser is shown on the way to an app's page and back: nothing of the account, and nothing of the code.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use connector_core::{ConnectorError, ErrorCode, Result};

use super::Binding;

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
    page(StatusCode::OK, "The account is connected", "You can close this page.", "")
}

/// What went wrong, and what to do.
pub(super) fn failed(error: &ConnectorError) -> Response {
    let status = StatusCode::from_u16(error.code().metadata().status).unwrap_or(StatusCode::BAD_GATEWAY);
    page(status, "The account was not connected", error.message(), error.hint_text().unwrap_or_default())
}

fn page(status: StatusCode, title: &str, text: &str, further: &str) -> Response {
    let paragraph = |text: &str| {
        if text.is_empty() { String::new() } else { format!("<p>{}</p>\n", escaped(text)) }
    };
    let (title, text, further) = (escaped(title), paragraph(text), paragraph(further));
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{text}{further}</main>\n</body>\n</html>\n"
    );
    (status, HEADERS, [(CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
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
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("<p>&lt;script&gt;&#39;&quot;&amp;</p>\n<p>look</p>"), "{body}");
        assert!(!body.contains("<script>"));
    }
}
