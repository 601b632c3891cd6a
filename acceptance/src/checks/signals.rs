//! Signals: work ends, an envelope says so, within the time that supervisors give.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Problem, Verdict, a_list, ensure};
use crate::context::Context;
use crate::fault::{Fault, Plan};
use crate::run::{End, Invocation, Run};
use crate::subject::note;

/// What the contract gives, and what it takes to notice.
const LIMIT: Duration = Duration::from_millis(4500);

pub(crate) async fn terminate(context: Arc<Context>) -> Verdict {
    signalled(&context, Signal::SIGTERM, 143).await
}

pub(crate) async fn interrupt(context: Arc<Context>) -> Verdict {
    signalled(&context, Signal::SIGINT, 130).await
}

/// The app does not answer, so that it is certain what the connector is doing when the signal comes.
async fn signalled(context: &Context, signal: Signal, code: i32) -> Verdict {
    let list = a_list(context)?;
    let route = context.route(Plan::Always(Fault::Held)).await?;
    let envelope = context.envelope_with(&context.request(&list), &route.settings);
    let run = run_until(context, Invocation::of(&list).json(&envelope), &route, 0, signal).await?;
    told(&run, signal, code)?;
    Ok(format!("{list} ended after {:.1} s", run.took.as_secs_f64()))
}

/// Starts it, waits until more than so many requests came, sends the signal, and waits for the end.
pub(crate) async fn run_until(
    context: &Context,
    invocation: Invocation,
    route: &crate::context::Route,
    requests: usize,
    signal: Signal,
) -> Result<Run, Problem> {
    let process = context
        .subject
        .start(&invocation)
        .map_err(|error| Problem::failed(format!("it cannot be started: {error}")))?;
    let came = futures_util::future::select_all(
        route.proxies.iter().map(|proxy| Box::pin(proxy.more_than(requests))),
    );
    if tokio::time::timeout(crate::subject::TIME_LIMIT, came).await.is_err() {
        return Err(Problem::failed("it did not ask the stand-in for anything".to_owned()));
    }
    process.signal(signal);
    let run = process.finish(&invocation, LIMIT).await;
    context.subject.watch.look_at_interrupted(&invocation, &run);
    note(&run);
    Ok(run)
}

/// It ended in time, with the code of the signal and an envelope.
pub(crate) fn told(run: &Run, signal: Signal, code: i32) -> Result<(), Problem> {
    ensure(run.end != End::TimeLimit, || format!("{signal} did not end it within 4 s"))?;
    ensure(run.end == End::Exit(code), || {
        format!("{signal}: exit code {code} is expected, and it ended with {:?}", run.end)
    })?;
    let status = run.response().map(|response| response["status"].clone());
    ensure(status == Some(Value::from("interrupted")), || {
        format!("{signal}: no envelope says that it was interrupted")
    })
}
