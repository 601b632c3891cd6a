//! The token broker: access tokens that work, for programs that may have them, and an audit log of who had which.
//!
//! ```text
//! names ► key ► scope ► connector ► work ► audit log ► answer
//! ```
//!
//! Whatever is answered is in the audit log before it leaves: without the log there is no token, and no refusal either.
//! Of refusals of callers that nobody knows, more than one a second are left out.

mod asked;
mod asking;
mod connecting;
mod devices;
mod exchanging;
mod listing;
mod log;
mod parameters;
mod posted;
mod refusal;
mod removing;
mod status;
mod subject;
#[cfg(test)]
mod tests;
mod tokens;
mod ways_out;

use std::sync::Arc;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, PRAGMA, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, post, put};
use connector_core::oauth::ConnectionKey;
use connector_core::{Result, Secret};
use connector_store::{AuditLog, Store, token_fingerprint};
use tokio::sync::{OnceCell, Semaphore};

use super::Server;
use crate::host::CliHost;
use crate::rate::Rate;
use devices::MOST_WAITING;
use ways_out::WaysOut;

/// Refusals of callers without a key that get into the log at once; then one a second.
const MOST_STRANGERS: u32 = 60;

/// What the broker knows in this process.
pub(crate) struct Broker {
    /// Who asked for what, and what came of it.
    pub(crate) audit: AuditLog,
    /// How many refusals of callers without a key get into the log: anybody can make those, and the log fills the disk
    /// that tokens need.
    strangers: Rate,
    fingerprints: OnceCell<Secret>,
    ways_out: WaysOut,
    /// Places of codes for other devices that are waited for.
    devices: Arc<Semaphore>,
}

impl Broker {
    /// The broker of a store.
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            audit: store.audit_log(),
            strangers: Rate::new(1, MOST_STRANGERS),
            fingerprints: OnceCell::new(),
            ways_out: WaysOut::default(),
            devices: Arc::new(Semaphore::new(MOST_WAITING)),
        }
    }

    /// Told of a callback that was dealt with: nobody is sent to its page again.
    pub(crate) fn forget_way_out(&self, query: &str) {
        self.ways_out.forget(query);
    }

    /// What tells a token from others in the audit log, whichever key the vault has.
    async fn fingerprint(&self, host: &CliHost, token: &Secret) -> Result<String> {
        let of_all = ConnectionKey { app_id: String::new(), name: String::new() };
        let key = self.fingerprints.get_or_try_init(|| host.lasting_secret("audit", &of_all)).await?;
        Ok(token_fingerprint(key, token))
    }
}

pub(super) fn routes() -> Router<Arc<Server>> {
    let own = of_connections();
    Router::new().merge(own.clone()).nest("/laputa", own).layer(map_response(harmless))
}

fn of_connections() -> Router<Arc<Server>> {
    let of = |part: &str| format!("/{{app_id}}/{{connector_type}}/{part}");
    Router::new()
        .route(&of("binb-token"), known(get(tokens::read).merge(delete(removing::remove))))
        .route(&of("binb-status"), known(get(status::read)))
        .route(&of("authorize"), known(post(connecting::authorize)))
        .route(&of("device"), known(post(devices::start)))
        .route(&of("exchange"), known(post(exchanging::exchange)))
        .route(&of("tokens"), known(put(connecting::import)))
        .route("/connections", known(get(listing::connections)))
        .route("/audit", known(get(log::read)))
}

/// Says in our own words that a path takes other methods; which ones is in the header `Allow`.
fn known(methods: MethodRouter<Arc<Server>>) -> MethodRouter<Arc<Server>> {
    methods.fallback(refusal::method_not_allowed)
}

/// Nobody keeps an answer of ours, or takes it for something else.
async fn harmless(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
