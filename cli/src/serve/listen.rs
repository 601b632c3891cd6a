//! Listening: which addresses are allowed, what is told when the server is ready, and the end in good order.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use connector_core::envelope::Answer;
use connector_core::host::{Host, StopSignal};
use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use super::connections::{self, Bounds};
use super::gate::Gate;
use super::mishaps::quiet_panics;
use super::{ServeCommand, Server, ServerOptions, guarded_router, messages, metrics, schedules};
use crate::host::CliHost;
use crate::keys::first_key;
use crate::output::{Ended, print_line};
use crate::signals::{Signals, Watched};

/// Connections take a file each, and a process has 1024 of them unless somebody allows more.
const BOUNDS: Bounds = Bounds {
    most: 512,
    longest_head: Duration::from_secs(15),
    longest_stall: Duration::from_secs(30),
    longest_goodbye: Duration::from_millis(2500),
};

/// The address of whoever sent a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Serves until a signal.
pub(super) async fn run(
    name: &str,
    integrations: Vec<Arc<Integration>>,
    command: ServeCommand,
) -> Result<Ended> {
    let (signals, stop) = Signals::new();
    match signals.watch(Box::pin(serve(name, integrations, &command, stop))).await {
        Watched::Done(Err(error), None) => Err(error),
        Watched::Done(Ok(()), None) => Ok(Ended::Answer(Answer::new(&json!({"status": "stopped"}))?)),
        Watched::Done(Err(error), Some(signal)) => {
            tracing::debug!(?error, "stopped with an error");
            Ok(Ended::Signalled(signal, None))
        }
        Watched::Done(Ok(()), Some(signal)) | Watched::CutOff(signal) => Ok(Ended::Signalled(signal, None)),
    }
}

async fn serve(
    name: &str,
    integrations: Vec<Arc<Integration>>,
    command: &ServeCommand,
    stop: StopSignal,
) -> Result<()> {
    quiet_panics();
    check_address(command)?;
    // The connectors share one store, whatever each would call its own.
    let host = CliHost::new(name);
    let url = host.store_url();
    let host = host.reading(Some(url));
    let listener = bind(command.listen).await?;
    let address = listener.local_addr().map_err(|error| cannot_listen(command.listen, &error))?;
    let public_url = public_url(command, address)?;
    let gate = Gate { behind_proxy: command.behind_tls_proxy, public_url: public_url.clone() };
    let options = ServerOptions {
        public_url,
        requests_per_second: command.requests_per_second,
        request_timeout: command.request_timeout.map(|seconds| Duration::from_secs(seconds.into())),
        stop: stop.clone(),
    };
    let server = Arc::new(Server::new(integrations, &host, options)?);
    // Better said now than when the first token is to be kept.
    host.require_vault_key()?;
    first_key(&server.store.access_keys()).await?;
    metrics::start(stop.clone())?;
    let mut followers = JoinSet::new();
    let inboxes = messages::inboxes(&server, &command.webhooks, &mut followers).await?;
    tell_ready(address)?;
    let background = background(&server).await?;
    let router = guarded_router(Arc::clone(&server), gate, inboxes);
    connections::serve(listener, router, BOUNDS, stop).await;
    // They were told to stop when we were, and give their leases and their hints back.
    server.runs.ended().await;
    while followers.join_next().await.is_some() {}
    drop(background);
    Ok(())
}

/// What the server does unasked: starts runs by the clock, and renews tokens before they end. Ended with the answer.
async fn background(server: &Arc<Server>) -> Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    tasks.spawn(schedules::run(Arc::clone(server)));
    for app in server.apps.values() {
        let host: Arc<dyn Host> = Arc::clone(&app.host) as _;
        if let Some(tokens) = host.tokens().await? {
            tasks.spawn(tokens.sweep(vec![Arc::clone(&app.integration)], host, server.stop.clone()));
        }
    }
    Ok(tasks)
}

