//! `webhooks listen`: the receiver and the worker, side by side until a signal.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use connector_core::dispatch::{DEFAULT_CONNECTION, dispatch};
use connector_core::envelope::{Answer, RequestEnvelope};
use connector_core::host::{Host, StopSignal};
use connector_core::integration::Integration;
use connector_core::webhook::{WebhookSubject, Webhooks};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::address::{PublicUrl, SecretPath};
use super::connections::{BoundedListener, Bounds};
use super::queue::HintQueue;
use super::reading::SyncReader;
use super::receiver::{Receiver, router, streams_by_entity};
use super::worker::Worker;
use super::{Listen, connected};
use crate::host::CliHost;
use crate::output::{Ended, print_line};
use crate::rate::Rate;
use crate::signals::{Signals, Watched};

/// Connections at a time. Apps need a handful, and each holds a file.
const CONNECTIONS: Bounds = Bounds { most: 128, longest: Duration::from_secs(15) };

/// Messages a second in the long run, and at once: an import of thousands of records is told one by one.
const MESSAGES_PER_SECOND: u32 = 100;
const MOST_MESSAGES: u32 = 2000;

/// Longest wait for messages that are half way when the program stops.
const LONGEST_GOODBYE: Duration = Duration::from_secs(1);

pub(super) async fn run(integration: &Arc<Integration>, command: Listen) -> Result<Ended> {
    let (signals, stop) = Signals::new();
    match signals.watch(Box::pin(serve(integration, &command, stop))).await {
        Watched::Done(Err(error), None) => Err(error),
        Watched::Done(Ok(()), None) => Ok(Ended::Answer(Answer::new(&json!({"status": "stopped"}))?)),
        Watched::Done(Err(error), Some(signal)) => {
            tracing::debug!(?error, "stopped with an error");
            Ok(Ended::Signalled(signal, None))
        }
        Watched::Done(Ok(()), Some(signal)) | Watched::CutOff(signal) => Ok(Ended::Signalled(signal, None)),
    }
}

async fn serve(integration: &Arc<Integration>, command: &Listen, mut stop: StopSignal) -> Result<()> {
    let webhooks = integration.webhooks().copied().ok_or_else(|| {
        let message = format!("the connector for {} knows no webhooks", integration.app_id());
        ConnectorError::new(ErrorCode::UnsupportedOperation, message)
    })?;
    let public = command.public_url.as_deref().map(PublicUrl::parse).transpose()?;
    let host = CliHost::new(integration.app_id()).with_stop(stop.clone());
    let name = command.target.connection.as_deref().unwrap_or(DEFAULT_CONNECTION);
    let (path, connection) = connected(integration, &host, name).await?;
    let queue = queue(&host, command, integration.app_id(), name)?;
    let listener = bind(command).await?;
    let address = listener.local_addr().map_err(|error| cannot_listen(command, &error))?;
    let host: Arc<dyn Host> = Arc::new(host);

    let arrived = Arc::new(Notify::new());
    let receiver = Receiver {
        webhooks,
        streams: streams_by_entity(integration),
        path: path.clone(),
        account: connection.account,
        queue: Arc::clone(&queue),
        rate: Rate::new(MESSAGES_PER_SECOND, MOST_MESSAGES),
        arrived: Arc::clone(&arrived),
    };
    let mut until = stop.clone();
    let server = axum::serve(BoundedListener::new(listener, CONNECTIONS), router(receiver))
        .with_graceful_shutdown(async move { until.given().await });
    // It answers before it is registered: apps may try the address out.
    let mut server = tokio::spawn(server.into_future());
    let registered = match public.filter(|_| command.register) {
        None => None,
        Some(public) => tokio::select! {
            types = register(integration, &webhooks, &host, name, &path, &public) => Some(types?),
            () = stop.given() => return Ok(()),
        },
    };
    tell_ready(&address.to_string(), registered.as_deref())?;

    let reader = SyncReader { integration: Arc::clone(integration), host, target: command.target.clone() };
    let work = Worker::new(queue, Arc::new(reader), arrived, stop.clone()).run();
    tokio::pin!(work);
    tokio::select! {
        () = &mut work => {
            if tokio::time::timeout(LONGEST_GOODBYE, server).await.is_err() {
                tracing::warn!("messages that came in while stopping were not answered");
            }
        }
        ended = &mut server => {
            if !stop.is_given() {
                tracing::error!(?ended, "the receiver ended by itself");
                return Err(ConnectorError::new(ErrorCode::InternalError, "the receiver ended by itself"));
            }
            work.await;
        }
    }
    Ok(())
}

/// The queue is in the database that the records go to.
fn queue(host: &CliHost, command: &Listen, app_id: &str, connection: &str) -> Result<Arc<dyn HintQueue>> {
    let store = host.store_at(command.target.to.as_deref())?;
    Ok(Arc::new(store.hints(app_id, connection)))
}

async fn bind(command: &Listen) -> Result<TcpListener> {
    TcpListener::bind(command.address).await.map_err(|error| cannot_listen(command, &error))
}

fn cannot_listen(command: &Listen, error: &std::io::Error) -> ConnectorError {
    let message = format!("nothing can listen on {}: {error}", command.address);
    ConnectorError::misconfigured(ErrorCode::InvalidValue, message).hint("--listen names another address")
}

/// The first line is for whoever started it. The secret is not in it: what services print ends up in logs.
fn tell_ready(address: &str, registered: Option<&[&str]>) -> Result<()> {
    tracing::info!(address, registered = registered.map(<[&str]>::len), "listening for webhooks");
    let ready = json!({"status": "ready", "listening": address, "registered": registered}).to_string();
    print_line(&ready).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "standard output cannot be written").source(error)
    })
}

/// Asks the app to post everything that concerns a stream. Gives the names of the types.
async fn register(
    integration: &Arc<Integration>,
    webhooks: &Webhooks,
    host: &Arc<dyn Host>,
    connection: &str,
    path: &SecretPath,
    public: &PublicUrl,
) -> Result<Vec<&'static str>> {
    let types = wanted_types(integration, webhooks);
    let member = |value: Value| value.as_object().cloned().unwrap_or_default();
    let envelope = RequestEnvelope {
        request: member(json!({"url": path.below(public), "types": types})),
        auth: Some(member(json!({"stored": {"connection": connection}}))),
        ..RequestEnvelope::default()
    };
    dispatch(integration, "register_webhooks", envelope, host)
        .await
        .map_err(|error| path.removed_from(error))?;
    Ok(types)
}

/// Types that are about records of streams, or about the end of the account.
pub(super) fn wanted_types(integration: &Integration, webhooks: &Webhooks) -> Vec<&'static str> {
    let streams = streams_by_entity(integration);
    let is_wanted = |subject| match subject {
        WebhookSubject::Record(entity) => streams.contains_key(entity),
        WebhookSubject::EndOfAccount => true,
        _ => false,
    };
    webhooks.types.iter().copied().filter(|name| is_wanted((webhooks.subject)(name))).collect()
}
