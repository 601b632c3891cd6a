//! The runs of this process: started, looked at, cancelled.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connector_core::dispatch::dispatch;
use connector_core::envelope::{Answer, RequestEnvelope, error_json};
use connector_core::host::{Host, StopSignal};
use connector_core::integration::Integration;
use connector_core::sync::{RunStart, SyncReport};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::{Map, Value};
use tokio::sync::{oneshot, watch};
use tracing::Instrument;
use uuid::Uuid;

use super::body::connection_of;
use super::live::Live;
use super::view::RunView;
use crate::serve::Server;
use crate::sync::report;

/// Runs that ended and are still shown from memory; the store knows all.
const MOST_ENDED: usize = 50;

/// The runs of this process.
#[derive(Default)]
pub(crate) struct Runs(Arc<Shared>);

#[derive(Default)]
struct Shared {
    known: Mutex<Known>,
    /// How many tasks are at work, for whoever waits for their end.
    at_work: watch::Sender<usize>,
}

#[derive(Default)]
struct Known {
    /// The oldest first.
    runs: VecDeque<Entry>,
    /// Connections that a run writes for, or is about to.
    busy: HashMap<Place, Option<Uuid>>,
}

/// A connection of a connector.
type Place = (String, String);

struct Entry {
    run_id: Uuid,
    view: watch::Sender<RunView>,
    stop: watch::Sender<bool>,
}

impl Runs {
    /// Starts a sync in the background, with a request as of the capability `sync`. Gives the id of the run once it is
    /// known that no other run holds the connection.
    ///
    /// # Errors
    /// `conflict` when one does; `bad_request` and its kin for the request.
    pub(crate) async fn start(
        &self,
        server: &Arc<Server>,
        app_id: &str,
        request: Map<String, Value>,
    ) -> Result<Uuid> {
        self.start_with(server, app_id, RequestEnvelope { request, ..RequestEnvelope::default() }).await
    }

    /// The same with a whole envelope.
    pub(crate) async fn start_with(
        &self,
        server: &Arc<Server>,
        app_id: &str,
        envelope: RequestEnvelope,
    ) -> Result<Uuid> {
        let app = server.app(app_id).ok_or_else(|| {
            ConnectorError::new(ErrorCode::NotFound, "no connector of this name is served here")
        })?;
        if server.stop.is_given() {
            return Err(ConnectorError::new(ErrorCode::ServiceError, "the server is about to end"));
        }
        let mut task = self.0.enter(app_id, &envelope)?;
        let (stop, signal) = StopSignal::new();
        let (tell, told) = oneshot::channel();
        let live = Arc::new(Live::new(task.on_begin(stop.clone(), tell)));
        let host = app.host.sharing().with_progress(Arc::clone(&live) as _).with_stop(signal);
        let work = Work {
            integration: Arc::clone(&app.integration),
            host: Arc::new(host),
            envelope,
            server_stop: server.stop.clone(),
            stop,
        };
        let run = async move {
            let ended = work.run().await;
            // Whoever sees the end may start the next run at once.
            task.leave();
            note_end(&live, &task.place.0, ended)
        };
        let refused = tokio::spawn(run.in_current_span());
        match told.await {
            Ok(run_id) => Ok(run_id),
            Err(_) => Err(refused.await.ok().flatten().unwrap_or_else(without_report)),
        }
    }

    /// Asks a run of this process to end. `false` when there is none of this id under way.
    pub(crate) fn cancel(&self, run_id: Uuid) -> bool {
        let known = self.0.known();
        let running = known.runs.iter().find(|entry| entry.run_id == run_id && entry.is_running());
        running.is_some_and(|entry| {
            entry.stop.send_replace(true);
            true
        })
    }

    /// A run of this process, and its changes from now on.
    pub(crate) fn watch(&self, run_id: Uuid) -> Option<watch::Receiver<RunView>> {
        self.0.known().runs.iter().find(|entry| entry.run_id == run_id).map(|entry| entry.view.subscribe())
    }

    /// The run of a connection that is under way in this process.
    pub(crate) fn of_connection(&self, app_id: &str, connection: &str) -> Option<RunView> {
        let known = self.0.known();
        let run_id = (*known.busy.get(&(app_id.to_owned(), connection.to_owned()))?)?;
        known.runs.iter().find(|entry| entry.run_id == run_id).map(|entry| entry.view.borrow().clone())
    }

