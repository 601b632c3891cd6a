//! A run: all streams, a few at a time, one report.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;
use tracing::field::Empty;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use super::cancelling::pass_on;
use super::report::{Status, SyncReport};
use super::sink::{RunStart, Sink, SinkRun};
use super::stream::{StreamEnd, StreamSync};
use super::views;
use super::work::Work;
use crate::call::CallContext;
use crate::dispatch::DEFAULT_CONNECTION;
use crate::envelope::error_json;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::StopSignal;
use crate::http::{RetryPolicy, Urgency};
use crate::integration::StreamEntry;
use crate::telemetry;

/// Longest time to tell the sink how a run ended.
const LONGEST_FINISH: Duration = Duration::from_secs(3);

/// What a run came to.
pub(super) struct RunEnd<'s> {
    pub(super) report: SyncReport,
    /// The streams that were worked on, in the order in which they were asked for.
    pub(super) entries: Vec<&'s StreamEntry>,
    /// The same, as they ended. Their reports are in `report`.
    pub(super) streams: Vec<StreamEnd>,
    /// Exit code of the worst error of a stream.
    pub(super) worst: Option<u8>,
}

/// Runs a piece of work over some streams.
///
/// # Errors
/// Only for what keeps every stream from being worked on; an error of one stream is in its report.
pub(super) async fn run<'s>(
    context: &CallContext,
    streams: Vec<&'s StreamEntry>,
    sink: &dyn Sink,
    work: &Work,
) -> Result<RunEnd<'s>> {
    let start = RunStart {
        run_id: Uuid::new_v4(),
        app_id: context.integration().app_id().to_owned(),
        connection: connection_name(context, work)?,
        account: context.stored_account().map(str::to_owned),
        started_at: Timestamp::now(),
        dry_run: work.dry_run,
    };
    let run = sink.begin(&start).await?;
    let progress = context.host().progress();
    progress.began(&start);
    telemetry::count_run_start(&start.app_id);
    let span = info_span!(
        target: telemetry::SPANS, "run",
        "otel.name" = format!("{}::run", start.app_id), "connector.run_id" = %start.run_id,
        "connector.status" = Empty, "otel.status_code" = Empty, "error.type" = Empty
    );
    let (stop, signal) = StopSignal::new();
    let stop_of_process = context.host().stop();
    let context = context.with_stop(signal);
    let work = Box::pin(begun(&context, streams, &*run, &start, work)).instrument(span.clone());
    let ended = tokio::select! {
        ended = work => ended,
        never = pass_on(&*run, stop_of_process, stop) => match never {},
    };
    telemetry::note_failure(&span, &ended);
    if let Ok(ended) = &ended {
        span.record("connector.status", ended.report.status.name());
    }
    ended
}

/// The run, from when the sink has room for it to the report.
async fn begun<'s>(
    context: &CallContext,
    streams: Vec<&'s StreamEntry>,
    run: &dyn SinkRun,
    start: &RunStart,
    work: &Work,
) -> Result<RunEnd<'s>> {
    let progress = context.host().progress();
    let context = patient(context);
    // Asked after the sink: a run that has nowhere to write, or comes second, does not bother the app.
    let streams = if work.only_in_use { in_use(&context, streams).await } else { Ok(Some(streams)) };
    let requests = context.requests();
    let streams = match streams {
        Ok(Some(streams)) => streams,
        Ok(None) => {
            let report = report_without_streams(start, requests, Status::Interrupted, None);
            finish(run, start, &report).await;
            return Ok(RunEnd { report, entries: Vec::new(), streams: Vec::new(), worst: None });
        }
        Err(error) => {
            let app_id = &start.app_id;
            let told = error_json(&error, app_id, &format!("{app_id}::sync:sync"));
            let report = report_without_streams(start, requests, Status::Failed, Some(told));
            finish(run, start, &report).await;
            return Err(error);
        }
    };
    progress.planned(&streams.iter().map(|stream| stream.declaration.name).collect::<Vec<_>>());
    let mut ended = work_on(&context, &streams, run, work).await;
    note_missing_parents(&streams, &mut ended);
    if work.views && !work.dry_run && !context.host().stop().is_given() {
        views::refresh(&context, run, &mut ended).await;
    }
    let worst = worst(&ended);
    let report = SyncReport {
        run_id: start.run_id,
        status: overall(&ended),
        started_at: start.started_at,
        finished_at: Timestamp::now(),
        requests: requests + ended.iter().map(|end| end.report.requests).sum::<u64>(),
        streams: ended.iter().map(|end| end.report.clone()).collect(),
        error: None,
    };
    finish(run, start, &report).await;
    Ok(RunEnd { report, entries: streams, streams: ended, worst })
}

/// The rows are committed already: a database that hangs now must not keep the report from whoever waits for it.
async fn finish(run: &dyn SinkRun, start: &RunStart, report: &SyncReport) {
    telemetry::count_run_end(&start.app_id, report.status);
    match tokio::time::timeout(LONGEST_FINISH, run.finish(report)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(?error, "the end of the run could not be recorded"),
        Err(_) => tracing::error!("the end of the run could not be recorded in time"),
    }
}

