//! `export`: stored records as a file for other programs, without a request to the app.

mod file;
mod lines;
mod source;
mod spreadsheet;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use connector_core::dispatch::{DEFAULT_CONNECTION, blame_settings, gather_connection_settings};
use connector_core::envelope::{Answer, Outcome};
use connector_core::export::{Cells, ExportDeclaration};
use connector_core::integration::Integration;
use connector_core::oauth::ConnectionKey;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::{Map, Value, json};

use crate::host::CliHost;
use crate::output::{Ended, is_for_people, tell};
use crate::sync::table_name;
use crate::work::{Worked, until_stopped};
use file::Target;
use lines::{Lines, Written};
use source::{Records, Source, StoredLayout};

/// What was typed after `export`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ExportCommand {
    /// A stream, or an export that the connector has under this name
    pub(crate) name: String,
    /// Form of the file
    #[arg(long, value_enum, default_value = "csv")]
    pub(crate) format: Format,
    /// File to write; standard output when absent
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Connection whose settings are used
    #[arg(long)]
    pub(crate) connection: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        help = "Database to read: postgres://… or sqlite://file.db [env: CONNECTOR_STORE_URL]"
    )]
    pub(crate) from: Option<String>,
    /// Schema of the tables in PostgreSQL
    #[arg(long)]
    pub(crate) schema: Option<String>,
    /// How the tables look; as they were last synced when absent
    #[arg(long, value_enum)]
    pub(crate) layout: Option<StoredLayout>,
    /// A stream's table in the layout `documents`, where it has another name
    #[arg(long = "table", value_name = "STREAM=[SCHEMA.]TABLE", value_parser = table_name)]
    pub(crate) tables: Vec<(String, String)>,
    /// Every column of the stream, also where the connector has an export of this name
    #[arg(long)]
    pub(crate) all_columns: bool,
    /// Leave cells as they are that a spreadsheet would take for formulas
    #[arg(long)]
    pub(crate) raw: bool,
}

/// Form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Cells.
    Csv,
    /// The records as they were sent, one a line.
    Ndjson,
}

pub(crate) async fn run(integration: &Arc<Integration>, command: ExportCommand) -> Result<Ended> {
    match until_stopped(export(integration, &command)).await? {
        Worked::Answer(written) => ended(&command, written),
        Worked::Cut(ended) => Ok(ended),
    }
}

fn ended(command: &ExportCommand, written: Written) -> Result<Ended> {
    if written.left_out > 0 {
        tell(&format!("{} stored records cannot be read and were left out", written.left_out));
    }
    let Some(file) = &command.output else {
        // Standard output is the file; an envelope would be a line too many.
        return Ok(Ended::Shown(Outcome::Done));
    };
    if is_for_people() {
        tell(&format!("{} records in {}", written.records, file.display()));
        return Ok(Ended::Shown(Outcome::Done));
    }
    let response = json!({
        "export": command.name, "file": file, "records": written.records, "left_out": written.left_out,
    });
    Ok(Ended::Answer(Answer::new(&response)?))
}

impl ExportCommand {
    /// The cells of what has this name, as it was last synced.
    pub(crate) fn csv(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            format: Format::Csv,
            output: None,
            connection: None,
            from: None,
            schema: None,
            layout: None,
            tables: Vec::new(),
            all_columns: false,
            raw: false,
        }
    }
}

async fn export(integration: &Arc<Integration>, command: &ExportCommand) -> Result<Written> {
    let host = CliHost::new(integration.app_id()).reading(command.from.clone());
    let open = || Target::open(command.output.as_deref());
    match write(integration, &host, command, open).await? {
        Ok(written) => Ok(written),
        // Nobody reads any more; there is nobody to tell.
        Err(error) if error.kind() == ErrorKind::BrokenPipe && command.output.is_none() => {
            Ok(Written::default())
        }
        Err(error) => Err(Target::unwritable(command.output.as_deref(), error)),
    }
}

/// Writes an export into a file that is open.
pub(crate) async fn write_to(
    integration: &Arc<Integration>,
    host: &CliHost,
    command: &ExportCommand,
    file: File,
) -> Result<()> {
    let written = write(integration, host, command, || Ok(Target::open_file(file))).await?;
    written.map(|_| ()).map_err(|error| Target::unwritable(None, error))
}

