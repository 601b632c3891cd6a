//! Signals: the first asks to stop, and after a while the program ends in any case.

use std::time::Duration;

use connector_core::host::StopSignal;
use connector_core::oauth::token_requests_settled;
use futures_util::FutureExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// From the signal to the end of the work, at most: with the last spans, less than the 4 seconds that are promised.
/// Orchestrators wait 5 seconds or more before they kill.
const LONGEST_STOP: Duration = Duration::from_millis(3200);

/// The same for an answer with new tokens, which nobody gets a second time: the app's 20 seconds, and the vault's. Less
/// than the 30 seconds that Kubernetes waits.
const LONGEST_TOKEN_REQUEST: Duration = Duration::from_secs(27);

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
        tokio::pin!(work);
        let (done, mut came) = tokio::select! {
            done = &mut work => (Some(done), None),
            came = next() => {
                tracing::info!(signal = ?came, "stopping");
                self.stop.send_replace(true);
                let done = tokio::select! {
                    done = &mut work => Some(done),
                    () = sleep(LONGEST_STOP) => None,
                    again = next() => return Watched::CutOff(again),
                };
                (done, Some(came))
            }
        };
        if came.is_none() {
            came = tokio::select! {
                () = token_requests_settled() => None,
                came = next() => Some(came),
            };
        }
        if came.is_some() {
            settle(next()).await;
        }
        match (done, came) {
            (Some(done), came) => Watched::Done(done, came),
            (None, came) => Watched::CutOff(came.unwrap_or(Signal::Terminate)),
        }
    }
}

/// Waits for new tokens that only this process can bring into the vault, but not after one more signal.
async fn settle(again: impl Future) {
    let settled = token_requests_settled();
    tokio::pin!(settled);
    if settled.as_mut().now_or_never().is_some() {
        return;
    }
    tracing::info!("an app's answer with new tokens is awaited; one more signal ends this at once");
    tokio::select! {
        _ = timeout(LONGEST_TOKEN_REQUEST, settled) => {}
        _ = again => {}
    }
}
