//! `demo`: everything at work against the sandbox, from the login to the second sync.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use comfy_table::{CellAlignment, Table};
use connector_core::dispatch::dispatch;
use connector_core::envelope::{Answer, Outcome, RequestEnvelope};
use connector_core::host::{Host, StopSignal};
use connector_core::http::{HttpClient, HttpOptions, HttpRequest, HttpResponse};
use connector_core::integration::Integration;
use connector_core::sync::{Mode, SyncReport};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::{Map, json};
use url::Url;

use crate::host::CliHost;
use crate::login::Login;
use crate::output::{Ended, is_for_people, tell};
use crate::progress;
use crate::sandbox::{self, Sandbox, SandboxOptions};
use crate::signals::{Signals, Watched};
use crate::sync::report;

/// Connection of the demo, by which its database is told from one with real data.
const CONNECTION: &str = "demo";

/// What was typed after `demo`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DemoOptions {
    /// Records in each large resource
    #[arg(long, default_value_t = 500)]
    records: usize,
}

pub(crate) async fn run(
    integration: &Arc<Integration>,
    binary: &str,
    sandbox: &dyn Sandbox,
    options: DemoOptions,
) -> Result<Ended> {
    let file = format!("{}.db", integration.app_id());
    make_room(integration, &file).await?;
    let (signals, stop) = Signals::new();
    match signals.watch(play(integration, binary, sandbox, options, &file, stop)).await {
        Watched::Done(Ok(answer), _) if is_for_people() => Ok(Ended::Shown(answer.outcome)),
        Watched::Done(Ok(answer), _) => Ok(Ended::Answer(answer)),
        Watched::Done(Err(_), Some(signal)) | Watched::CutOff(signal) => Ok(Ended::Signalled(signal, None)),
        Watched::Done(Err(error), None) => Err(error),
    }
}

/// Removes the database of an earlier demo. One that anything else was written to is left alone.
async fn make_room(integration: &Arc<Integration>, file: &str) -> Result<()> {
    if !Path::new(file).exists() {
        return Ok(());
    }
    let host = CliHost::new(integration.app_id()).isolated(format!("sqlite://{file}"));
    let connections = host.store()?.connections(integration.app_id()).await?;
    let runs = host.store()?.runs(integration.app_id(), 100).await?;
    let only_ours = runs.iter().all(|run| run.connection == CONNECTION)
        && connections.iter().all(|connection| connection.name == CONNECTION)
        && !(runs.is_empty() && connections.is_empty());
    if !only_ours {
        let message = format!("./{file} is there and not from a demo");
        return Err(ConnectorError::new(ErrorCode::Conflict, message).hint("run the demo in another folder"));
    }
    drop(host);
    for suffix in ["", "-wal", "-shm", ".key", ".lock"] {
        let path = format!("{file}{suffix}");
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            let message = format!("{path} of an earlier demo cannot be removed: {error}");
            return Err(ConnectorError::new(ErrorCode::PermissionDenied, message));
        }
    }
    Ok(())
}

async fn play(
    integration: &Arc<Integration>,
    binary: &str,
    sandbox: &dyn Sandbox,
    options: DemoOptions,
    file: &str,
    stop: StopSignal,
) -> Result<Answer> {
    let records = options.records;
    tell(&format!(
        "1. A stand-in for {} with {records} records of each kind",
        integration.description().user_friendly_name
    ));
    let sandbox_options = SandboxOptions { records, ..SandboxOptions::default() };
    let running = sandbox::start(sandbox, sandbox_options).await?;
    let mut settings = running.settings();
    settings.insert("requests_per_minute".into(), json!(0));

    tell("2. Login through its OAuth pages");
    let host = CliHost::new(integration.app_id())
        .isolated(format!("sqlite://{file}"))
        .with_stop(stop.clone())
        .with_progress(progress::for_standard_error(false));
    let host = Arc::new(host);
    let login = Login { integration, host: &host, connection: CONNECTION, paste: false };
    let agree = |address: &str| {
        tokio::spawn(agree(address.to_owned()));
    };
    login.run(settings.clone(), &agree, stop).await?;

    tell(&format!("3. First sync into ./{file}"));
    let first = sync(integration, &host).await?;
    tell("4. Somebody works in the app");
    for change in running.change() {
        tell(&format!("   {change}"));
    }
    tell("5. Second sync: what changed");
    let second = sync(integration, &host).await?;
    running.stop().await;

    tell(&format!("\n{}", table(&first, &second)));
    tell(&format!("\nTry these on ./{file}:"));
    for (title, query) in sandbox.queries() {
        tell(&format!("\n-- {title}\n{query}"));
    }
    tell(&format!("\n`{binary} status` shows the store; README.md tells how to connect a real account."));
    let mut answer = Answer::new(&json!({"database": file, "first": first, "second": second}))?;
    answer.outcome = if both_succeeded(&first, &second) { Outcome::Done } else { Outcome::ExitCode(70) };
    Ok(answer)
}

fn both_succeeded(first: &SyncReport, second: &SyncReport) -> bool {
    use connector_core::sync::Status::Succeeded;
    first.status == Succeeded && second.status == Succeeded
}

async fn sync(integration: &Arc<Integration>, host: &Arc<CliHost>) -> Result<SyncReport> {
    let request = Map::from_iter([("connection".to_owned(), json!(CONNECTION))]);
    let envelope = RequestEnvelope { request, ..RequestEnvelope::default() };
    let host: Arc<dyn Host> = Arc::clone(host) as Arc<dyn Host>;
    report(&dispatch(integration, "sync", envelope, &host).await?)
}

/// Plays the person in front of the browser: opens the address and follows where it leads.
async fn agree(address: String) {
    let client = HttpClient::new(HttpOptions { timeout: Duration::from_secs(10), ..HttpOptions::default() });
    let mut next = Url::parse(&address).ok();
    while let Some(url) = next {
        let Ok(response) = client.send(&HttpRequest::get(url.clone()), Ok).await else {
            return;
        };
        next = location(&response).and_then(|location| url.join(&location).ok());
    }
}

fn location(response: &HttpResponse) -> Option<String> {
    Some(response.headers.get("location")?.to_str().ok()?.to_owned())
}

fn table(first: &SyncReport, second: &SyncReport) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header(["stream", "rows", "requests", "then", "requests", "new", "changed", "unchanged"]);
    for (before, after) in first.streams.iter().zip(&second.streams) {
        table.add_row([
            before.stream.clone(),
            before.received.to_string(),
            before.requests.to_string(),
            if after.mode == Mode::Incremental { "changes".to_owned() } else { "all again".to_owned() },
            after.requests.to_string(),
            after.inserted.to_string(),
            after.updated.to_string(),
            after.unchanged.to_string(),
        ]);
    }
    for column in table
        .column_iter_mut()
        .enumerate()
        .filter_map(|(index, column)| (index != 0 && index != 3).then_some(column))
    {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
