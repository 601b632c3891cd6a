//! `serve`: everything that the command line can do, over HTTP, in one process that stops in good order.

mod access;
mod answer;
mod bodies;
mod broker;
mod capabilities;
mod connections;
mod gate;
mod health;
mod listen;
mod messages;
mod metrics;
mod mishaps;
mod oauth;
mod older;
mod openapi;
mod origin;
mod page;
mod reads;
mod request_log;
pub(crate) mod schedules;
mod server;
mod stalls;
mod syncs;
#[cfg(test)]
pub(crate) mod testing;
mod watched_body;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware;
use connector_core::Result;
use connector_core::integration::Integration;
use url::Url;

use crate::output::Ended;
use crate::webhooks::Inbox;

use gate::Gate;

pub(crate) use access::{Scope, is_pattern};
pub(crate) use openapi::document as openapi_document;
pub(crate) use server::{App, Server, ServerOptions};

/// What was typed after `serve`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServeCommand {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", env = "CONNECTOR_LISTEN")]
    pub(crate) listen: SocketAddr,
    /// A proxy in front speaks TLS, at the address of --public-url: other addresses than this machine's own are allowed
    #[arg(long)]
    pub(crate) behind_tls_proxy: bool,
    /// Address under which browsers reach the server, where a proxy is in front of it
    #[arg(long, value_name = "URL", env = "CONNECTOR_PUBLIC_URL")]
    pub(crate) public_url: Option<Url>,
    /// Requests that each key may send in a second; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(crate) requests_per_second: u32,
    /// Seconds that a capability may work for one request; without it 120, and no end for those that read an account
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) request_timeout: Option<u32>,
    /// Take the app's messages about changes of this connection, at the path that `webhooks path` prints; any number
    #[arg(long, value_name = "CONNECTION")]
    pub(crate) webhooks: Vec<String>,
}

/// Serves these connectors until a signal, under the name of the program that their store is named after.
pub(crate) async fn run(
    name: &str,
    integrations: Vec<Arc<Integration>>,
    command: ServeCommand,
) -> Result<Ended> {
    listen::run(name, integrations, command).await
}

/// Every route of the server, behind what every request must pass.
fn guarded_router(server: Arc<Server>, gate: Gate, inboxes: Vec<Inbox>) -> Router {
    let router = router(server)
        .layer(middleware::from_fn_with_state(Arc::new(gate), gate::pass))
        .layer(middleware::from_fn(request_log::log));
    if inboxes.is_empty() {
        return router;
    }
    router.layer(middleware::from_fn_with_state(Arc::from(inboxes), messages::take))
}

/// What those ask that look after the server.
fn probes() -> Router<Arc<Server>> {
    health::routes().merge(metrics::routes().layer(middleware::from_fn(reads::bounded)))
}

/// Every route of the server.
pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new()
        .merge(probes())
        .nest("/laputa", probes())
        .merge(openapi::routes())
        .merge(syncs::routes().merge(schedules::routes()).layer(middleware::from_fn(reads::bounded)))
        .merge(oauth::routes())
        .nest("/laputa", oauth::routes())
        .merge(older::routes())
        .merge(broker::routes())
        .merge(page::routes().layer(middleware::from_fn(reads::bounded)))
        .layer(middleware::from_fn_with_state(Arc::clone(&server), bodies::read_small))
        // Those read their bodies themselves: larger ones, of callers that are known.
        .merge(capabilities::routes())
        .route_layer(middleware::from_fn(metrics::count))
        .fallback(mishaps::not_found)
        .method_not_allowed_fallback(mishaps::method_not_allowed)
        .with_state(Arc::clone(&server))
        .layer(middleware::map_response(mishaps::in_our_own_words))
        .layer(middleware::from_fn_with_state(server, page::show_errors_as_pages))
        .layer(middleware::from_fn(mishaps::contain_panics))
}
