//! What all requests share.

use std::collections::BTreeMap;
use std::sync::Arc;

use connector_core::host::StopSignal;
use connector_core::integration::Integration;
use connector_store::Store;
use url::Url;

use super::access::Access;
use super::broker::Broker;
use super::page::Sessions;
use super::syncs::Runs;
use crate::host::CliHost;

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
    /// Access tokens for other programs.
    pub(crate) broker: Broker,
    /// Where browsers reach us, without a path; of the address that is listened on when nobody said.
    pub(crate) public_url: Url,
    /// Told when the server is to end.
    pub(crate) stop: StopSignal,
}

/// A connector that is served.
pub(crate) struct App {
    pub(crate) integration: Arc<Integration>,
    /// Lends store, vault and environment; runs with a progress of their own use [`CliHost::sharing`].
    pub(crate) host: Arc<CliHost>,
}

impl Server {
    /// A connector by its app id.
    pub(crate) fn app(&self, app_id: &str) -> Option<&App> {
        self.apps.get(app_id)
    }

    /// The connector, where only one is served: its paths then need no app id.
    pub(crate) fn only_app(&self) -> Option<&App> {
        if self.apps.len() == 1 { self.apps.values().next() } else { None }
    }
}
