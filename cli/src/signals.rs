//! Signals: the first asks to stop, and after a while the program ends in any case.

use std::time::Duration;

use connector_core::host::StopSignal;
use connector_core::oauth::refreshes_settled;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// From the signal to the end of the work, at most: with the last spans, less than the 4 seconds that are promised.
/// Orchestrators wait 5 seconds or more before they kill.
const LONGEST_STOP: Duration = Duration::from_millis(3200);

/// Of that, for a refresh that is under way when the work has ended.
const LONGEST_REFRESH: Duration = Duration::from_secs(2);

/// Which signal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    /// 128 and the signal's number, as shells have it.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Listens for signals.
pub(crate) struct Signals {
    stop: watch::Sender<bool>,
}

/// How work under signals ended.
pub(crate) enum Watched<T> {
    /// It ended, perhaps because a signal asked it to.
    Done(T, Option<Signal>),
    /// It did not end in time.
    CutOff(Signal),
}

impl Signals {
    /// A listener and the wish to stop that it passes on.
    pub(crate) fn new() -> (Self, StopSignal) {
        let (stop, signal) = StopSignal::new();
        (Self { stop }, signal)
    }

    /// Runs work until it ends. After a signal it has a few seconds to do so; after a second one none.
    pub(crate) async fn watch<T>(self, work: impl Future<Output = T>) -> Watched<T> {
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return Watched::Done(work.await, None);
        };
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
            }
        };
        let settled = refreshes_end(self.stop.subscribe());
        let work = async {
            let done = work.await;
            settled.await;
            done
        };
        tokio::pin!(work);
        let came = tokio::select! {
            done = &mut work => return Watched::Done(done, None),
            came = next() => came,
        };
        tracing::info!(signal = ?came, "stopping");
        self.stop.send_replace(true);
        tokio::select! {
            done = &mut work => Watched::Done(done, Some(came)),
            () = tokio::time::sleep(LONGEST_STOP) => Watched::CutOff(came),
            again = next() => Watched::CutOff(again),
        }
    }
}

/// Waits for refreshes that outlive whoever asked for them; not for long once a signal came.
async fn refreshes_end(mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = refreshes_settled() => return,
        _ = stop.wait_for(|given| *given) => {}
    }
    let _ = tokio::time::timeout(LONGEST_REFRESH, refreshes_settled()).await;
}
