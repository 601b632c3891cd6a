//! Listening: which addresses are allowed, limits of connections and requests, and the end in good order.

use std::net::IpAddr;
use std::sync::Arc;

use connector_core::envelope::Answer;
use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use super::{ServeCommand, Server, ServerOptions, router};
use crate::host::CliHost;
use crate::keys::first_key;
use crate::output::{Ended, print_line};
use crate::signals::{Signals, Watched};

/// The address of whoever sent a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Serves until a signal.
pub(super) async fn run(integrations: Vec<Arc<Integration>>, command: ServeCommand) -> Result<Ended> {
    let (signals, stop) = Signals::new();
    let serving = async {
        let name = match integrations.as_slice() {
            [only] => only.app_id(),
            _ => "connector",
        };
        // The connectors share one store, whatever each would call its own.
        let host = CliHost::new(name);
        let url = host.store_url();
        let host = host.reading(Some(url));
        host.require_vault_key()?;
        let listener = TcpListener::bind(command.listen).await.map_err(|error| {
            let message = format!("nothing can listen on {}: {error}", command.listen);
            ConnectorError::misconfigured(ErrorCode::InvalidValue, message)
                .hint("--listen names another address")
        })?;
        let address = listener.local_addr().unwrap_or(command.listen);
        let public_url = match &command.public_url {
            Some(url) => url.clone(),
            None => Url::parse(&format!("http://{address}")).map_err(|error| {
                ConnectorError::new(ErrorCode::InternalError, "an address is no URL").source(error)
            })?,
        };
        let options = ServerOptions {
            public_url,
            requests_per_second: command.requests_per_second,
            stop: stop.clone(),
        };
        let server = Arc::new(Server::new(integrations, &host, options)?);
        first_key(&server.store.access_keys()).await?;
        let ready = json!({"status": "ready", "listening": address.to_string()}).to_string();
        print_line(&ready).map_err(|error| {
            ConnectorError::new(ErrorCode::InternalError, "standard output cannot be written").source(error)
        })?;
        let mut until = stop.clone();
        axum::serve(listener, router(server))
            .with_graceful_shutdown(async move { until.given().await })
            .await
            .map_err(|error| {
                ConnectorError::new(ErrorCode::InternalError, "the server ended by itself").source(error)
            })
    };
    match signals.watch(serving).await {
        Watched::Done(Err(error), None) => Err(error),
        Watched::Done(Ok(()), None) => Ok(Ended::Answer(Answer::new(&json!({"status": "stopped"}))?)),
        Watched::Done(_, Some(signal)) | Watched::CutOff(signal) => Ok(Ended::Signalled(signal, None)),
    }
}
