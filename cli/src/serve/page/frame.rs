//! Who looks at a page, and what stands around every page.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::http::uri::Uri;
use connector_core::oauth::authorization::is_own_path;
use jiff::Timestamp;
use serde::Serialize;

use super::instants::When;
use super::sessions::Sessions;
use crate::serve::Server;
use crate::serve::access::Caller;
use crate::serve::answer::Failure;

/// What stands around every page.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    /// The key that the session was opened with.
    key_id: Option<String>,
    /// What forms bring along.
    form_token: String,
    /// Where forms lead back to.
    here: String,
    /// Whether there is a way to other pages.
    links: bool,
    is_overview: bool,
    now: Option<When>,
}

impl Frame {
    /// Around a page for whoever sent a request with these headers to this address.
    pub(super) fn new(sessions: &Sessions, headers: &HeaderMap, uri: &Uri, now: Timestamp) -> Self {
        let signed_in = sessions.signed_in(headers);
        Self {
            links: signed_in.is_some(),
            form_token: signed_in.as_ref().map_or_else(String::new, |(_, token)| token.expose().to_owned()),
            key_id: signed_in.map(|(key_id, _)| key_id),
            here: uri.path_and_query().map_or("/", |here| here.as_str()).to_owned(),
            is_overview: uri.path() == "/",
            now: Some(When::new(now, now)),
        }
    }

    /// Around a page for somebody who is not known yet.
    pub(super) fn bare() -> Self {
        Self {
            key_id: None,
            form_token: String::new(),
            here: "/".to_owned(),
            links: false,
            is_overview: false,
            now: None,
        }
    }
}

/// Who looks at a page.
pub(super) struct Visitor {
    pub(super) caller: Caller,
    pub(super) frame: Frame,
    pub(super) now: Timestamp,
}

impl FromRequestParts<Arc<Server>> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(request: &mut Parts, server: &Arc<Server>) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(request, server).await?;
        let now = Timestamp::now();
        let mut frame = Frame::new(&server.sessions, &request.headers, &request.uri, now);
        frame.links = true;
        Ok(Self { caller, frame, now })
    }
}

/// A path on this server to lead somebody to, who said so himself; the overview when it is none.
pub(super) fn own_path(path: &str) -> &str {
    // A header holds ASCII only.
    if path.is_ascii() && is_own_path(path) { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_server() {
        for path in ["/", "/-/example/runs?connection=a%2Fb"] {
            assert_eq!(own_path(path), path);
        }
        for path in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "evil",
            "/a\r\nb: c",
            "/ü",
            "/\t/evil",
        ] {
            assert_eq!(own_path(path), "/", "{path}");
        }
    }
}