/// Writes an export. The outer error is about what is read, the inner one about the target, which is opened last: what
/// cannot be read leaves no file.
async fn write(
    integration: &Arc<Integration>,
    host: &CliHost,
    command: &ExportCommand,
    open: impl FnOnce() -> Result<Target>,
) -> Result<std::io::Result<Written>> {
    let declared = declared(integration, command)?;
    let store = host.existing_store()?.ok_or_else(|| {
        ConnectorError::new(ErrorCode::NotFound, "there is no store yet").hint("`sync` makes one")
    })?;
    let names: BTreeMap<String, String> = command.tables.iter().cloned().collect();
    let source = Source::open(integration, store, command.schema.clone(), command.layout, names).await?;
    let stream = declared.map_or(command.name.as_str(), |declared| declared.stream);
    let mut records = source.records(stream)?;
    let mut lines = match (command.format, declared) {
        (Format::Ndjson, _) => Lines::ndjson(),
        (Format::Csv, Some(declared)) => {
            let cells = cells(integration, host, command, &source, declared).await?;
            Lines::declared(declared, cells, command.raw)
        }
        (Format::Csv, None) => Lines::columns(integration, stream, &mut records, command.raw).await?,
    };
    lines.write(&mut records, open()?).await
}

/// The declared export that is meant; `None` for a stream.
fn declared<'a>(
    integration: &'a Integration,
    command: &ExportCommand,
) -> Result<Option<&'a ExportDeclaration>> {
    let declared = integration.exports().find(|export| export.name == command.name);
    let is_stream = integration.streams().any(|stream| stream.name == command.name);
    if declared.is_none() && !is_stream {
        let streams = integration.streams().map(|stream| stream.name);
        let exports = integration.exports().map(|export| export.name);
        let mut known: Vec<_> = streams.chain(exports).collect();
        known.sort_unstable();
        known.dedup();
        let message = format!("{} has no stream and no export of this name", integration.app_id());
        return Err(ConnectorError::new(ErrorCode::UnknownValue, message)
            .hint(format!("there are {}", known.join(", "))));
    }
    Ok(declared.filter(|_| !(command.all_columns && is_stream)))
}

/// What makes the lines of a declared export, with the definitions that it needs.
async fn cells(
    integration: &Integration,
    host: &CliHost,
    command: &ExportCommand,
    source: &Source<'_>,
    declared: &ExportDeclaration,
) -> Result<Cells> {
    let mut definitions: Vec<Value> = Vec::new();
    if let Some(mut stored) =
        declared.definitions.map(|stream| definitions_of(source, stream)).transpose()?.flatten()
    {
        loop {
            let page = stored.next().await?;
            if page.is_empty() {
                break;
            }
            definitions.extend(page.iter().filter_map(|stored| serde_json::from_str(&stored.document).ok()));
        }
    }
    let connection = connection_settings(integration, host, command.connection.as_deref()).await?;
    let settings = gather_connection_settings(integration, connection, host);
    let cells = integration.export_cells(declared.name, settings, &definitions);
    let cells = cells.map_err(|error| blame_settings(error, integration, &Map::new(), host))?;
    cells.ok_or_else(|| {
        ConnectorError::new(ErrorCode::InternalError, "an export that is declared is not there")
    })
}

/// Definitions that were never stored are none: it is for the export to say whether it can do without.
fn definitions_of(source: &Source<'_>, stream: &str) -> Result<Option<Records>> {
    match source.records(stream) {
        Ok(records) => Ok(Some(records)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The settings of a connection. An export sends nothing, so it does without a vault unless somebody names one.
async fn connection_settings(
    integration: &Integration,
    host: &CliHost,
    named: Option<&str>,
) -> Result<Map<String, Value>> {
    let name = named.unwrap_or(DEFAULT_CONNECTION).to_owned();
    let key = ConnectionKey { app_id: integration.app_id().to_owned(), name };
    let loaded = match host.vault() {
        Ok(vault) => vault.load(&key).await,
        Err(error) => Err(error),
    };
    match (loaded, named) {
        (Ok(Some(connection)), _) => Ok(connection.settings),
        (Ok(None), None) => Ok(Map::new()),
        (Ok(None), Some(_)) => Err(ConnectorError::new(
            ErrorCode::NotFound,
            format!("the vault has no connection `{}`", key.name),
        )
        .hint("`status` lists the connections")),
        (Err(error), None) => {
            tracing::debug!(?error, "settings of the connection cannot be read; the environment's are used");
            Ok(Map::new())
        }
        (Err(error), Some(_)) => Err(error),
    }
}
