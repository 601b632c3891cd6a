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
use connector_core::sync::{Mode, StreamReport, SyncReport};
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

const HEADER: [&str; 9] =
    ["stream", "rows", "requests", "then", "requests", "new", "changed", "deleted", "unchanged"];

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
    match signals.watch(Box::pin(play(integration, binary, sandbox, options, &file, stop))).await {
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
    let files = ["", "-wal", "-shm", ".key"].map(|suffix| format!("{file}{suffix}"));
    for path in files.into_iter().chain(locks(file)) {
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            let message = format!("{path} of an earlier demo cannot be removed: {error}");
            return Err(ConnectorError::new(ErrorCode::PermissionDenied, message));
        }
    }
    Ok(())
}

/// The files whose locks stand for connections of a database in this folder.
fn locks(file: &str) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(".").into_iter().flatten().flatten();
    let beginning = format!("{file}.");
    let is_lock = move |name: &String| {
        name.starts_with(&beginning)
            && Path::new(name).extension().is_some_and(|extension| extension == "lock")
    };
    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(is_lock)
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
        .with_progress(progress::passing());
    let host = Arc::new(host);
    let login =
        Login { integration, host: &host, connection: CONNECTION, may_change_account: false, paste: false };
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

    let large = options.records as u64;
    tell(&format!("\n{}", table(integration, large, &first, &second)));
    tell(&format!("\nTry these on ./{file}:"));
    for (title, query) in sandbox.queries() {
        tell(&format!("\n-- {title}\n{query}"));
    }
    tell(&format!(
        "\n`{binary} status` shows the store; docs/topics/accounts.md tells how to connect a real account."
    ));
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

/// One line for each stream that is large or had something to tell, and one for the rest.
fn table(integration: &Integration, large: u64, first: &SyncReport, second: &SyncReport) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header(HEADER);
    let both = || first.streams.iter().zip(&second.streams);
    let is_shown = |(before, after): &(&StreamReport, &StreamReport)| {
        before.received >= large || after.inserted + after.updated + after.deleted > 0
    };
    for (before, after) in both().filter(is_shown) {
        let then = how_again(integration, after);
        table.add_row(line(&before.stream, then, &[(before, after)]));
    }
    let rest: Vec<_> = both().filter(|pair| !is_shown(pair)).collect();
    if !rest.is_empty() {
        table.add_row(line(&format!("{} smaller ones", rest.len()), "", &rest));
    }
    for index in (0..HEADER.len()).filter(|index| ![0, 3].contains(index)) {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// What the second sync asked for.
fn how_again(integration: &Integration, after: &StreamReport) -> &'static str {
    let stream = integration.streams().find(|stream| stream.name == after.stream);
    match after.mode {
        Mode::Full => "all again",
        Mode::Incremental if stream.is_some_and(|stream| stream.changed_since.is_none()) => "around today",
        Mode::Incremental => "changes",
    }
}

fn line(name: &str, then: &str, pairs: &[(&StreamReport, &StreamReport)]) -> [String; HEADER.len()] {
    let before =
        |count: fn(&StreamReport) -> u64| pairs.iter().map(|(b, _)| count(b)).sum::<u64>().to_string();
    let after =
        |count: fn(&StreamReport) -> u64| pairs.iter().map(|(_, a)| count(a)).sum::<u64>().to_string();
    [
        name.to_owned(),
        before(|stream| stream.received),
        before(|stream| stream.requests),
        then.to_owned(),
        after(|stream| stream.requests),
        after(|stream| stream.inserted),
        after(|stream| stream.updated),
        after(|stream| stream.deleted),
        after(|stream| stream.unchanged),
    ]
}
