//! Starts what is due, for as long as the server runs.

use std::sync::Arc;
use std::time::Duration;

use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::{LastTime, Schedule, StoredSchedule};
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use uuid::Uuid;

use super::due::{Standing, standing};
use crate::serve::Server;

/// Between two looks at the schedules: others change them, and the clock may be set.
const BETWEEN_LOOKS: Duration = Duration::from_secs(15);

/// Scheduled runs at a time. All that are due at six in the morning would be more than a database has room for.
const MOST_AT_A_TIME: usize = 8;

/// Starts what is due until the server is to end.
pub(in crate::serve) async fn run(server: Arc<Server>) {
    let room = Arc::new(Semaphore::new(MOST_AT_A_TIME));
    let mut stop = server.stop.clone();
    while !stop.is_given() {
        let pause = look(&server, &room).await;
        tokio::select! {
            () = sleep(pause) => {}
            () = stop.given() => {}
        }
    }
}

/// Starts what is due now. Gives the time until the next look.
async fn look(server: &Arc<Server>, room: &Arc<Semaphore>) -> Duration {
    let mut pause = BETWEEN_LOOKS;
    for app_id in server.apps.keys() {
        let schedules = match server.store.schedules(app_id).await {
            Ok(schedules) => schedules,
            Err(error) => {
                tracing::error!(app_id, %error, "the schedules cannot be read");
                continue;
            }
        };
        for stored in schedules {
            let next = attend(server, stored, room).await;
            pause = pause.min(next.unwrap_or(BETWEEN_LOOKS));
        }
    }
    pause
}

/// Does what is to be done about a schedule. Gives the time until it is due.
async fn attend(server: &Arc<Server>, stored: StoredSchedule, room: &Arc<Semaphore>) -> Option<Duration> {
    let now = Timestamp::now();
    let until = |at: Timestamp| Duration::try_from(at.duration_since(now)).ok();
    let (claimed_until, schedule) = (stored.claimed_until, stored.schedule);
    let attended = match standing(&schedule, now) {
        Ok(Standing::Off) => return None,
        Ok(Standing::At(at)) => return until(at),
        Ok(Standing::Wrong(next)) => settle(server, &schedule, Some(next)).await,
        Ok(Standing::Due(_)) if claimed_until.is_some_and(|claim| claim > now) => {
            return claimed_until.and_then(until);
        }
        Ok(Standing::Due(next)) => start_due(server, schedule.clone(), next, room).await,
        Err(error) => Err(error),
    };
    if let Err(error) = attended {
        let key = &schedule.key;
        tracing::error!(key.app_id, key.connection, schedule = key.name, %error, "a schedule cannot be followed");
    }
    None
}

/// Sets the next time in the place of the one that a schedule has, which is over.
async fn settle(server: &Server, schedule: &Schedule, next: Option<Timestamp>) -> Result<()> {
    match schedule.next_at {
        Some(due) => server.store.settle_schedule(&schedule.key, due, next).await,
        None => Ok(()),
    }
}

/// Starts a schedule, unless another server is faster. Where there is no room it stays due: the next look, or another
/// server, finds it.
async fn start_due(
    server: &Arc<Server>,
    schedule: Schedule,
    next: Timestamp,
    room: &Arc<Semaphore>,
) -> Result<()> {
    let Ok(place) = Arc::clone(room).try_acquire_owned() else { return Ok(()) };
    let Some(due) = schedule.next_at else { return Ok(()) };
    if !server.store.claim_schedule(&schedule.key, due, Timestamp::now()).await? {
        return Ok(());
    }
    // Tokens may have to be renewed first: the others do not wait for that.
    tokio::spawn(run_once(Arc::clone(server), schedule, next, place));
    Ok(())
}

/// One time of a schedule, to the end of its run. The time is over once the run has begun, and not before: if this
/// process dies, another finds it due.
async fn run_once(server: Arc<Server>, schedule: Schedule, next: Timestamp, _place: OwnedSemaphorePermit) {
    let key = &schedule.key;
    let outcome = start(&server, &schedule).await;
    let is_left = outcome.is_err() && server.stop.is_given();
    let next = if is_left { schedule.next_at } else { Some(next) };
    if let Err(error) = settle(&server, &schedule, next).await {
        tracing::error!(%error, "the next time of a schedule cannot be set");
    }
    if is_left {
        return;
    }
    match &outcome {
        Ok(run_id) => {
            tracing::info!(key.app_id, key.connection, schedule = key.name, %run_id, "scheduled run started");
        }
        Err(error) => {
            tracing::warn!(key.app_id, key.connection, schedule = key.name, %error, "scheduled run skipped");
        }
    }
    let run_id = outcome.as_ref().ok().copied();
    let last =
        LastTime { at: Timestamp::now(), outcome: outcome.map_err(|error| error.message().to_owned()) };
    if let Err(error) = server.store.note_schedule(key, &last).await {
        tracing::error!(%error, "what became of a schedule cannot be noted");
    }
    if let Some(mut watch) = run_id.and_then(|run_id| server.runs.watch(run_id)) {
        // One that nobody can change any more has ended, too.
        let _ = watch.wait_for(|view| !view.is_running()).await;
    }
}

async fn start(server: &Arc<Server>, schedule: &Schedule) -> Result<Uuid> {
    let key = &schedule.key;
    // The app is not asked again and again for what only a person can give.
    let connections = server.store.connections(&key.app_id).await?;
    let needs_login =
        connections.iter().any(|stored| stored.name == key.connection && stored.state.needs_login());
    if needs_login {
        let message = format!("somebody must log in to the connection {} again", key.connection);
        return Err(ConnectorError::new(ErrorCode::CredsRevoked, message));
    }
    let mut request = schedule.request.clone();
    request.insert("connection".to_owned(), json!(key.connection));
    server.runs.start(server, &key.app_id, request).await
}
