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
use crate::signals::{Signals, Watched};

/// How the work ended.
pub(crate) enum Worked {
    /// With an answer.
    Answer(Answer),
    /// By a signal.
    Cut(Ended),
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
