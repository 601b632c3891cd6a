//! A run as server-sent events: its view whenever it changes, and its end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::routes::recorded;
use super::view::RunView;
use crate::serve::Server;

/// Between two views: people see no more, and whoever reads slowly gets the latest one.
const BETWEEN_VIEWS: Duration = Duration::from_millis(250);

/// Between two looks at a run that another process works on.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Proxies close what is silent for a minute.
const BETWEEN_HEARTBEATS: Duration = Duration::from_secs(15);

/// Id of the last event. Every event has the whole view, so that a reader who comes back misses nothing and the others
/// need no id.
const END: &str = "end";

/// Answers with the events of a run.
pub(super) fn follow(server: &Arc<Server>, view: RunView, headers: &HeaderMap) -> Response {
    if headers.get("last-event-id").is_some_and(|id| id.as_bytes() == END.as_bytes()) {
        // This is how a browser learns not to come back.
        return StatusCode::NO_CONTENT.into_response();
    }
    let watch = server.runs.watch(view.run_id).unwrap_or_else(|| look_again(server, view));
    let heartbeat = KeepAlive::new().interval(BETWEEN_HEARTBEATS).text("still here");
    Sse::new(events(watch)).keep_alive(heartbeat).into_response()
}

/// Looks at the store for as long as somebody wants to know.
fn look_again(server: &Arc<Server>, view: RunView) -> watch::Receiver<RunView> {
    let (sender, receiver) = watch::channel(view);
    let (server, mut stop) = (Arc::clone(server), server.stop.clone());
    tokio::spawn(async move {
        while sender.borrow().is_running() {
            tokio::select! {
                () = sleep(BETWEEN_LOOKS) => {}
                () = sender.closed() => return,
                () = stop.given() => return,
            }
            let run_id = sender.borrow().run_id;
            match recorded(&server, run_id).await {
                Ok(Some(view)) => {
                    sender.send_if_modified(|known| {
                        let is_new = *known != view;
                        *known = view;
                        is_new
                    });
                }
                Ok(None) => return,
                Err(error) => tracing::warn!(%error, "a run cannot be looked at"),
            }
        }
    });
    receiver
}

enum Next {
    View(watch::Receiver<RunView>),
    /// After a change, not before this instant.
    Change(watch::Receiver<RunView>, Instant),
    Nothing,
}

fn events(watch: watch::Receiver<RunView>) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    futures_util::stream::unfold(Next::View(watch), |next| async {
        let mut watch = match next {
            Next::View(watch) => watch,
            Next::Change(mut watch, not_before) => {
                // Nobody who could change it is there any more.
                watch.changed().await.ok()?;
                sleep_until(not_before).await;
                watch
            }
            Next::Nothing => return None,
        };
        let view = watch.borrow_and_update().clone();
        let event = if view.is_running() {
            Event::default().event("run")
        } else {
            Event::default().event(END).id(END)
        };
        let event = event.json_data(&view).unwrap_or_default();
        let next = if view.is_running() {
            Next::Change(watch, Instant::now() + BETWEEN_VIEWS)
        } else {
            Next::Nothing
        };
        Some((Ok(event), next))
    })
}
