//! The runs of this process: started, looked at, cancelled.

use std::sync::Arc;

use connector_core::{ConnectorError, ErrorCode, Result};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::watch;
use uuid::Uuid;

use crate::serve::Server;

/// A run as it is now, for the API and for the page.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunView {
    pub(crate) run_id: Uuid,
    pub(crate) app_id: String,
    pub(crate) connection: String,
    /// `running`, or how it ended: a status of the report.
    pub(crate) status: String,
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) requests: u64,
    pub(crate) streams: Vec<StreamView>,
    /// The report, once it ended.
    pub(crate) report: Option<Value>,
    /// The error of an envelope, when it could not run at all.
    pub(crate) error: Option<Value>,
}

/// A stream of a run as it is now.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StreamView {
    pub(crate) stream: String,
    /// `waiting`, `running`, or a status of the report.
    pub(crate) status: String,
    pub(crate) received: u64,
    pub(crate) written: u64,
}

/// The runs of this process.
#[derive(Default)]
pub(crate) struct Runs {}

impl Runs {
    /// Starts a sync in the background, with a request as of the capability `sync`. Gives the id of the run once it is
    /// known that no other run holds the connection.
    ///
    /// # Errors
    /// `conflict` when one does; `bad_request` and its kin for the request.
    pub(crate) async fn start(
        &self,
        server: &Arc<Server>,
        app_id: &str,
        request: Map<String, Value>,
    ) -> Result<Uuid> {
        let _ = (server, app_id, request);
        Err(ConnectorError::new(ErrorCode::UnsupportedOperation, "runs cannot be started yet"))
    }

    /// Asks a run of this process to end. `false` when it is none.
    pub(crate) fn cancel(&self, run_id: Uuid) -> bool {
        let _ = run_id;
        false
    }

    /// A run of this process, and its changes from now on.
    pub(crate) fn watch(&self, run_id: Uuid) -> Option<watch::Receiver<RunView>> {
        let _ = run_id;
        None
    }

    /// The run of a connection that is under way in this process.
    pub(crate) fn of_connection(&self, app_id: &str, connection: &str) -> Option<RunView> {
        let _ = (app_id, connection);
        None
    }
}
