//! HTTP on this machine: a server whose answers may break off, and requests to others.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

/// Largest body that passes, in bytes.
const LARGEST_BODY: usize = 64 << 20;

/// Longest wait for an answer of the stand-in.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server does with a request.
pub(crate) enum Reply {
    Whole(Response<Bytes>),
    /// The head and half of the body, then the connection is closed.
    BrokenOff(Response<Bytes>),
    /// The connection is closed without a word.
    Closed,
}

pub(crate) type Handler = Arc<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Reply> + Send + Sync>;

/// A server on a free port of this machine, until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(handler: Handler) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(serve(socket, Arc::clone(&handler)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, accepting })
    }

    /// Without a slash at the end.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(socket: TcpStream, handler: Handler) {
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move {
            let (head, body) = request.into_parts();
            let body = Limited::new(body, LARGEST_BODY).collect().await.map_err(io::Error::other)?.to_bytes();
            match handler(Request::from_parts(head, body)).await {
                Reply::Whole(response) => {
                    Ok(response.map(|body| Full::new(body).map_err(never).boxed_unsync()))
                }
                Reply::BrokenOff(response) => Ok(broken_off(response)),
                // The server closes the connection of a request that was not answered.
                Reply::Closed => Err(io::Error::other("closed on purpose")),
            }
        }
    });
    // That a connection breaks is the purpose of half of them.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
}

fn never(never: Infallible) -> io::Error {
    match never {}
}

fn broken_off(response: Response<Bytes>) -> Response<UnsyncBoxBody<Bytes, io::Error>> {
    let (mut head, body) = response.into_parts();
    head.headers.insert(CONTENT_LENGTH, body.len().max(2).into());
    let half = body.slice(..body.len() / 2);
    let frames = [Ok(Frame::data(half)), Err(io::Error::other("broken off on purpose"))];
    Response::from_parts(head, StreamBody::new(stream::iter(frames)).boxed_unsync())
}

/// Sends a request to the server at an origin, and reads all of its answer.
pub(crate) async fn send(origin: &Url, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
    let answered = tokio::time::timeout(PATIENCE, exchange(origin, request)).await;
    answered.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer"))?
}

async fn exchange(origin: &Url, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
    let (Some(host), Some(port)) = (origin.host_str(), origin.port_or_known_default()) else {
        return Err(io::Error::other("an address without a host"));
    };
    let socket = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(io::Error::other)?;
    let connection = tokio::spawn(connection);
    let (mut head, body) = request.into_parts();
    for name in [CONNECTION, TRANSFER_ENCODING] {
        head.headers.remove(name);
    }
    if let Ok(authority) = format!("{host}:{port}").parse() {
        head.headers.insert(HOST, authority);
    }
    let request = Request::from_parts(head, Full::new(body));
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let (mut head, body) = response.into_parts();
    let body = Limited::new(body, LARGEST_BODY).collect().await.map_err(io::Error::other)?.to_bytes();
    connection.abort();
    for name in [CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
        head.headers.remove(name);
    }
    Ok(Response::from_parts(head, body))
}

/// An answer with a JSON body.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Reply {
    text(status, "application/json", body.to_string())
}

/// An answer with a body of some type.
pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
    let response = Response::builder().status(status).header("content-type", content_type).body(body.into());
    // The statuses and types are constants of this crate.
    response.map_or(Reply::Closed, Reply::Whole)
}
