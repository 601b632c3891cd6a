//! The capability `sync`: its request, and which streams it means.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::documents::{self, DocumentTables};
use super::engine;
use super::report::{Mode, Status, SyncReport};
use crate::call::CallContext;
use crate::capability::{Capability, names};
use crate::envelope::{Answer, Outcome};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::StreamEntry;
use crate::schema;

/// Request of `sync`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyncRequest {
    /// Streams to read; the connector's default set when absent.
    pub streams: Option<Vec<String>>,
    /// `incremental` reads what changed where the app can tell; `full` reads everything.
    pub mode: Option<Mode>,
    /// Where to write.
    pub sink: SinkTarget,
    /// Name of the connection to read.
    pub connection: Option<String>,
    /// Read and compare, but write nothing.
    pub dry_run: bool,
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
    /// Whether lists inside records become tables of their own: `companies_emails`.
    pub children: bool,
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

pub(crate) fn capability() -> Capability {
    Capability::erased(
        names::SYNC,
        Arc::new(schema::schema_of::<SyncRequest>),
        Arc::new(schema::output_schema_of::<SyncReport>),
        Arc::new(|context, request| {
            Box::pin(async move { sync(context, schema::typed(Value::Object(request), "/request")?).await })
        }),
    )
    .description("Reads streams into a database: what changed where the app can tell, else everything.")
    .in_module("sync")
}

async fn sync(context: CallContext, request: SyncRequest) -> Result<Answer> {
    let integration = Arc::clone(context.integration());
    let streams: Vec<&StreamEntry> = match &request.streams {
        None => integration.default_streams().collect(),
        Some(names) => unique(names)
            .map(|(index, name)| {
                integration.stream(name).ok_or_else(|| {
                    let known: Vec<_> = integration.streams().map(|stream| stream.name).collect();
                    ConnectorError::new(
                        ErrorCode::UnknownValue,
                        format!("/request/streams/{index} is not a stream of {}", integration.app_id()),
                    )
                    .hint(format!("streams are {}", known.join(", ")))
                })
            })
            .collect::<Result<_>>()?,
    };
    let target = documents::complete(&integration, &request.sink)?;
    let streams = match target.documents {
        Some(_) => documents::fitting(streams, request.streams.is_some())?,
        None => streams,
    };
    let sink = context.host().sink(&target).await?;
    let (report, worst) = engine::run(&context, &streams, &*sink, &request).await?;
    let mut answer = Answer::new(&report)?;
    answer.outcome = match report.status {
        Status::Interrupted => Outcome::Interrupted,
        _ => worst.map_or(Outcome::Done, Outcome::ExitCode),
    };
    Ok(answer)
}

/// Each name once, with its position in the request.
fn unique(names: &[String]) -> impl Iterator<Item = (usize, &String)> {
    names.iter().enumerate().filter(|(index, name)| !names[..*index].contains(name))
}
