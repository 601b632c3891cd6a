//! The time that a caller waits: `max_execution_time`.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::capability::{Capability, names};
use crate::envelope::{Answer, Outcome};
use crate::error::{ErrorCode, Result};
use crate::host::{Host, StopSignal, Stoppable};
use crate::rate_limit::exhausted;

/// Capabilities that commit what they have done when they are told to stop, and report on it.
const REPORTING: [&str; 3] = [names::SYNC, names::VERIFY, names::RETRY_REJECTS];

/// What becomes of work when the time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    /// It is told to stop, and answers with its report.
    Stopped,
    /// It spends what works once: it is awaited, as long as the app may take to answer, since what comes of it is nowhere
    /// else.
    Awaited,
    /// It is given up.
    GivenUp,
}

impl Late {
    pub(super) fn of(capability: &Capability) -> Self {
        match capability.name() {
            name if REPORTING.contains(&name) => Self::Stopped,
            _ if capability.is_single_use() => Self::Awaited,
            _ => Self::GivenUp,
        }
    }
}

/// Runs a capability for a caller who waits until then. Nothing is begun after that.
pub(super) async fn within<F, Fut>(
    deadline: Option<Instant>,
    late: Late,
    host: &Arc<dyn Host>,
    call: F,
) -> Result<Answer>
where
    F: FnOnce(Arc<dyn Host>) -> Fut,
    Fut: Future<Output = Result<Answer>>,
{
    let Some(deadline) = deadline else { return call(Arc::clone(host)).await };
    match late {
        Late::Stopped => stopped_at(deadline, host, call).await,
        Late::Awaited if Instant::now() < deadline => call(Arc::clone(host)).await,
        Late::Awaited => Err(exhausted(None)),
        Late::GivenUp => {
            let answer = timeout_at(deadline, call(Arc::clone(host))).await;
            answer.unwrap_or_else(|_| Err(exhausted(None)))
        }
    }
}

async fn stopped_at<F, Fut>(deadline: Instant, host: &Arc<dyn Host>, call: F) -> Result<Answer>
where
    F: FnOnce(Arc<dyn Host>) -> Fut,
    Fut: Future<Output = Result<Answer>>,
{
    let (give, stop) = StopSignal::new();
    let mut outer = host.stop();
    let mut work = std::pin::pin!(call(Arc::new(Stoppable { host: Arc::clone(host), stop })));
    tokio::select! {
        answer = &mut work => return answer,
        () = outer.given() => {
            let _ = give.send(true);
            return work.await;
        }
        () = sleep_until(deadline) => {
            let _ = give.send(true);
        }
    }
    let mut answer = work.await?;
    if answer.outcome == Outcome::Interrupted {
        answer.outcome = Outcome::ExitCode(ErrorCode::BudgetExhausted.metadata().exit_code);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::host::NoHost;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    fn no_host() -> Arc<dyn Host> {
        Arc::new(NoHost)
    }

    async fn interrupted(host: Arc<dyn Host>) -> Result<Answer> {
        host.stop().given().await;
        Ok(Answer { outcome: Outcome::Interrupted, ..Answer::new(&"as far as it came")? })
    }

    #[tokio::test(start_paused = true)]
    async fn a_sync_is_stopped_and_its_report_is_kept() {
        let answer = within(Some(soon()), Late::Stopped, &no_host(), interrupted).await.unwrap();
        assert_eq!(answer.response.get(), "\"as far as it came\"");
        assert_eq!(answer.outcome, Outcome::ExitCode(75));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_report_is_given_up() {
        let endless = |_| std::future::pending::<Result<Answer>>();
        let error = within(Some(soon()), Late::GivenUp, &no_host(), endless).await.unwrap_err();
        assert_eq!((error.code(), error.exit_code()), (ErrorCode::BudgetExhausted, 75));
    }

    #[tokio::test(start_paused = true)]
    async fn what_spends_something_that_works_once_is_awaited_and_not_begun_late() {
        let slow = |_| async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Answer::new(&"new tokens")
        };
        let answer = within(Some(soon()), Late::Awaited, &no_host(), slow).await.unwrap();
        assert_eq!(answer.response.get(), "\"new tokens\"");
        let unasked = |_| async { panic!("it is begun after the deadline") };
        let error = within(Some(Instant::now()), Late::Awaited, &no_host(), unasked).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::BudgetExhausted);
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_from_outside_still_stops_a_sync() {
        struct Stopped(StopSignal);
        impl Host for Stopped {
            fn stop(&self) -> StopSignal {
                self.0.clone()
            }
        }
        let (stop, signal) = StopSignal::new();
        stop.send(true).unwrap();
        let host: Arc<dyn Host> = Arc::new(Stopped(signal));
        let answer = within(Some(soon()), Late::Stopped, &host, interrupted).await.unwrap();
        assert_eq!(answer.outcome, Outcome::Interrupted);
    }
}
