//! Takes the messages that the app posts, and keeps the hints in them.
//!
//! Messages are not signed. Whoever does not know the path learns nothing; whoever knows it can make this program read
//! records again, as often as the rate allows, and no more than that.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONNECTION;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use connector_core::Result;
use connector_core::integration::Integration;
use connector_core::webhook::{Hint, WebhookSubject, Webhooks};
use tokio::sync::Notify;

use super::address::SecretPath;
use super::queue::HintQueue;
use crate::rate::Rate;

/// Largest message that is read. Real ones have a few hundred bytes.
const LARGEST_MESSAGE: usize = 64 << 10;

/// Longest wait for the queue. Apps wait for an answer only a few seconds.
const LONGEST_QUEUEING: Duration = Duration::from_secs(5);

/// What the receiver knows and keeps.
pub(super) struct Receiver {
    pub(super) webhooks: Webhooks,
    /// Streams by what the app calls their records.
    pub(super) streams: HashMap<&'static str, Vec<&'static str>>,
    pub(super) path: SecretPath,
    /// The app's id of the connection's account.
    pub(super) account: Option<String>,
    pub(super) queue: Arc<dyn HintQueue>,
    pub(super) rate: Rate,
    /// Told of each hint that is new.
    pub(super) arrived: Arc<Notify>,
}

/// Streams by what the app calls their records.
pub(super) fn streams_by_entity(integration: &Integration) -> HashMap<&'static str, Vec<&'static str>> {
    let mut streams: HashMap<_, Vec<_>> = HashMap::new();
    for (entity, stream) in integration.hinted_streams() {
        streams.entry(entity).or_default().push(stream);
    }
    streams
}

/// The service for HTTP.
pub(super) fn router(receiver: Arc<Receiver>) -> Router {
    Router::new().fallback(receive).with_state(receiver)
}

async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    // One message a connection: idle ones would take places from others.
    (receiver.answer(request).await, [(CONNECTION, "close")]).into_response()
}

impl Receiver {
    /// Whether a request ends in the secret.
    pub(super) fn is_for(&self, request: &Request) -> bool {
        self.path.is_in(request.uri().path())
    }

    pub(super) async fn answer(&self, request: Request) -> StatusCode {
        if !self.is_for(&request) {
            return StatusCode::NOT_FOUND;
        }
        if request.method() != Method::POST {
            return StatusCode::METHOD_NOT_ALLOWED;
        }
        if !self.rate.take() {
            return StatusCode::TOO_MANY_REQUESTS;
        }
        let Ok(message) = axum::body::to_bytes(request.into_body(), LARGEST_MESSAGE).await else {
            return StatusCode::PAYLOAD_TOO_LARGE;
        };
        let hints = match self.webhooks.read(&message) {
            Ok(hints) => hints,
            Err(error) => {
                tracing::warn!(?error, "a webhook cannot be read");
                return StatusCode::BAD_REQUEST;
            }
        };
        match tokio::time::timeout(LONGEST_QUEUEING, self.keep(&hints)).await {
            Ok(Ok(())) => StatusCode::NO_CONTENT,
            Ok(Err(error)) => {
                tracing::error!(?error, "a webhook cannot be kept");
                StatusCode::SERVICE_UNAVAILABLE
            }
            Err(_) => {
                tracing::error!("a webhook cannot be kept in time");
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    async fn keep(&self, hints: &[Hint]) -> Result<()> {
        for hint in hints.iter().filter(|hint| self.is_of_account(hint)) {
            self.tell_of_end(hint);
            for stream in self.streams.get(hint.entity()).into_iter().flatten() {
                if self.queue.add(stream, hint.id()).await? {
                    tracing::debug!(stream, record = hint.id(), "a hint was queued");
                    self.arrived.notify_one();
                }
            }
        }
        Ok(())
    }

    fn is_of_account(&self, hint: &Hint) -> bool {
        let is_other = match (hint.account(), self.account.as_deref()) {
            (Some(told), Some(own)) => !told.eq_ignore_ascii_case(own),
            _ => false,
        };
        if is_other {
            tracing::warn!("a webhook of another account was ignored");
        }
        !is_other
    }

    /// Nothing is stopped: the message may be forged, and the app itself will refuse what is not allowed any more.
    fn tell_of_end(&self, hint: &Hint) {
        let declared = self.webhooks.declared(hint.event());
        let ends = |event: &&'static str| (self.webhooks.subject)(event) == WebhookSubject::EndOfAccount;
        if let Some(event) = declared.filter(ends) {
            tracing::error!(event, "the app says that the account comes to its end");
        }
    }
}
