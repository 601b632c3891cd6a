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

use super::Listen;
use super::address::{PublicUrl, SecretPath};
use super::connections::{BoundedListener, Bounds};
use super::inbox::{self, webhooks_of};
use super::receiver::{router, streams_by_entity};
use crate::host::CliHost;
use crate::output::{Ended, print_line};
use crate::signals::{Signals, Watched};

/// Connections at a time. Apps need a handful, and each holds a file.
const CONNECTIONS: Bounds = Bounds { most: 128, longest: Duration::from_secs(15) };

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
    let webhooks = webhooks_of(integration)?;
    let public = command.public_url.as_deref().map(PublicUrl::parse).transpose()?;
    let host = CliHost::new(integration.app_id()).with_stop(stop.clone());
    let name = command.target.connection.as_deref().unwrap_or(DEFAULT_CONNECTION);
    let (inbox, work) = inbox::open(
        integration,
        host.sharing().with_stop(stop.clone()),
        name,
        command.target.clone(),
        stop.clone(),
    )
    .await?;
    let listener = bind(command).await?;
    let address = listener.local_addr().map_err(|error| cannot_listen(command, &error))?;
    let host: Arc<dyn Host> = Arc::new(host);

    let mut until = stop.clone();
    let server = axum::serve(BoundedListener::new(listener, CONNECTIONS), router(Arc::clone(&inbox.0)))
        .with_graceful_shutdown(async move { until.given().await });
    // It answers before it is registered: apps may try the address out.
    let mut server = tokio::spawn(server.into_future());
    let registered = match public.filter(|_| command.register) {
        None => None,
        Some(public) => tokio::select! {
            types = register(integration, &webhooks, &host, name, inbox.path(), &public) => Some(types?),
            () = stop.given() => return Ok(()),
        },
    };
    tell_ready(&address.to_string(), registered.as_deref())?;

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