    /// Waits until no run is under way. Those that were asked to end do so in seconds.
    pub(crate) async fn ended(&self) {
        // The sender lives as long as we do.
        let _ = self.0.at_work.subscribe().wait_for(|at_work| *at_work == 0).await;
    }
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for a run, and keeps every other one of this process off the connection until it ended.
    fn enter(self: &Arc<Self>, app_id: &str, envelope: &RequestEnvelope) -> Result<Task> {
        let place = (app_id.to_owned(), connection_of(envelope).to_owned());
        let writes = envelope.request.get("dry_run") != Some(&Value::Bool(true));
        if writes {
            let mut known = self.known();
            if let Some(run) = known.busy.get(&place) {
                return Err(busy(&place, *run));
            }
            known.busy.insert(place.clone(), None);
        }
        self.at_work.send_modify(|at_work| *at_work += 1);
        Ok(Task { shared: Arc::clone(self), place, writes })
    }
}

/// A run on its way; dropping it tells that it is over.
struct Task {
    shared: Arc<Shared>,
    place: Place,
    writes: bool,
}

impl Task {
    /// What is done once the run holds its connection: from then on it can be looked at.
    fn on_begin(
        &self,
        stop: watch::Sender<bool>,
        tell: oneshot::Sender<Uuid>,
    ) -> impl FnOnce(&RunStart) -> watch::Sender<RunView> + Send + 'static {
        let shared = Arc::clone(&self.shared);
        let busy = self.writes.then(|| self.place.clone());
        move |run| {
            let view = watch::Sender::new(RunView::of_start(run));
            let mut known = shared.known();
            known.runs.push_back(Entry { run_id: run.run_id, view: view.clone(), stop });
            known.forget();
            if let Some(place) = busy {
                known.busy.insert(place, Some(run.run_id));
            }
            drop(known);
            // Whoever asked may be gone; the run goes on.
            let _ = tell.send(run.run_id);
            view
        }
    }
}

impl Task {
    /// Makes room on the connection.
    fn leave(&mut self) {
        if std::mem::take(&mut self.writes) {
            self.shared.known().busy.remove(&self.place);
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.leave();
        self.shared.at_work.send_modify(|at_work| *at_work -= 1);
    }
}

impl Known {
    /// Drops the oldest of the runs that ended, where there are many.
    fn forget(&mut self) {
        let ended = self.runs.iter().filter(|entry| !entry.is_running()).count();
        for _ in MOST_ENDED..ended {
            if let Some(oldest) = self.runs.iter().position(|entry| !entry.is_running()) {
                self.runs.remove(oldest);
            }
        }
    }
}

impl Entry {
    fn is_running(&self) -> bool {
        self.view.borrow().is_running()
    }
}

/// The work of a run.
struct Work {
    integration: Arc<Integration>,
    host: Arc<dyn Host>,
    envelope: RequestEnvelope,
    server_stop: StopSignal,
    stop: watch::Sender<bool>,
}

impl Work {
    /// Works to the end, or until somebody wants it to end.
    async fn run(mut self) -> Result<Answer> {
        let (integration, envelope, host) = (self.integration, self.envelope, self.host);
        // A task of its own: one that panics takes nothing with it but itself.
        let dispatched = async move { dispatch(&integration, "sync", envelope, &host).await };
        let mut work = tokio::spawn(dispatched.in_current_span());
        let ended = tokio::select! {
            ended = &mut work => ended,
            () = self.server_stop.given() => {
                self.stop.send_replace(true);
                work.await
            }
        };
        ended.unwrap_or_else(|error| {
            Err(ConnectorError::new(ErrorCode::InternalError, "the run ended by itself").source(error))
        })
    }
}

/// Writes the end of a run into its view. Gives the error back of one that never began.
fn note_end(live: &Live, app_id: &str, ended: Result<Answer>) -> Option<ConnectorError> {
    let report: Result<SyncReport> = ended.and_then(|answer| report(&answer));
    let error = match report {
        Ok(report) => {
            live.change(|view| view.end(&report));
            return None;
        }
        Err(error) => error,
    };
    let told = error_json(&error, app_id, &format!("{app_id}::sync:sync"));
    if live.change(|view| view.fail(told)) {
        tracing::warn!(%error, "the run failed");
        return None;
    }
    Some(error)
}

fn busy((app_id, connection): &Place, run: Option<Uuid>) -> ConnectorError {
    let by = run.map_or_else(|| "a run that is about to start".to_owned(), |run| format!("run {run}"));
    let message = format!("the connection {connection} of {app_id} is being synced by {by} of this server");
    ConnectorError::new(ErrorCode::Conflict, message)
        .app_error_code("store.lease_held")
        .hint("wait until that run ends, or cancel it")
}

fn without_report() -> ConnectorError {
    ConnectorError::new(ErrorCode::InternalError, "the run ended before it began, without a word")
}
