//! Capabilities that work for long: with progress on standard error, and ended in good order by a signal.

use std::sync::Arc;

use connector_core::Result;
use connector_core::dispatch::dispatch;
use connector_core::envelope::{Answer, Outcome, RequestEnvelope};
use connector_core::host::Host;
use connector_core::integration::Integration;

use crate::host::CliHost;
use crate::logging::LogFormat;
use crate::output::Ended;
use crate::progress;
use crate::signals::{Signal, Signals, Watched};

/// How the work ended.
pub(crate) enum Worked<T = Answer> {
    /// With an answer.
    Answer(T),
    /// By a signal.
    Cut(Ended),
}

/// Runs work that has nothing to put in order, until it ends or a signal comes.
pub(crate) async fn until_stopped<T>(work: impl Future<Output = Result<T>>) -> Result<Worked<T>> {
    let (signals, mut stop) = Signals::new();
    let work = async {
        tokio::select! {
            answer = work => answer.map(Some),
            () = stop.given() => Ok(None),
        }
    };
    // Boxed: what waits for so many things at once is large.
    Ok(match signals.watch(Box::pin(work)).await {
        Watched::Done(answer, signal) => match (answer?, signal) {
            (Some(answer), _) => Worked::Answer(answer),
            (None, signal) => Worked::Cut(Ended::Signalled(signal.unwrap_or(Signal::Terminate), None)),
        },
        Watched::CutOff(signal) => Worked::Cut(Ended::Signalled(signal, None)),
    })
}

/// Runs a capability until it ends, or until a signal asked it to.
pub(crate) async fn work(
    integration: &Arc<Integration>,
    capability: &str,
    envelope: RequestEnvelope,
    log_format: LogFormat,
) -> Result<Worked> {
    let (signals, stop) = Signals::new();
    let progress = progress::for_standard_error(log_format == LogFormat::Json);
    let host = CliHost::new(integration.app_id()).with_stop(stop).with_progress(progress);
    let host: Arc<dyn Host> = Arc::new(host);
    Ok(match signals.watch(Box::pin(dispatch(integration, capability, envelope, &host))).await {
        Watched::CutOff(signal) => Worked::Cut(Ended::Signalled(signal, None)),
        Watched::Done(answer, signal) => match (answer?, signal) {
            (answer, Some(signal)) if answer.outcome == Outcome::Interrupted => {
                Worked::Cut(Ended::Signalled(signal, Some(answer)))
            }
            (answer, _) => Worked::Answer(answer),
        },
    })
}
