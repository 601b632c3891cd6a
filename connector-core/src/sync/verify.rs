//! `verify`: compares what the app has with what the database has, record by record, and mends the difference on
//! request.

use std::sync::Arc;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::documents;
use super::engine;
use super::plan::today;
use super::report::Status;
use super::request::{SinkTarget, chosen, schema_of_streams};
use super::stream::StreamEnd;
use super::work::{Task, Work};
use crate::call::CallContext;
use crate::capability::{Capability, names};
use crate::envelope::{Answer, Outcome};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::StreamEntry;
use crate::schema;

/// Exit code for a difference: what was asked for, equality, does not exist.
const DIFFERENT: u8 = 69;

/// Request of `verify`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerifyRequest {
    /// Streams to compare; the connector's default set when absent, all when `["*"]`.
    pub streams: Option<Vec<String>>,
    /// First day of the records that are compared, where the app can bound them: of their change, or of their own date.
    /// Rows that are only in the database are then not looked for.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub from: Option<Date>,
    /// Whether differences are mended in the database.
    pub repair: bool,
    /// Name of the connection to read.
    pub connection: Option<String>,
    /// The database to compare with.
    pub sink: SinkTarget,
    /// Rows that a repair may mark as deleted at most, in place of what is allowed where nobody says.
    pub allow_deletes: Option<u64>,
}

/// How a comparison ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// The database has what the app has.
    Equal,
    /// It has not.
    Different,
    /// It had not, and has now.
    Repaired,
    /// The comparison did not get to its end.
    Failed,
    /// It was stopped by a signal.
    Interrupted,
    /// The account or these credentials do not have the stream.
    Unavailable,
}

/// What a comparison found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct VerifyReport {
    /// The run.
    pub run_id: Uuid,
    /// How it ended.
    pub status: Verdict,
    /// HTTP requests that were sent, retries included.
    pub requests: u64,
    /// One entry for every stream.
    pub streams: Vec<StreamVerdict>,
}

/// What was found in one stream.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StreamVerdict {
    /// Name of the stream.
    pub stream: String,
    /// How its comparison ended.
    pub status: Verdict,
    /// HTTP requests.
    pub requests: u64,
    /// Records that were compared, each once.
    pub compared: u64,
    /// Records of the app that the database does not have: the first 1,000 ids.
    pub missing: Vec<String>,
    /// How many there are.
    pub missing_count: u64,
    /// Live rows of the database that the app does not have: the first 1,000 ids.
    pub extra: Vec<String>,
    /// How many there are.
    pub extra_count: u64,
    /// Records whose row has other content, or is marked as deleted: the first 1,000 ids.
    pub different: Vec<String>,
    /// How many there are.
    pub different_count: u64,
    /// Time taken.
    pub seconds: f64,
    /// Why the comparison did not get to its end: the `error` part of an error envelope.
    pub error: Option<Value>,
    /// What a person should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

pub(super) fn capability(streams: &Arc<[&'static str]>) -> Capability {
    Capability::erased(
        names::VERIFY,
        schema_of_streams::<VerifyRequest>(streams),
        Arc::new(|| schema::text(&schema::output_schema_of::<VerifyReport>())),
        Arc::new(|context, request| {
            Box::pin(async move { verify(context, schema::typed(Value::Object(request), "/request")?).await })
        }),
    )
    .description(
        "Compares the app's records with the database, one by one, and mends the difference on request.",
    )
    .in_module("sync")
}

async fn verify(context: CallContext, request: VerifyRequest) -> Result<Answer> {
    if request.from.is_some_and(|from| from > today()) {
        return Err(ConnectorError::new(ErrorCode::InvalidValue, "/request/from must not lie in the future"));
    }
    let integration = Arc::clone(context.integration());
    let streams = chosen(&integration, request.streams.as_deref())?;
    let are_named = documents::are_named(request.streams.as_deref());
    let (sink, streams) = documents::sink_for(&context, &request.sink, streams, are_named).await?;
    let repair = request.repair;
    let work = Work {
        task: Task::Verify { from: request.from, repair },
        dry_run: !repair,
        connection: request.connection,
        allow_deletes: request.allow_deletes,
        only_in_use: request.streams.is_none(),
        ..Work::default()
    };
    let ended = engine::run(&context, streams, &*sink, &work).await?;
    let mut verdicts: Vec<StreamVerdict> =
        ended.streams.into_iter().map(|end| stream_verdict(end, repair)).collect();
    note_missing_parents(&ended.entries, &mut verdicts);
    let report = VerifyReport {
        run_id: ended.report.run_id,
        status: overall(&verdicts),
        requests: ended.report.requests,
        streams: verdicts,
    };
    let mut answer = Answer::new(&report)?;
    answer.outcome = match (report.status, ended.worst) {
        (Verdict::Interrupted, _) => Outcome::Interrupted,
        (_, Some(code)) => Outcome::ExitCode(code),
        (Verdict::Different | Verdict::Failed, None) => Outcome::ExitCode(DIFFERENT),
        _ => Outcome::Done,
    };
    Ok(answer)
}

fn stream_verdict(end: StreamEnd, repair: bool) -> StreamVerdict {
    let StreamEnd { report, findings, .. } = end;
    let status = match report.status {
        Status::Interrupted => Verdict::Interrupted,
        Status::Unavailable => Verdict::Unavailable,
        _ if report.error.is_some() => Verdict::Failed,
        // Something of it could not be stored, or was not given.
        Status::Partial => Verdict::Different,
        _ if findings.is_clean() => Verdict::Equal,
        _ if repair => Verdict::Repaired,
        _ => Verdict::Different,
    };
    StreamVerdict {
        stream: report.stream,
        status,
        requests: report.requests,
        compared: findings.compared,
        missing_count: findings.missing.count,
        missing: findings.missing.ids,
        extra_count: findings.extra.count,
        extra: findings.extra.ids,
        different_count: findings.different.count,
        different: findings.different.ids,
        seconds: report.seconds,
        error: report.error,
        warnings: report.warnings,
    }
}

/// What belongs to records that the database does not have was not compared, so it cannot be called equal.
fn note_missing_parents(streams: &[&StreamEntry], verdicts: &mut [StreamVerdict]) {
    let is_short = |verdict: &&StreamVerdict| match verdict.status {
        Verdict::Different => verdict.missing_count > 0,
        Verdict::Failed => true,
        _ => false,
    };
    let short: Vec<String> = verdicts.iter().filter(is_short).map(|verdict| verdict.stream.clone()).collect();
    for (stream, verdict) in streams.iter().zip(verdicts) {
        let parent =
            stream.declaration.parents.iter().find(|parent| short.iter().any(|name| name == parent.stream));
        if let (Some(parent), Verdict::Equal) = (parent, verdict.status) {
            verdict.status = Verdict::Different;
            verdict.warnings.push(format!(
                "{} are not all in the database; what belongs to the others was not compared",
                parent.stream
            ));
        }
    }
}

/// The worst of the streams.
fn overall(streams: &[StreamVerdict]) -> Verdict {
    let order = [Verdict::Interrupted, Verdict::Failed, Verdict::Different, Verdict::Repaired];
    let found = order.into_iter().find(|verdict| streams.iter().any(|stream| stream.status == *verdict));
    let all_unavailable = !streams.is_empty() && streams.iter().all(|s| s.status == Verdict::Unavailable);
    found.unwrap_or(if all_unavailable { Verdict::Unavailable } else { Verdict::Equal })
}
