//! An app in trouble: records are right or there is an error that says what is wrong, never some of the records.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::Value;

use super::{Problem, Verdict, a_list, ensure};
use crate::context::Context;
use crate::contract;
use crate::fault::{Fault, Plan};
use crate::run::{Invocation, Run};

/// How it is told to a person.
fn named(fault: Fault) -> String {
    match fault {
        Fault::Status(status) => format!("status {status}"),
        Fault::Throttled(seconds) => format!("429 with Retry-After: {seconds}"),
        Fault::Closed => "a closed connection".to_owned(),
        Fault::Truncated => "an answer that breaks off".to_owned(),
        Fault::Garbage => "an answer that is no JSON".to_owned(),
        Fault::Slow(_) => "a slow answer".to_owned(),
        Fault::Held => "no answer".to_owned(),
        Fault::Echo => "an error that repeats the request".to_owned(),
    }
}

/// Runs a list through a proxy; how many things went wrong comes with it.
async fn listed(context: &Context, list: &str, plan: Plan) -> Result<(Run, usize), Problem> {
    let route = context.route(plan).await?;
    let envelope = context.envelope_with(&context.request(list), &route.settings);
    // It waits more than it works, so that it needs no turn.
    let run = context.subject.run_aside(Invocation::of(list).json(&envelope).with(&["--all-pages"])).await;
    Ok((run, route.faults()))
}

/// The first try of each request goes wrong, the second goes well.
pub(crate) async fn rows(context: Arc<Context>) -> Verdict {
    let list = a_list(&context)?;
    let (quiet, _) = listed(&context, &list, Plan::Quiet).await?;
    let Some(Value::Array(wanted)) = quiet.response() else {
        return Err(Problem::failed(format!("{list} through a proxy: {}", quiet.outcome())));
    };
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Throttled(1),
        Fault::Closed,
        Fault::Truncated,
        Fault::Garbage,
        Fault::Slow(Duration::from_millis(300)),
    ];
    let tried = faults.map(|fault| {
        let (context, list, wanted) = (&context, &list, &wanted);
        async move {
            let (run, made) = listed(context, list, Plan::FirstTry(fault)).await?;
            let what = named(fault);
            ensure(made > 0, || format!("{what}: no request of {list} came by the kit's proxy"))?;
            judged(&run, wanted, &what)?;
            Ok(run.response().is_some())
        }
    });
    let tried: Vec<bool> = try_join_all(tried).await?;
    let well = tried.iter().filter(|well| **well).count();
    Ok(format!("{list}: {well} of {} faults are got over, the others told", tried.len()))
}

fn judged(run: &Run, wanted: &[Value], what: &str) -> Result<(), Problem> {
    match run.response() {
        Some(Value::Array(found)) => ensure(found == wanted, || {
            format!("{what}: {} records instead of {}, or others, and no error", found.len(), wanted.len())
        }),
        Some(_) => Err(Problem::failed(format!("{what}: the response is no list"))),
        None => {
            let code = run.error_code().unwrap_or_default();
            ensure(contract::is_retryable(&code) || code == "invalid_response", || {
                format!("{what}: the error does not tell that the app is in trouble: {}", run.outcome())
            })
        }
    }
}

/// The app is in the same trouble all the time, and the error says in which.
pub(crate) async fn codes(context: Arc<Context>) -> Verdict {
    let list = a_list(&context)?;
    let mut cases: Vec<(Fault, &[&str])> =
        contract::STATUS_CODES.iter().map(|(status, codes)| (Fault::Status(*status), *codes)).collect();
    let damaged: &[&str] = &["invalid_response", "bad_gateway", "connection_closed", "service_error"];
    cases.extend([
        (Fault::Throttled(100), &["rate_limit", "budget_exhausted"][..]),
        (Fault::Closed, &["connection_closed", "connection_rejected"][..]),
        (Fault::Truncated, damaged),
        (Fault::Garbage, damaged),
    ]);
    let count = cases.len();
    let tried = cases.into_iter().map(|(fault, codes)| {
        let (context, list) = (&context, &list);
        async move {
            let (run, made) = listed(context, list, Plan::Always(fault)).await?;
            let what = named(fault);
            ensure(made > 0, || format!("{what}: no request of {list} came by the kit's proxy"))?;
            super::refused_with(&run, codes, &what)?;
            if matches!(fault, Fault::Throttled(_)) {
                let error = run.error().unwrap_or_default();
                let wait = &error["error_metadata"]["retry_after_seconds"];
                ensure(wait.as_f64().is_some_and(|wait| (99.0..=101.0).contains(&wait)), || {
                    format!("{what}: retry_after_seconds is {wait}")
                })?;
            }
            Ok::<(), Problem>(())
        }
    });
    try_join_all(tried).await?;
    nobody_there(&context, &list).await?;
    Ok(format!("{} kinds of trouble", count + 1))
}

/// The address is right and nobody listens.
async fn nobody_there(context: &Context, list: &str) -> Result<(), Problem> {
    let mut route = context.route(Plan::Quiet).await?;
    // The port is free again once its proxy is gone.
    route.proxies.clear();
    let envelope = context.envelope_with(&context.request(list), &route.settings);
    let run = context.subject.run_aside(Invocation::of(list).json(&envelope)).await;
    super::refused_with(
        &run,
        &["connection_rejected", "connection_closed", "connection_timeout"],
        "a closed port",
    )
}
