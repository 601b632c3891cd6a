//! A run: all streams, a few at a time, one report.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use super::report::{Status, StreamReport, SyncReport};
use super::request::SyncRequest;
use super::sink::{RunStart, Sink};
use super::stream::StreamSync;
use crate::call::CallContext;
use crate::dispatch::DEFAULT_CONNECTION;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::http::RetryPolicy;
use crate::integration::StreamEntry;

/// Longest time to tell the sink how a run ended.
const LONGEST_FINISH: Duration = Duration::from_secs(3);

/// A stream that ended, with its place in the request.
type Ended = (usize, (StreamReport, Option<ConnectorError>));

/// Runs a sync. The second part of the answer is the exit code of the worst error of a stream.
///
/// # Errors
/// Only for what keeps every stream from being read; an error of one stream is in its report.
pub(super) async fn run(
    context: &CallContext,
    streams: &[&StreamEntry],
    sink: &dyn Sink,
    request: &SyncRequest,
) -> Result<(SyncReport, Option<u8>)> {
    let started_at = Timestamp::now();
    let start = RunStart {
        run_id: Uuid::new_v4(),
        app_id: context.integration().app_id().to_owned(),
        connection: connection_name(context, request)?,
        started_at,
        dry_run: request.dry_run,
    };
    let run = sink.begin(&start).await?;
    let context = context.with_http(|options| options.retry = RetryPolicy::persistent());
    let concurrency = context.integration().concurrency(context.settings_any());
    let mut syncs: Vec<BoxFuture<'_, Ended>> = Vec::new();
    for (position, stream) in streams.iter().enumerate() {
        let sync = StreamSync::new(&context, stream, request.mode).run(&*run);
        syncs.push(Box::pin(async move { (position, sync.await) }));
    }
    let mut ended: Vec<Ended> =
        futures_util::stream::iter(syncs).buffer_unordered(concurrency).collect().await;
    ended.sort_by_key(|(position, _)| *position);

    let worst =
        ended.iter().filter_map(|(_, (_, error))| error.as_ref().map(ConnectorError::exit_code)).max();
    let reports: Vec<StreamReport> = ended.into_iter().map(|(_, (report, _))| report).collect();
    let report = SyncReport {
        run_id: start.run_id,
        status: overall(&reports),
        started_at,
        finished_at: Timestamp::now(),
        requests: reports.iter().map(|report| report.requests).sum(),
        streams: reports,
    };
    // The rows are committed already: a database that hangs now must not keep the report from whoever waits for it.
    match tokio::time::timeout(LONGEST_FINISH, run.finish(&report)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(?error, "the end of the run could not be recorded"),
        Err(_) => tracing::error!("the end of the run could not be recorded in time"),
    }
    Ok((report, worst))
}

/// The connection whose cursors and lease are used: the one whose tokens are.
fn connection_name(context: &CallContext, request: &SyncRequest) -> Result<String> {
    match (context.stored_connection(), &request.connection) {
        (Some(stored), Some(named)) if stored != named => Err(ConnectorError::new(
            ErrorCode::InvalidValue,
            "/request/connection must be the connection of /auth/stored",
        )),
        (Some(stored), _) => Ok(stored.to_owned()),
        (None, named) => Ok(named.clone().unwrap_or_else(|| DEFAULT_CONNECTION.to_owned())),
    }
}

fn overall(reports: &[StreamReport]) -> Status {
    let all = |status| reports.iter().all(|report| report.status == status);
    if reports.iter().any(|report| report.status == Status::Interrupted) {
        Status::Interrupted
    } else if all(Status::Succeeded) {
        Status::Succeeded
    } else if all(Status::Failed) {
        Status::Failed
    } else {
        Status::Partial
    }
}
