//! The wish to end a run, which may come from another process: it stands in the database.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::sink::SinkRun;
use crate::host::StopSignal;

/// Between two looks at whether somebody wants the run to end.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Gives the signal to a run when its process is told to stop, or somebody elsewhere wants the run to end.
pub(super) async fn pass_on(
    run: &dyn SinkRun,
    mut stop_of_process: StopSignal,
    stop: watch::Sender<bool>,
) -> Infallible {
    tokio::select! {
        () = stop_of_process.given() => {}
        () = cancelled(run) => tracing::info!("somebody cancelled the run"),
    }
    stop.send_replace(true);
    std::future::pending().await
}

async fn cancelled(run: &dyn SinkRun) {
    loop {
        sleep(BETWEEN_LOOKS).await;
        match run.is_cancelled().await {
            Ok(true) => return,
            Ok(false) => {}
            // Whoever wants it to end can say so again; the run has its own ways to find that the database is away.
            Err(error) => tracing::debug!(%error, "it is not known whether somebody wants the run to end"),
        }
    }
}
