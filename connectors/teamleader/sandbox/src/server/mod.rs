//! The server: one origin on 127.0.0.1 for OAuth, API and control.

mod answer;
mod send;
mod socket;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, State as Extract};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use self::socket::{Listener, Wire};
use crate::catalog::{RESOURCES, position};
use crate::control::Control;
use crate::options::Options;
use crate::state::{Shared, State};
use crate::webhooks;

/// A running stand-in for the service. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    control: Control,
    client_id: String,
    client_secret: String,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<io::Result<()>>,
    /// Carries webhooks; it stops when this is dropped.
    _courier: JoinSet<()>,
}

/// Open connections may finish what they are doing, but not for ever.
const PATIENCE: Duration = Duration::from_secs(2);

impl Sandbox {
    /// Makes the data and starts to listen on 127.0.0.1, inside the caller's tokio runtime.
    pub async fn start(options: Options) -> io::Result<Self> {
        if let Some(unknown) = options.only.iter().find(|name| position(name).is_none()) {
            let message = format!("the sandbox has no resource `{unknown}`");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        // Bound first: a port that is taken is reported before the data is made.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let mut state = tokio::task::spawn_blocking(move || State::new(&options)).await?;
        state.downloads.origin = format!("http://{address}");
        let posts = state.webhooks.open();
        let (client_id, client_secret) = (state.client.id.clone(), state.client.secret.clone());
        let shared = Arc::new(Shared::new(state));
        let control = Control::new(Arc::clone(&shared));
        let mut courier = JoinSet::new();
        courier.spawn(webhooks::carry(posts, Arc::downgrade(&shared)));

        let router = Router::new().fallback(handle).with_state(shared);
        let service = router.into_make_service_with_connect_info::<Wire>();
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = axum::serve(Listener(listener), service).with_graceful_shutdown(async move {
            // An error means that the sandbox was dropped, which stops it as well.
            let _ = stopped.await;
        });
        let server = tokio::spawn(async move { serve.await });
        Ok(Self { address, control, client_id, client_secret, stop: Some(stop), server, _courier: courier })
    }

    /// Names of all resources, as in their paths.
    pub fn resources() -> impl Iterator<Item = &'static str> {
        RESOURCES.iter().map(|resource| resource.name)
    }

    /// The one origin of OAuth server and API, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Id of the registered integration.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Secret of the registered integration.
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// The hand behind the curtain. Clones are cheap and outlive nothing but their use.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Stops listening, lets open requests finish for a moment, and returns when all is gone.
    pub async fn stop(mut self) {
        self.stop.take();
        if tokio::time::timeout(PATIENCE, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

async fn handle(
    Extract(shared): Extract<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: axum::extract::Request,
) -> Response {
    match answer::answer(&shared, request).await {
        Ok((reply, delivery)) => {
            let now = shared.lock().clock.now();
            send::send(reply, &delivery, now, &wire).await
        }
        Err(refusal) => refusal,
    }
}