/// Keys and tokens must not cross a network in the clear, so only this machine's own programs reach us, or a proxy that
/// speaks TLS to all others.
fn check_address(command: &ServeCommand) -> Result<()> {
    let address = command.listen;
    if command.behind_tls_proxy {
        return check_proxy(command);
    }
    if address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    let message = format!("{address} can be reached from other machines, and this server speaks no TLS");
    Err(ConnectorError::misconfigured(ErrorCode::InvalidValue, message)
        .app_error_code("server.address_refused")
        .hint(
            "put a proxy with TLS in front and say so with --behind-tls-proxy and --public-url, or listen on 127.0.0.1",
        ))
}

/// Only who knows that browsers come over TLS gives them cookies that they send over nothing else, and has people sent
/// back to where the proxy is.
fn check_proxy(command: &ServeCommand) -> Result<()> {
    if command.public_url.as_ref().is_some_and(|url| url.scheme() == "https") {
        return Ok(());
    }
    let message = "--behind-tls-proxy needs --public-url with the https address that the proxy answers at";
    Err(ConnectorError::misconfigured(ErrorCode::InvalidValue, message)
        .app_error_code("server.public_url_needed")
        .hint("as --public-url https://connect.example, or CONNECTOR_PUBLIC_URL"))
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| cannot_listen(address, &error))
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> ConnectorError {
    let message = format!("nothing can listen on {address}: {error}");
    ConnectorError::misconfigured(ErrorCode::InvalidValue, message).hint("--listen names another address")
}

/// Where browsers reach us: what was said, else the address that is listened on.
fn public_url(command: &ServeCommand, address: SocketAddr) -> Result<Url> {
    let wrong = |message: &str| {
        ConnectorError::misconfigured(ErrorCode::InvalidValue, message.to_owned())
            .hint("as https://connect.example")
    };
    if let Some(url) = &command.public_url {
        let is_web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
        let has_secret = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
        return if is_web && !has_secret {
            Ok(url.clone())
        } else {
            Err(wrong("--public-url must be an http or https address, without a query or a password"))
        };
    }
    Url::parse(&format!("http://{address}"))
        .map_err(|error| ConnectorError::new(ErrorCode::InternalError, "an address is no URL").source(error))
}

/// The first line is for whoever started the server and waits for it to answer; the last one stays an envelope.
fn tell_ready(address: SocketAddr) -> Result<()> {
    let url = format!("http://{address}");
    let ready = json!({"status": "ready", "listening": address.to_string(), "url": url}).to_string();
    print_line(&ready).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "standard output cannot be written").source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(listen: &str, behind_tls_proxy: bool, public_url: Option<&str>) -> ServeCommand {
        ServeCommand {
            listen: listen.parse().unwrap(),
            behind_tls_proxy,
            public_url: public_url.map(|url| url.parse().unwrap()),
            requests_per_second: 0,
            request_timeout: None,
            webhooks: Vec::new(),
        }
    }

    #[test]
    fn other_machines_are_served_behind_a_proxy_with_tls_only() {
        for address in ["127.0.0.1:0", "[::1]:0", "127.0.0.5:80", "[::ffff:127.0.0.1]:80"] {
            assert!(check_address(&command(address, false, None)).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
            assert_eq!(check_address(&command(address, false, None)).unwrap_err().exit_code(), 78);
        }
        for address in ["0.0.0.0:0", "127.0.0.1:0"] {
            let check = |url| check_address(&command(address, true, url));
            assert!(check(Some("https://connect.example")).is_ok(), "{address}");
            for url in [None, Some("http://connect.example")] {
                let error = check(url).unwrap_err();
                assert_eq!((error.exit_code(), error.app_code()), (78, Some("server.public_url_needed")));
            }
        }
    }

    #[test]
    fn browsers_are_told_the_address_that_was_named() {
        let address = "127.0.0.1:8080".parse().unwrap();
        let url =
            |named| public_url(&command("127.0.0.1:0", false, named), address).map(|url| url.to_string());
        assert_eq!(url(None).unwrap(), "http://127.0.0.1:8080/");
        assert_eq!(url(Some("https://connect.example/base")).unwrap(), "https://connect.example/base");
        for wrong in
            ["ftp://connect.example", "https://a:b@connect.example", "https://c.example/?a", "mailto:a"]
        {
            assert!(url(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
