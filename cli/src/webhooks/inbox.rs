//! The messages for one connection, taken and followed: what `webhooks listen` and `serve` have in common.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use connector_core::host::{Host, StopSignal};
use connector_core::integration::Integration;
use connector_core::webhook::Webhooks;
use connector_core::{ConnectorError, ErrorCode, Result};
use tokio::sync::Notify;

use super::address::SecretPath;
use super::connected;
use super::reading::SyncReader;
use super::receiver::{Receiver, streams_by_entity};
use super::worker::Worker;
use crate::host::CliHost;
use crate::rate::Rate;
use crate::target::Target;

/// Messages a second in the long run, and at once: an import of thousands of records is told one by one.
const MESSAGES_PER_SECOND: u32 = 100;
const MOST_MESSAGES: u32 = 2000;

/// Where the messages for a connection come to.
#[derive(Clone)]
pub(crate) struct Inbox(pub(super) Arc<Receiver>);

impl Inbox {
    /// Whether a request is for this connection.
    pub(crate) fn is_for(&self, request: &Request) -> bool {
        self.0.is_for(request)
    }

    /// Takes a message.
    pub(crate) async fn take(&self, request: Request) -> StatusCode {
        self.0.answer(request).await
    }

    pub(super) fn path(&self) -> &SecretPath {
        &self.0.path
    }
}

/// What a connector says about the messages of its app.
///
/// # Errors
/// `unsupported_operation` when it knows none.
pub(super) fn webhooks_of(integration: &Integration) -> Result<Webhooks> {
    integration.webhooks().copied().ok_or_else(|| {
        let message = format!("the connector for {} knows no webhooks", integration.app_id());
        ConnectorError::new(ErrorCode::UnsupportedOperation, message)
    })
}

/// Opens the inbox of a connection. The worker reads what its messages are about, until the stop signal.
///
/// # Errors
/// When there is no such connection, or the connector knows no webhooks.
pub(crate) async fn open(
    integration: &Arc<Integration>,
    host: CliHost,
    connection: &str,
    target: Target,
    stop: StopSignal,
) -> Result<(Inbox, impl Future<Output = ()> + Send + use<>)> {
    let webhooks = webhooks_of(integration)?;
    let (path, stored) = connected(integration, &host, connection).await?;
    // The queue is in the database that the records go to.
    let store = host.store_at(target.to.as_deref())?;
    let queue = Arc::new(store.hints(integration.app_id(), connection));
    let arrived = Arc::new(Notify::new());
    let receiver = Receiver {
        webhooks,
        streams: streams_by_entity(integration),
        path,
        account: stored.account,
        queue: Arc::clone(&queue) as _,
        rate: Rate::new(MESSAGES_PER_SECOND, MOST_MESSAGES),
        arrived: Arc::clone(&arrived),
    };
    let host: Arc<dyn Host> = Arc::new(host);
    let reader = SyncReader { integration: Arc::clone(integration), host, target };
    let worker = Worker::new(queue, Arc::new(reader), arrived, stop);
    Ok((Inbox(Arc::new(receiver)), worker.run()))
}
