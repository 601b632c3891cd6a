//! `retry_rejects`: storing what earlier runs could not store, once whatever stood in the way is mended.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::batch::Batch;
use super::documents;
use super::engine;
use super::report::Status;
use super::request::{SinkTarget, chosen, schema_of_streams};
use super::sink::SinkRun;
use super::stream::{Ready, StreamSync, table_of};
use super::work::{Task, Work};
use crate::call::CallContext;
use crate::capability::{Capability, names};
use crate::envelope::{Answer, Outcome};
use crate::error::Result;
use crate::integration::columns_of;
use crate::schema;
use crate::stream::RowDecoder;

/// Rejects that are taken from the store at a time.
const REJECTS_AT_ONCE: u32 = 500;

/// Request of `retry_rejects`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RetryRequest {
    /// Streams whose rejects are tried again; all when absent.
    pub streams: Option<Vec<String>>,
    /// Name of the connection that they were read from.
    pub connection: Option<String>,
    /// The database that rejected them.
    pub sink: SinkTarget,
}

/// What became of the rejects.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RejectsReport {
    /// The run.
    pub run_id: Uuid,
    /// Streams that had rejects.
    pub streams: Vec<StreamRejects>,
}

/// What became of the rejects of one stream.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StreamRejects {
    /// Name of the stream.
    pub stream: String,
    /// Records that are rows now.
    pub stored: u64,
    /// Records that had been stored since in a newer form; dropped.
    pub superseded: u64,
    /// Records that were rejected again.
    pub rejected: u64,
    /// Why the stream's rejects could not be tried: the `error` part of an error envelope.
    pub error: Option<Value>,
}

pub(super) fn capability(streams: &Arc<[&'static str]>) -> Capability {
    Capability::erased(
        names::RETRY_REJECTS,
        schema_of_streams::<RetryRequest>(streams),
        Arc::new(|| schema::text(&schema::output_schema_of::<RejectsReport>())),
        Arc::new(|context, request| {
            Box::pin(async move { run(context, schema::typed(Value::Object(request), "/request")?).await })
        }),
    )
    .description("Tries to store the records again that earlier runs could not store.")
    .without_auth()
    .in_module("sync")
}

async fn run(context: CallContext, request: RetryRequest) -> Result<Answer> {
    let integration = Arc::clone(context.integration());
    let names = request.streams.unwrap_or_else(|| vec!["*".to_owned()]);
    let streams = chosen(&integration, Some(&names))?;
    let (sink, streams) =
        documents::sink_for(&context, &request.sink, streams, documents::are_named(Some(&names))).await?;
    let work = Work { task: Task::Rejects, connection: request.connection, ..Work::default() };
    let ended = engine::run(&context, streams, &*sink, &work).await?;
    let of_stream = |end: super::stream::StreamEnd| StreamRejects {
        stored: end.report.inserted + end.report.updated + end.report.unchanged,
        superseded: end.superseded,
        rejected: end.report.rejected,
        error: end.report.error,
        stream: end.report.stream,
    };
    let streams = ended.streams.into_iter().map(of_stream);
    let had_some = |s: &StreamRejects| s.stored + s.superseded + s.rejected > 0 || s.error.is_some();
    let report = RejectsReport { run_id: ended.report.run_id, streams: streams.filter(had_some).collect() };
    let mut answer = Answer::new(&report)?;
    answer.outcome = match (ended.report.status, ended.worst) {
        (Status::Interrupted, _) => Outcome::Interrupted,
        (_, Some(code)) => Outcome::ExitCode(code),
        _ => Outcome::Done,
    };
    Ok(answer)
}

/// Tries the rejects of the stream again. One whose record was stored since is dropped: it is older than the row.
pub(super) async fn retry(sync: &mut StreamSync<'_>, run: &dyn SinkRun) -> Result<bool> {
    let declaration = &sync.stream.declaration;
    let table = table_of(declaration, &RowDecoder::new(columns_of(declaration), declaration.key));
    // Before opening, which would make the table of a stream that was never read.
    if run.rejects(&table, 0, 1).await?.is_empty() {
        return Ok(true);
    }
    let Ready { mut writer, state, mut decoder, .. } = sync.open(run).await?;
    sync.report.cursor = state.cursor;
    let stop = sync.context.host().stop();
    let began = Timestamp::now();
    let mut after = 0;
    loop {
        let mut rejects = run.rejects(&table, after, REJECTS_AT_ONCE).await?;
        // What is rejected again comes back with a higher number.
        rejects.retain(|stored| stored.seen_at < began);
        let Some(last) = rejects.last() else { return Ok(true) };
        if stop.is_given() {
            return Ok(false);
        }
        after = last.id;
        let mut batch = Batch::default();
        for stored in rejects {
            batch.push_resolved(stored.id);
            if stored.superseded {
                sync.superseded += 1;
                continue;
            }
            sync.report.received += 1;
            let record = RawValue::from_string(stored.reject.payload.clone());
            match record.map(|record| decoder.decode(record)) {
                Ok(Ok(row)) => batch.push(row),
                _ => batch.push_reject(stored.reject),
            }
        }
        batch.set_columns(decoder.columns());
        let written = writer.write(batch, &state).await?;
        sync.report.count(written);
    }
}
