//! Connections of the server: bounded in number, and none is kept that neither asks nor reads.
//!
//! Whoever opens many and sends nothing, or slowly, cannot keep others out: when all places are taken, the connection
//! that has been without a request for longest makes room.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use axum::{Router, serve::Listener};
use connector_core::host::StopSignal;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceExt;

use super::stalls::Unstalled;
use super::watched_body::WatchedBody;
use crate::signals::patience;

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// How many may be open.
    pub(super) most: usize,
    /// How long one may take for the head of a request, waiting for the first byte included.
    pub(super) longest_head: Duration,
    /// How long one may leave an answer unread.
    pub(super) longest_stall: Duration,
    /// How long requests under way may take when the server stops.
    pub(super) longest_goodbye: Duration,
}

/// The address that a connection came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeerAddress(pub(super) IpAddr);

/// Answers requests until the wish to stop, and then those that are under way.
pub(super) async fn serve(mut listener: TcpListener, router: Router, bounds: Bounds, stop: StopSignal) {
    let places = Arc::new(Semaphore::new(bounds.most));
    let open = Arc::new(Open::default());
    let mut tasks = JoinSet::new();
    let mut until = stop.clone();
    loop {
        let accepted = tokio::select! {
            () = until.given() => break,
            accepted = Listener::accept(&mut listener) => accepted,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
        };
        if places.available_permits() == 0 {
            open.dismiss_idlest();
        }
        let place = tokio::select! {
            () = until.given() => break,
            place = Arc::clone(&places).acquire_owned() => place.expect("the semaphore is never closed"),
        };
        let (stream, address) = accepted;
        let connection = open.add();
        let task = Task { open: Arc::clone(&open), connection, bounds, stop: stop.clone(), _place: place };
        tasks.spawn(task.run(stream, address, router.clone()));
    }
    drop(listener);
    let all_ended = async { while tasks.join_next().await.is_some() {} };
    let is_cut = tokio::select! {
        () = all_ended => false,
        // What an app gives once may be the answer to one of them.
        () = patience(bounds.longest_goodbye) => true,
    };
    if is_cut {
        tracing::warn!(cut = tasks.len(), "requests were under way for too long and were cut off");
    }
    tasks.abort_all();
}

/// The connections that are open.
#[derive(Default)]
struct Open {
    next: AtomicUsize,
    connections: Mutex<BTreeMap<usize, Arc<Connection>>>,
}

/// One of them.
struct Connection {
    number: usize,
    /// Requests that are being answered.
    requests: AtomicUsize,
    idle_since: Mutex<Instant>,
    dismissed: Notify,
}

impl Open {
    fn add(&self) -> Arc<Connection> {
        let connection = Arc::new(Connection {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            requests: AtomicUsize::new(0),
            idle_since: Mutex::new(Instant::now()),
            dismissed: Notify::new(),
        });
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.insert(connection.number, Arc::clone(&connection));
        connection
    }

    fn remove(&self, connection: &Connection) {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).remove(&connection.number);
    }

    /// Ends the connection that has been without a request for longest. When all have one, the next that comes waits.
    fn dismiss_idlest(&self) {
        let connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = connections.values().filter(|open| open.requests.load(Ordering::Relaxed) == 0);
        let since = |open: &&Arc<Connection>| *open.idle_since.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(idlest) = idle.min_by_key(since) {
            idlest.dismissed.notify_one();
        }
    }
}

/// Counts a request as long as it is kept.
pub(super) struct UnderWay(Arc<Connection>);

impl UnderWay {
    fn new(connection: &Arc<Connection>) -> Self {
        connection.requests.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(connection))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        *self.0.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The connection of a request whose sender is not known yet.
#[derive(Clone)]
pub(super) struct Strangers(Arc<Connection>);

impl Strangers {
    /// Waits for something that the sender has to do. Until then the connection has no request, and may be dismissed.
    pub(super) async fn during<T>(&self, waiting: impl Future<Output = T>) -> T {
        struct Idle<'c>(&'c Connection);
        impl Drop for Idle<'_> {
            fn drop(&mut self) {
                self.0.requests.fetch_add(1, Ordering::Relaxed);
            }
        }
        *self.0.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
        let _idle = Idle(&self.0);
        waiting.await
    }
}

struct Task {
    open: Arc<Open>,
    connection: Arc<Connection>,
    bounds: Bounds,
    stop: StopSignal,
    _place: OwnedSemaphorePermit,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.open.remove(&self.connection);
    }
}

impl Task {
    async fn run(mut self, stream: TcpStream, address: SocketAddr, router: Router) {
        // Small answers must not wait for more to be sent with them.
        let _ = stream.set_nodelay(true);
        let peer = PeerAddress(address.ip().to_canonical());
        let state = Arc::clone(&self.connection);
        let service = service_fn(move |request: Request<Incoming>| {
            let under_way = UnderWay::new(&state);
            let router = router.clone();
            async move { Ok::<_, Infallible>(answer(router, request, peer, under_way).await) }
        });
        let io = TokioIo::new(Unstalled::new(stream, self.bounds.longest_stall));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.bounds.longest_head)
            .serve_connection(io, service);
        let mut connection = std::pin::pin!(connection);
        let mut is_stopping = false;
        loop {
            tokio::select! {
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                () = self.connection.dismissed.notified() => return,
                () = self.stop.given(), if !is_stopping => {
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    peer: PeerAddress,
    under_way: UnderWay,
) -> Response<WatchedBody> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(Strangers(Arc::clone(&under_way.0)));
    let Ok(response) = router.oneshot(request).await;
    response.map(|body| WatchedBody::new(body, under_way))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use crate::serve::testing::server;

    #[tokio::test]
    async fn whoever_sends_slowly_and_is_not_known_makes_room() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounds = Bounds {
            most: 1,
            longest_head: Duration::from_mins(1),
            longest_stall: Duration::from_mins(1),
            longest_goodbye: Duration::from_mins(1),
        };
        let serving =
            tokio::spawn(serve(listener, crate::serve::router(server()), bounds, StopSignal::never()));
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"POST /-/sign-in HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n")
            .await
            .unwrap();
        let mut told = [0; 25];
        slow.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n", "the body is waited for");
        slow.write_all(b"k").await.unwrap();

        let mut other = TcpStream::connect(address).await.unwrap();
        other
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        other.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let mut rest = Vec::new();
        // It is closed, or reset since what it sent was not read.
        let _ = slow.read_to_end(&mut rest).await;
        assert_eq!(String::from_utf8(rest).unwrap(), "", "no answer was made for the dismissed one");
        serving.abort();
    }
}
