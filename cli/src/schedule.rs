//! `schedule`: syncs that `serve` starts by the clock.

use std::sync::Arc;

use connector_core::dispatch::DEFAULT_CONNECTION;
use connector_core::envelope::{Answer, Outcome};
use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::ScheduleKey;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::host::CliHost;
use crate::output::{Ended, is_for_people, tell};
use crate::serve::schedules::{Definition, check_streams, duration, shown};
use crate::target::check_stream;

/// Minute, hour, day, month, day of the week.
const FIELDS_OF_CRON: usize = 5;

/// What was typed after `schedule`.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum ScheduleCommand {
    /// Show when connections are synced, and what became of the last time
    List,
    /// Make a schedule, or another one in its place
    Set(SetSchedule),
    /// Remove a schedule
    Remove(WhichSchedule),
}

/// What was typed after `schedule set`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SetSchedule {
    #[command(flatten)]
    which: WhichSchedule,
    /// `every 15m`, `every 1h30m`, or five fields of cron as `0 6 * * MON-FRI`
    #[arg(value_parser = expression)]
    expression: String,
    /// Time zone of the fields of cron
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,
    /// Start up to so much later, so that not all begin at once: as `90s` or `10m`
    #[arg(long, value_name = "TIME", value_parser = jitter, default_value = "0")]
    jitter: u32,
    /// Keep it, but do not start it
    #[arg(long)]
    disabled: bool,
    /// Read everything, not only what changed
    #[arg(long)]
    full: bool,
    /// Streams to read, once for each; the default set when none is named
    #[arg(long = "stream", value_name = "STREAM")]
    streams: Vec<String>,
    #[command(flatten)]
    envelope: EnvelopeSource,
}

/// Which schedule is meant.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct WhichSchedule {
    /// Name of the schedule
    name: String,
    /// Name of the connection
    #[arg(long, default_value = DEFAULT_CONNECTION)]
    connection: String,
}

impl WhichSchedule {
    fn key(&self, integration: &Integration) -> ScheduleKey {
        ScheduleKey {
            app_id: integration.app_id().to_owned(),
            connection: self.connection.clone(),
            name: self.name.clone(),
        }
    }
}

/// Whether it looks like one; what its parts mean is looked at where it is kept.
fn expression(text: &str) -> Result<String, &'static str> {
    if text.trim().starts_with("every ") || text.split_whitespace().count() == FIELDS_OF_CRON {
        return Ok(text.to_owned());
    }
    Err("`every 15m`, `every 1h30m`, or five fields of cron as `0 6 * * MON-FRI`")
}

fn jitter(text: &str) -> Result<u32, String> {
    if text == "0" {
        return Ok(0);
    }
    let seconds = duration(text).and_then(|jitter| u32::try_from(jitter.as_secs()).ok());
    seconds.ok_or_else(|| "numbers with s, m or h".to_owned())
}

pub(crate) async fn run(integration: &Arc<Integration>, command: ScheduleCommand) -> Result<Ended> {
    let host = CliHost::new(integration.app_id());
    match command {
        ScheduleCommand::List => list(integration, &host).await,
        ScheduleCommand::Set(command) => set(integration, &host, command).await,
        ScheduleCommand::Remove(which) => remove(&host, &which.key(integration)).await,
    }
}

async fn list(integration: &Integration, host: &CliHost) -> Result<Ended> {
    let stored = match host.existing_store()? {
        Some(store) => store.schedules(integration.app_id()).await?,
        None => Vec::new(),
    };
    let schedules: Vec<Value> = stored.iter().map(shown).collect();
    if is_for_people() {
        show(&schedules);
        return Ok(Ended::Shown(Outcome::Done));
    }
    Ok(Ended::Answer(Answer::new(&json!({"schedules": schedules}))?))
}

async fn set(integration: &Integration, host: &CliHost, command: SetSchedule) -> Result<Ended> {
    check_streams(integration)?;
    for stream in &command.streams {
        check_stream(integration, stream)?;
    }
    let key = command.which.key(integration);
    let schedule = definition(command)?.into_schedule(key.clone(), Timestamp::now())?;
    let store = host.store()?;
    store.put_schedule(&schedule).await?;
    let stored = store.schedules(integration.app_id()).await?;
    let made = stored.iter().find(|stored| stored.schedule.key == key).map(shown);
    if is_for_people() {
        show(made.as_slice());
        tell("`serve` starts it.");
        return Ok(Ended::Shown(Outcome::Done));
    }
    Ok(Ended::Answer(Answer::new(&made)?))
}

fn definition(command: SetSchedule) -> Result<Definition> {
    let mut request = read_envelope(&command.envelope)?.request;
    if !command.streams.is_empty() {
        request.insert("streams".to_owned(), json!(command.streams));
    }
    if command.full {
        request.insert("mode".to_owned(), json!("full"));
    }
    Ok(Definition {
        expression: command.expression,
        time_zone: command.time_zone,
        jitter_seconds: command.jitter,
        request,
        enabled: !command.disabled,
    })
}

async fn remove(host: &CliHost, key: &ScheduleKey) -> Result<Ended> {
    let removed = match host.existing_store()? {
        Some(store) => store.remove_schedule(key).await?,
        None => false,
    };
    if !removed {
        let message = format!("the connection {} has no schedule of this name", key.connection);
        return Err(ConnectorError::new(ErrorCode::NotFound, message).hint("`schedule list` shows them"));
    }
    Ok(Ended::Answer(Answer::new(&json!({"removed": true}))?))
}

fn show(schedules: &[Value]) {
    let columns = ["connection", "name", "expression", "time_zone", "enabled", "next_at"];
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    };
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header(columns.into_iter().chain(["last", "skipped"]));
    for schedule in schedules {
        let last = [&schedule["last"]["at"], &schedule["last"]["skipped"]];
        table.add_row(columns.iter().map(|column| &schedule[*column]).chain(last).map(text));
    }
    tell(&table.to_string());
}
