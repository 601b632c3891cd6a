//! A sync: what is in the tables is what the app has, whatever went wrong on the way and however often it is done.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use hyper::Request;
use nix::sys::signal::Signal;
use serde_json::{Map, Value, json};

use super::{Problem, Verdict, ensure, need_stand_in, signals};
use crate::context::{Context, NO_ADDRESS, Rows};
use crate::contract;
use crate::fault::Plan;
use crate::http;
use crate::run::{Invocation, Run};
use crate::tables;

const BASELINE: &str = "baseline.db";

fn database(context: &Context, name: &str) -> PathBuf {
    context.subject.folder.given().join(name)
}

fn invocation(context: &Context, name: &str, mode: &str, settings: &Map<String, Value>) -> Invocation {
    let streams: Vec<&str> = context.declared.streams.iter().map(|stream| stream.name.as_str()).collect();
    let url = format!("sqlite://{}", database(context, name).display());
    let request = json!({"streams": streams, "mode": mode, "sink": {"url": url}});
    Invocation::of("sync").json(&context.envelope_with(&request, settings))
}

/// Everything that an app has may take longer than a call.
async fn synced(context: &Context, name: &str, mode: &str, settings: &Map<String, Value>) -> Run {
    context.subject.run_for_long(invocation(context, name, mode, settings)).await
}

fn applies(context: &Context) -> Result<(), Problem> {
    need_stand_in(context)?;
    if !context.declared.has("sync") {
        return Err(Problem::skipped("it has no capability sync"));
    }
    if context.declared.streams.is_empty() {
        return Err(Problem::skipped("`info` lists no streams"));
    }
    Ok(())
}

/// The report, which must tell of success.
fn succeeded(run: &Run, what: &str) -> Result<Value, Problem> {
    let report = run.response().ok_or_else(|| Problem::failed(format!("{what}: {}", run.outcome())))?;
    if report["status"] == "succeeded" {
        return Ok(report);
    }
    let failed =
        report["streams"].as_array().into_iter().flatten().filter(|stream| stream["status"] != "succeeded");
    let failed: Vec<String> = failed
        .map(|stream| {
            format!(
                "{} ({})",
                stream["stream"],
                contract::shortened(&stream["error"]["error_code"].to_string())
            )
        })
        .collect();
    Err(Problem::failed(format!("{what}: the status is {}: {}", report["status"], failed.join(", "))))
}

async fn written(context: &Context, name: &str) -> Result<Rows, Problem> {
    let mut rows = Rows::new();
    for stream in &context.declared.streams {
        let documents = tables::documents(&database(context, name), &stream.table).await;
        let mut documents = documents.map_err(Problem::Failed)?;
        documents.sort_by_cached_key(|document| key(document, &stream.key));
        rows.insert(stream.name.clone(), documents);
    }
    Ok(rows)
}

/// What a document is sorted by: its key, and all of it where that is not a field.
fn key(document: &Value, key: &[String]) -> String {
    let parts: Option<Vec<String>> = key.iter().map(|part| Some(document.get(part)?.to_string())).collect();
    parts.map_or_else(|| document.to_string(), |parts| parts.join(","))
}

fn same(found: &Rows, wanted: &Rows, what: &str) -> Result<(), Problem> {
    for (stream, wanted) in wanted {
        let found = found.get(stream).map(Vec::as_slice).unwrap_or_default();
        ensure(found.len() == wanted.len(), || {
            format!("{what}: {stream} has {} rows instead of {}", found.len(), wanted.len())
        })?;
        let different = found.iter().zip(wanted).filter(|(found, wanted)| found != wanted).count();
        ensure(different == 0, || {
            format!("{what}: {different} of {} rows of {stream} differ", wanted.len())
        })?;
    }
    Ok(())
}

fn count(rows: &Rows) -> usize {
    rows.values().map(Vec::len).sum()
}

/// A complete sync while nothing goes wrong, made once; how many requests it took comes with it.
async fn baseline(context: &Context) -> Result<(Rows, usize), Problem> {
    let made = context.synced.get_or_init(|| async {
        let route = context.route(Plan::Quiet).await?;
        let run = synced(context, BASELINE, "full", &route.settings).await;
        succeeded(&run, "a complete sync")?;
        Ok((written(context, BASELINE).await?, route.requests()))
    });
    made.await.clone()
}

