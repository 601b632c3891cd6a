//! Signals: the first asks to stop, and after a while the program ends in any case.

use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;
use std::{io, thread};

use connector_core::host::StopSignal;
use connector_core::oauth::token_requests_settled;
use futures_util::FutureExt;
use tokio::runtime::Builder;
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// From the signal to the end of the work, at most: with the last spans, less than the 4 seconds that are promised.
/// Orchestrators wait 5 seconds or more before they kill.
const LONGEST_STOP: Duration = Duration::from_millis(3200);

/// The same for an answer with new tokens, which nobody gets a second time: the app's 20 seconds, and the vault's. Less
/// than the 30 seconds that Kubernetes waits.
const LONGEST_TOKEN_REQUEST: Duration = Duration::from_secs(27);

/// For an answer with new tokens to leave, once they are there.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// From the signal to the end of the program, where whoever should end it is held up: standard output blocks while its
/// reader stands still, and with it the thread that would hear of the signal.
const LONGEST_END: Duration = Duration::from_millis(3900);

/// The same after a second signal, which waits for nothing but the last envelope.
const LONGEST_END_AT_ONCE: Duration = Duration::from_millis(500);

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
        let (Ok(mut caught), Ok(in_any_case)) = (Caught::new(), Caught::new()) else {
            return Watched::Done(work.await, None);
        };
        if let Ok(mut kept) = IN_ANY_CASE.lock() {
            *kept = Some(in_any_case);
        }
        tokio::pin!(work);
        let (done, mut came) = tokio::select! {
            done = &mut work => (done, None),
            came = caught.next() => {
                tracing::info!(signal = ?came, "stopping");
                self.stop.send_replace(true);
                tokio::select! {
                    done = &mut work => (done, Some(came)),
                    () = patience(LONGEST_STOP) => return Watched::CutOff(came),
                    again = caught.next() => return Watched::CutOff(again),
                }
            }
        };
        if came.is_none() {
            came = tokio::select! {
                () = token_requests_settled() => None,
                came = caught.next() => Some(came),
            };
        }
        if came.is_some() {
            settle(caught.next()).await;
        }
        Watched::Done(done, came)
    }
}

/// Waits for new tokens that only this process can bring into the vault, but not after one more signal.
async fn settle(again: impl Future) {
    if token_requests_settled().now_or_never().is_some() {
        return;
    }
    tokio::select! {
        () = patience(Duration::ZERO) => {}
        _ = again => {}
    }
}

/// Ends when work that was told to stop has had its time: so much at least, and as long as new tokens are under way, with
/// a moment for the answer that has them.
pub(crate) async fn patience(least: Duration) {
    sleep(least).await;
    if token_requests_settled().now_or_never().is_some() {
        return;
    }
    tracing::info!("an app's answer with new tokens is awaited; one more signal ends this at once");
    if timeout(LONGEST_TOKEN_REQUEST.saturating_sub(least), token_requests_settled()).await.is_ok() {
        sleep(LAST_WORDS).await;
    }
}

/// Signals that do not end the program by themselves any more.
struct Caught {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Caught {
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

/// What tells of signals beside [`Signals::watch`], until it is needed: it remembers one that came before.
static IN_ANY_CASE: Mutex<Option<Caught>> = Mutex::new(None);

/// Has the program end some time after a signal, whatever holds up the work: for what writes more to standard output than
/// a pipe holds. It takes a thread of its own, so nothing else asks for it.
pub(crate) fn end_in_any_case() {
    let caught = IN_ANY_CASE.lock().ok().and_then(|mut caught| caught.take());
    if let Some(caught) = caught {
        // Where there is no thread to be had, all is as it was: the work hears of signals whenever it waits.
        let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || end_on_signal(caught));
    }
}

/// Returns only when it cannot hear of signals.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever would return from `main` is held up, for longer than it may be"
)]
fn end_on_signal(mut caught: Caught) -> io::Result<Infallible> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let came = runtime.block_on(async {
        let first = caught.next().await;
        tokio::select! {
            () = patience(LONGEST_END) => first,
            again = caught.next() => {
                sleep(LONGEST_END_AT_ONCE).await;
                again
            }
        }
    });
    std::process::exit(came.exit_code().into())
}