/// The report of a run that came to no stream.
fn report_without_streams(
    start: &RunStart,
    requests: u64,
    status: Status,
    error: Option<Value>,
) -> SyncReport {
    SyncReport {
        run_id: start.run_id,
        status,
        started_at: start.started_at,
        finished_at: Timestamp::now(),
        requests,
        streams: Vec::new(),
        error,
    }
}

/// The streams of the default set that this account uses; `None` when the run is to end.
async fn in_use<'s>(
    context: &CallContext,
    mut streams: Vec<&'s StreamEntry>,
) -> Result<Option<Vec<&'s StreamEntry>>> {
    let mut stop = context.host().stop();
    let left_out = tokio::select! {
        left_out = context.integration().left_out(context) => left_out?,
        () = stop.given() => return Ok(None),
    };
    streams.retain(|stream| !left_out.contains(&stream.declaration.name));
    Ok(Some(streams))
}

/// The same call, for work that takes its time: nobody waits for one answer.
fn patient(context: &CallContext) -> CallContext {
    context.with_http(|options| {
        options.retry = RetryPolicy::persistent();
        options.urgency = Urgency::Backfill;
    })
}

/// Works on the streams, those with parents after all others: they need to know what changed there.
async fn work_on(
    context: &CallContext,
    streams: &[&StreamEntry],
    run: &dyn SinkRun,
    work: &Work,
) -> Vec<StreamEnd> {
    let concurrency = context.integration().concurrency(context.settings_any());
    let mut ended: Vec<(usize, StreamEnd)> = Vec::new();
    for has_parents in [false, true] {
        let mut syncs: Vec<BoxFuture<'_, (usize, StreamEnd)>> = Vec::new();
        for (position, stream) in streams.iter().enumerate() {
            if stream.declaration.parents.is_empty() != has_parents {
                let sync = StreamSync::new(context, stream, work).run(run);
                syncs.push(Box::pin(async move { (position, sync.await) }));
            }
        }
        ended.extend(
            futures_util::stream::iter(syncs).buffer_unordered(concurrency).collect::<Vec<_>>().await,
        );
    }
    ended.sort_by_key(|(position, _)| *position);
    ended.into_iter().map(|(_, end)| end).collect()
}

/// A stream that hangs on another one has not everything where that one has not.
fn note_missing_parents(streams: &[&StreamEntry], ended: &mut [StreamEnd]) {
    let has_not_everything = |end: &&StreamEnd| matches!(end.report.status, Status::Failed | Status::Partial);
    let short: Vec<String> =
        ended.iter().filter(has_not_everything).map(|end| end.report.stream.clone()).collect();
    for (stream, end) in streams.iter().zip(ended) {
        let parent =
            stream.declaration.parents.iter().find(|parent| short.iter().any(|name| name == parent.stream));
        if let (Some(parent), Status::Succeeded) = (parent, end.report.status) {
            end.report.status = Status::Partial;
            end.report
                .warnings
                .push(format!("{} could not all be read, nor what belongs to the others", parent.stream));
        }
    }
}

/// The connection whose cursors and lease are used: the one whose tokens are.
fn connection_name(context: &CallContext, work: &Work) -> Result<String> {
    match (context.stored_connection(), &work.connection) {
        (Some(stored), Some(named)) if stored != named => Err(ConnectorError::new(
            ErrorCode::InvalidValue,
            "/request/connection must be the connection of /auth/stored",
        )),
        (Some(stored), _) => Ok(stored.to_owned()),
        (None, named) => Ok(named.clone().unwrap_or_else(|| DEFAULT_CONNECTION.to_owned())),
    }
}

/// Exit code of the worst error. A stream that this account does not have is none, unless there is nothing else.
fn worst(ended: &[StreamEnd]) -> Option<u8> {
    let of = |ends: &mut dyn Iterator<Item = &StreamEnd>| {
        ends.filter_map(|end| end.error.as_ref()).map(ConnectorError::exit_code).max()
    };
    match overall(ended) {
        Status::Failed => of(&mut ended.iter()),
        _ => of(&mut ended.iter().filter(|end| end.report.status != Status::Unavailable)),
    }
}

fn overall(ended: &[StreamEnd]) -> Status {
    let any = |status| ended.iter().any(|end| end.report.status == status);
    let all = |fits: fn(Status) -> bool| ended.iter().all(|end| fits(end.report.status));
    if any(Status::Interrupted) {
        Status::Interrupted
    } else if all(|status| status == Status::Unavailable) && !ended.is_empty() {
        Status::Failed
    } else if all(|status| matches!(status, Status::Succeeded | Status::Unavailable)) {
        Status::Succeeded
    } else if all(|status| matches!(status, Status::Failed | Status::Unavailable)) {
        Status::Failed
    } else {
        Status::Partial
    }
}