/// The tables are what the lists say.
pub(crate) async fn rows(context: Arc<Context>) -> Verdict {
    applies(&context)?;
    let (rows, requests) = baseline(&context).await?;
    let mut compared = 0;
    for stream in &context.declared.streams {
        let Some(list) = &stream.list else { continue };
        // A list that takes a request shows one of many parents' records, and the table those of all.
        if !context.request_is_empty(list) {
            continue;
        }
        let mut wanted = context.listed(list);
        wanted.sort_by_cached_key(|document| key(document, &stream.key));
        let wanted = Rows::from([(stream.name.clone(), wanted)]);
        same(&rows, &wanted, "compared with its list")?;
        compared += 1;
    }
    Ok(format!(
        "{} rows of {} streams in {requests} requests; {compared} are what their lists say",
        count(&rows),
        rows.len()
    ))
}

/// Done again, nothing changes.
pub(crate) async fn repeated(context: Arc<Context>) -> Verdict {
    applies(&context)?;
    let (rows, _) = baseline(&context).await?;
    for mode in ["incremental", "full"] {
        let run = synced(&context, BASELINE, mode, &context.settings).await;
        let report = succeeded(&run, mode)?;
        for stream in report["streams"].as_array().into_iter().flatten() {
            for change in ["inserted", "updated", "deleted"] {
                ensure(stream[change].as_u64().unwrap_or_default() == 0, || {
                    format!(
                        "{mode} again: {} has {} {change} although nothing changed",
                        stream["stream"], stream[change]
                    )
                })?;
            }
        }
        same(&written(&context, BASELINE).await?, &rows, &format!("{mode} again"))?;
    }
    Ok("incremental and full, and nothing changes".to_owned())
}

/// While things go wrong by the kit's schedule, the rows become the same.
pub(crate) async fn faults(context: Arc<Context>) -> Verdict {
    applies(&context)?;
    let (rows, _) = baseline(&context).await?;
    let route = context.route(Plan::Mixed).await?;
    let run = synced(&context, "faults.db", "full", &route.settings).await;
    succeeded(&run, "a sync under faults")?;
    same(&written(&context, "faults.db").await?, &rows, "after a sync under faults")?;
    Ok(format!("{} faults in {} requests, and the rows are the same", route.faults(), route.requests()))
}

/// Ended in the middle and run again, the rows become the same.
pub(crate) async fn interrupted(context: Arc<Context>) -> Verdict {
    applies(&context)?;
    let (rows, requests) = baseline(&context).await?;
    let half = requests / 2;
    let route = context.route(Plan::HeldAfter(half)).await?;
    let started = invocation(&context, "interrupted.db", "full", &route.settings);
    let run = signals::run_until(&context, started, &route, half, Signal::SIGTERM).await?;
    signals::told(&run, Signal::SIGTERM, 143)?;
    let run = synced(&context, "interrupted.db", "incremental", &context.settings).await;
    succeeded(&run, "the sync after the one that was interrupted")?;
    same(&written(&context, "interrupted.db").await?, &rows, "after an interruption")?;
    Ok(format!("after {half} of {requests} requests; run again, the rows are the same"))
}

/// Records change; an incremental sync of the old tables and a complete one of new tables are the same then.
pub(crate) async fn incremental(context: Arc<Context>) -> Verdict {
    applies(&context)?;
    if context.config.changes.is_empty() {
        return Err(Problem::wants("changes", "nothing changes in the stand-in"));
    }
    let (before, _) = baseline(&context).await?;
    change(&context).await?;
    let run = synced(&context, BASELINE, "incremental", &context.settings).await;
    succeeded(&run, "an incremental sync after changes")?;
    let run = synced(&context, "changed.db", "full", &context.settings).await;
    succeeded(&run, "a complete sync after changes")?;
    let wanted = written(&context, "changed.db").await?;
    let changed = wanted.iter().filter(|(stream, rows)| before.get(*stream) != Some(*rows)).count();
    ensure(changed > 0, || "the `changes` of the configuration change no record".to_owned())?;
    same(&written(&context, BASELINE).await?, &wanted, "incremental instead of complete")?;
    Ok(format!("{} changes in {changed} streams", context.config.changes.len()))
}

async fn change(context: &Context) -> Result<(), Problem> {
    let addresses = context.addresses();
    let Some((_, origin)) = addresses.first() else {
        return Err(Problem::wants("addresses", NO_ADDRESS));
    };
    for change in &context.config.changes {
        let wrong = |reason: String| Problem::failed(format!("{} {}: {reason}", change.method, change.path));
        let body = change.body.as_ref().map(|body| context.filled(body).to_string()).unwrap_or_default();
        let request = Request::builder()
            .method(change.method.as_str())
            .uri(context.filled_text(&change.path))
            .header("content-type", "application/json")
            .body(Bytes::from(body))
            .map_err(|error| wrong(error.to_string()))?;
        let answer = http::send(origin, request).await.map_err(|error| wrong(error.to_string()))?;
        ensure(answer.status().is_success(), || {
            format!("{} {}: the stand-in answers {}", change.method, change.path, answer.status())
        })?;
    }
    Ok(())
}
