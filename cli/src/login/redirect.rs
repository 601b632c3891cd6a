//! Where an app sends people back to, and who listens there. Nobody does when it is not on this machine: then the address
//! is pasted.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::get;
use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use url::{Host, Url};

/// Where an app sends people back to.
pub(super) struct Redirect {
    /// As the app is told, byte for byte.
    pub(super) uri: String,
    pub(super) listener: Option<TcpListener>,
}

impl Redirect {
    /// The configured address, else one on this machine: apps take those with any port (RFC 8252, section 7.3).
    pub(super) async fn new(configured: Option<&str>, may_be_pasted: bool) -> Result<Self> {
        let Some(uri) = configured else {
            let listener = bind(Ipv4Addr::LOCALHOST.into(), 0).await?;
            let port = listener.local_addr().map_err(|error| cannot_listen(0, &error))?.port();
            return Ok(Self { uri: format!("http://127.0.0.1:{port}/callback"), listener: Some(listener) });
        };
        let url = Url::parse(uri).map_err(|_| {
            ConnectorError::misconfigured(ErrorCode::InvalidValue, "/settings/redirect_uri is not a URL")
        })?;
        let listener = match loopback(&url).filter(|_| url.scheme() == "http") {
            Some(address) => match bind(address, url.port_or_known_default().unwrap_or(80)).await {
                Err(_) if may_be_pasted => None,
                listener => Some(listener?),
            },
            None => None,
        };
        Ok(Self { uri: uri.to_owned(), listener })
    }
}

fn loopback(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(name) => (name == "localhost").then_some(Ipv4Addr::LOCALHOST.into()),
        Host::Ipv4(address) => address.is_loopback().then_some(address.into()),
        Host::Ipv6(address) => address.is_loopback().then_some(address.into()),
    }
}

async fn bind(address: IpAddr, port: u16) -> Result<TcpListener> {
    TcpListener::bind((address, port)).await.map_err(|error| cannot_listen(port, &error))
}

fn cannot_listen(port: u16, error: &std::io::Error) -> ConnectorError {
    let message = format!("nothing can listen on port {port} of this machine: {error}");
    ConnectorError::misconfigured(ErrorCode::InvalidValue, message).hint(
        "set redirect_uri to another port that the app knows, stop what uses this one, or paste the address \
         (`login --no-browser`)",
    )
}

struct Waiting {
    state: Secret,
    answers: mpsc::Sender<String>,
}

/// Waits for the app to send somebody back. What does not carry our state is not from the app and is passed over.
pub(super) async fn listen(listener: TcpListener, state: Secret, answers: mpsc::Sender<String>) {
    let app = Router::new().fallback(get(take_callback)).with_state(Arc::new(Waiting { state, answers }));
    if let Err(error) = axum::serve(listener, app).await {
        tracing::warn!(%error, "nobody listens for the callback any more");
    }
}

async fn take_callback(
    State(waiting): State<Arc<Waiting>>,
    RawQuery(query): RawQuery,
) -> (StatusCode, Html<&'static str>) {
    let query = query.unwrap_or_default();
    let is_ours = url::form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name == "state" && value == waiting.state.expose());
    if !is_ours {
        return (
            StatusCode::BAD_REQUEST,
            Html(
                "<!doctype html><title>connector</title><p>This page takes the answer of the login that is under way, and nothing else.",
            ),
        );
    }
    // Whoever waits may have had an answer already.
    let _ = waiting.answers.send(query).await;
    (
        StatusCode::OK,
        Html(
            "<!doctype html><title>connector</title><p>You can close this page. The terminal says how the login went.",
        ),
    )
}
