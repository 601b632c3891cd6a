//! Processes that use one account at the same time.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::connected::Connected;
use crate::program::Running;

/// Who uses the account.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Callers {
    /// One backfill.
    One,
    /// A backfill and three processes that read lists.
    Four,
    /// A backfill, and somebody who asks now and then and waits for the answer.
    OneAndSomebody,
}

/// Lists that are read in small pages, over and over.
const LISTS: [&str; 3] = ["list_companies", "list_contacts", "list_deals"];

/// Between two calls of somebody: three in a minute.
const PAUSE: Duration = Duration::from_secs(20);

/// How often a process is looked at.
const GLANCE: Duration = Duration::from_millis(50);

const STORED: &str = r#"{"auth":{"stored":{"connection":"default"}},"page":{"size":5}}"#;

/// Starts a read that takes a request for each invoice.
pub(crate) fn backfill(connected: &Connected) -> Outcome<Running> {
    let mut command = connected.command()?;
    command.args([
        "sync",
        "invoices",
        "companies",
        "contacts",
        "deals",
        "--details=invoices",
        "--json",
        "{}",
    ]);
    silent(&mut command)
}

/// Plays those beside the backfill until then, and says how long those who asked for something waited.
pub(crate) fn beside(connected: &Connected, callers: Callers, until: Instant) -> Outcome<Vec<Duration>> {
    let waits = match callers {
        Callers::One => Vec::new(),
        Callers::Four => read_lists(connected, until).map(|()| Vec::new())?,
        Callers::OneAndSomebody => ask(connected, until)?,
    };
    pass(until.saturating_duration_since(Instant::now()));
    Ok(waits)
}

fn read_lists(connected: &Connected, until: Instant) -> Outcome {
    let mut lists: Vec<(&str, Option<Running>)> = LISTS.map(|list| (list, None)).into();
    while Instant::now() < until {
        for (list, running) in &mut lists {
            let status = match running {
                Some(process) => process.0.try_wait()?,
                None => None,
            };
            if let Some(status) = status.filter(|status| !status.success()) {
                return Err(format!("{list} ended with {status}").into());
            }
            if running.is_none() || status.is_some() {
                let mut command = connected.command()?;
                command.args([*list, "--all-pages", "--output", "ndjson", "--json", STORED]);
                *running = Some(silent(&mut command)?);
            }
        }
        pass(GLANCE);
    }
    Ok(())
}

fn ask(connected: &Connected, until: Instant) -> Outcome<Vec<Duration>> {
    let mut waits = Vec::new();
    while Instant::now() + PAUSE < until {
        pass(PAUSE);
        let mut command = connected.command()?;
        command.args(["get_me", "--json", STORED]);
        let start = Instant::now();
        let output = command.output()?;
        waits.push(start.elapsed());
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout);
            return Err(format!("get_me ended with {}: {said}", output.status).into());
        }
    }
    Ok(waits)
}

fn silent(command: &mut Command) -> Outcome<Running> {
    Ok(Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
}

#[expect(clippy::disallowed_methods, reason = "what is measured is what happens in the meantime")]
fn pass(time: Duration) {
    std::thread::sleep(time);
}
