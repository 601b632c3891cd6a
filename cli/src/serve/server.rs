//! What all requests share.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use connector_core::Result;
use connector_core::host::StopSignal;
use connector_core::integration::Integration;
use connector_store::Store;
use tokio::sync::Semaphore;
use url::Url;

use super::access::Access;
use super::broker::Broker;
use super::health::Health;
use super::older::Exports;
use super::page::Sessions;
use super::syncs::Runs;
use crate::host::CliHost;
use crate::info;

/// Calls with large requests that are worked on at a time.
const LARGE_CALLS_AT_ONCE: usize = 4;

/// What all requests share.
pub(crate) struct Server {
    /// The connectors, by app id.
    pub(crate) apps: BTreeMap<String, App>,
    /// Where everything is kept.
    pub(crate) store: Store,
    /// Who may do what.
    pub(crate) access: Access,
    /// Who signed in with a browser.
    pub(crate) sessions: Sessions,
    /// The runs of this process.
    pub(crate) runs: Runs,
    /// The file that callers of the older tool know.
    pub(crate) exports: Exports,
    /// Access tokens for other programs.
    pub(crate) broker: Broker,
    /// Where browsers reach us, without a path; of the address that is listened on when nobody said.
    pub(crate) public_url: Url,
    /// How long a capability may work for one request, where somebody said.
    pub(crate) request_timeout: Option<Duration>,
    /// Calls with large requests that are worked on at a time.
    pub(crate) large_calls: Semaphore,
    /// Told when the server is to end.
    pub(crate) stop: StopSignal,
    /// Whether it can work, as it was found last.
    pub(super) health: Health,
    /// The OpenAPI document.
    pub(super) openapi: OnceLock<Arc<str>>,
}

/// A connector that is served.
pub(crate) struct App {
    pub(crate) integration: Arc<Integration>,
    /// Lends store, vault and environment; runs with a progress of their own use [`CliHost::sharing`].
    pub(crate) host: Arc<CliHost>,
    info: OnceLock<Arc<str>>,
}

impl App {
    fn new(integration: Arc<Integration>, host: CliHost) -> Self {
        Self { integration, host: Arc::new(host), info: OnceLock::new() }
    }

    /// The envelope of `info`, made when somebody asks.
    pub(crate) fn info(&self) -> Result<String> {
        if let Some(info) = self.info.get() {
            return Ok(info.to_string());
        }
        let info = info::answer(&self.integration)?.to_json();
        Ok(self.info.get_or_init(|| info.into()).to_string())
    }
}

/// What a server is made with, beside its connectors and its host.
pub(crate) struct ServerOptions {
    pub(crate) public_url: Url,
    /// Requests that each key may send in a second; 0 is no limit.
    pub(crate) requests_per_second: u32,
    /// How long a capability may work for one request, where somebody said.
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) stop: StopSignal,
}

impl Server {
    /// A server of these connectors. They share the store of `host`.
    pub(crate) fn new(
        integrations: Vec<Arc<Integration>>,
        host: &CliHost,
        options: ServerOptions,
    ) -> Result<Self> {
        let ServerOptions { public_url, requests_per_second, request_timeout, stop } = options;
        let apps = integrations.into_iter().map(|integration| {
            let app_id = integration.app_id().to_owned();
            let host = host.for_app(&app_id).with_stop(stop.clone());
            (app_id, App::new(integration, host))
        });
        let apps = apps.collect();
        let store = host.store()?;
        Ok(Self {
            apps,
            access: Access::new(store.access_keys(), requests_per_second),
            sessions: Sessions::new(public_url.scheme() == "https"),
            runs: Runs::default(),
            exports: Exports::default(),
            broker: Broker::new(&store),
            store,
            public_url,
            request_timeout,
            large_calls: Semaphore::new(LARGE_CALLS_AT_ONCE),
            stop,
            health: Health::default(),
            openapi: OnceLock::new(),
        })
    }

    /// A connector by its app id.
    pub(crate) fn app(&self, app_id: &str) -> Option<&App> {
        self.apps.get(app_id)
    }

    /// The connector, where only one is served: its paths then need no app id.
    pub(crate) fn only_app(&self) -> Option<&App> {
        if self.apps.len() == 1 { self.apps.values().next() } else { None }
    }
}
