//! The capability `sync`: its request, and which streams it means.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::documents::{self, DocumentTables};
use super::engine;
use super::report::{Mode, Status, SyncReport};
use super::work::{Details, Task, Work};
use crate::call::CallContext;
use crate::capability::{Capability, SchemaFn, names};
use crate::envelope::{Answer, Outcome};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::{Integration, StreamEntry};
use crate::schema;

/// Request of `sync`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyncRequest {
    /// Streams to read; the connector's default set when absent, all when `["*"]`.
    pub streams: Option<Vec<String>>,
    /// `incremental` reads what changed where the app can tell; `full` reads everything.
    pub mode: Option<Mode>,
    /// Where to write.
    pub sink: SinkTarget,
    /// Name of the connection to read.
    pub connection: Option<String>,
    /// Read and compare, but write nothing.
    pub dry_run: bool,
    /// Streams whose new and changed records are completed one by one with what their list lacks: lines, prices, custom
    /// fields. `true` for all that have such. A stream stays as it was chosen once until another choice is made.
    pub details: Option<Details>,
    /// Rows that may be marked as deleted at most, in place of what is allowed where nobody says: 20, or a tenth of them.
    pub allow_deletes: Option<u64>,
    /// Parents whose children are read in this run, at most, for each stream that hangs on others; the next run goes on.
    pub most_parents: Option<u64>,
    /// Read these records and nothing else: their ids, by stream. Those that the app does not know are marked as deleted.
    pub records: Option<BTreeMap<String, Vec<String>>>,
}

/// Where a sync writes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SinkTarget {
    /// `postgres://…` or `sqlite://file.db`; `CONNECTOR_STORE_URL` when absent, else a SQLite file named after the app.
    #[schemars(extend("x-secret" = true))]
    pub url: Option<String>,
    /// Schema of the tables in PostgreSQL; the app's id when absent.
    #[schemars(length(min = 1, max = 63))]
    pub schema: Option<String>,
    /// How the tables look.
    pub layout: Option<Layout>,
    /// Whether lists inside records become tables of their own: `companies_emails`. A stream stays as it was chosen once
    /// until another choice is made.
    pub children: Option<bool>,
    /// Names of tables in the layout `documents`, by stream, with the schema in front where it is another one.
    pub table_names: BTreeMap<String, String>,
    /// What the integration declares about the layout `documents`, where that is asked for. No part of a request.
    #[serde(skip)]
    pub documents: Option<DocumentTables>,
}

/// How the tables look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Layout {
    /// One table for each stream, one column for each field.
    Tables,
    /// One table for each stream, with the whole record in one column and no columns for its fields.
    Documents,
}

/// The schema of a request with these streams as the values of its `streams`: a name that is none is refused before
/// anybody is asked for credentials.
pub(super) fn schema_of_streams<T: JsonSchema>(streams: &Arc<[&'static str]>) -> SchemaFn {
    let streams = Arc::clone(streams);
    Arc::new(move || {
        let mut schema = schema::schema_of::<T>();
        if let Some(items) = schema.pointer_mut("/properties/streams/items") {
            let values: Vec<&str> = streams.iter().copied().chain(["*"]).collect();
            items["enum"] = json!(values);
        }
        schema
    })
}

pub(super) fn capability(streams: &Arc<[&'static str]>) -> Capability {
    Capability::erased(
        names::SYNC,
        schema_of_streams::<SyncRequest>(streams),
        Arc::new(|| schema::text(&schema::output_schema_of::<SyncReport>())),
        Arc::new(|context, request| {
            Box::pin(async move { sync(context, schema::typed(Value::Object(request), "/request")?).await })
        }),
    )
    .description("Reads streams into a database: what changed where the app can tell, else everything.")
    .in_module("sync")
}

async fn sync(context: CallContext, request: SyncRequest) -> Result<Answer> {
    let integration = Arc::clone(context.integration());
    check_details(&integration, request.details.as_ref())?;
    let (streams, task) = match request.records {
        Some(_) if request.streams.is_some() => {
            let message =
                "/request/records and /request/streams say two things: only one of them can be given";
            return Err(ConnectorError::new(ErrorCode::InvalidValue, message));
        }
        Some(records) => {
            let names: Vec<String> = records.keys().cloned().collect();
            (named(&integration, &names, "/request/records")?, Task::Records(records))
        }
        None => (chosen(&integration, request.streams.as_deref())?, Task::Read),
    };
    let are_named = documents::are_named(request.streams.as_deref()) || matches!(task, Task::Records(_));
    let (sink, streams) = documents::sink_for(&context, &request.sink, streams, are_named).await?;
    let work = Work {
        only_in_use: request.streams.is_none() && matches!(task, Task::Read),
        views: matches!(task, Task::Read) && request.sink.layout != Some(Layout::Documents),
        task,
        mode: request.mode,
        dry_run: request.dry_run,
        connection: request.connection,
        details: request.details,
        children: request.sink.children,
        allow_deletes: request.allow_deletes,
        most_parents: request.most_parents,
    };
    let ended = engine::run(&context, streams, &*sink, &work).await?;
    let mut answer = Answer::new(&ended.report)?;
    answer.outcome = match ended.report.status {
        Status::Interrupted => Outcome::Interrupted,
        Status::Succeeded if !ended.report.has_changes() => Outcome::NothingToDo,
        _ => ended.worst.map_or(Outcome::Done, Outcome::ExitCode),
    };
    Ok(answer)
}

/// The streams that a request means.
pub(super) fn chosen<'i>(
    integration: &'i Integration,
    names: Option<&[String]>,
) -> Result<Vec<&'i StreamEntry>> {
    match names {
        None => Ok(integration.default_streams().collect()),
        Some([all]) if all == "*" => Ok(integration.entries().collect()),
        Some(names) => named(integration, names, "/request/streams"),
    }
}

/// Each named stream once.
fn named<'i>(integration: &'i Integration, names: &[String], pointer: &str) -> Result<Vec<&'i StreamEntry>> {
    let is_first = |index: usize, name: &String| !names[..index].contains(name);
    names
        .iter()
        .enumerate()
        .filter(|(index, name)| is_first(*index, name))
        .map(|(index, name)| {
            let place = if pointer.ends_with("records") { format!("/{name}") } else { format!("/{index}") };
            integration.stream(name).ok_or_else(|| unknown_stream(integration, &format!("{pointer}{place}")))
        })
        .collect()
}

fn unknown_stream(integration: &Integration, place: &str) -> ConnectorError {
    let known: Vec<_> = integration.streams().map(|stream| stream.name).collect();
    ConnectorError::new(
        ErrorCode::UnknownValue,
        format!("{place} is not a stream of {}", integration.app_id()),
    )
    .hint(format!("streams are {}", known.join(", ")))
}

fn check_details(integration: &Integration, details: Option<&Details>) -> Result<()> {
    let Some(Details::Streams(names)) = details else { return Ok(()) };
    for (index, name) in names.iter().enumerate() {
        let place = format!("/request/details/{index}");
        let stream = integration.stream(name).ok_or_else(|| unknown_stream(integration, &place))?;
        if !stream.declaration.details {
            let known: Vec<_> =
                integration.streams().filter(|stream| stream.details).map(|stream| stream.name).collect();
            return Err(ConnectorError::new(
                ErrorCode::InvalidValue,
                format!("{place} is a stream without details: its list has everything"),
            )
            .hint(format!("streams with details are {}", known.join(", "))));
        }
    }
    Ok(())
}
