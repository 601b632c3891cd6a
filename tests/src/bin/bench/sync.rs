//! One sync or comparison: the process, and what it reported.

use serde_json::{Value, json};

use crate::Outcome;
use crate::measured::{self, Measured};
use crate::program::Folder;
use crate::sandbox::Sandbox;

/// A sync that succeeded, or a comparison.
pub(crate) struct Synced {
    pub(crate) process: Measured,
    response: Value,
}

/// Syncs streams, all default ones if none is named.
pub(crate) fn run(folder: &Folder, sandbox: &Sandbox, store: &str, arguments: &[&str]) -> Outcome<Synced> {
    command("sync", "succeeded", folder, sandbox, store, arguments)
}

/// Compares streams with the app, and finds no difference.
pub(crate) fn verify(folder: &Folder, sandbox: &Sandbox, store: &str, arguments: &[&str]) -> Outcome<Synced> {
    command("verify", "equal", folder, sandbox, store, arguments)
}

fn command(
    name: &str,
    status: &str,
    folder: &Folder,
    sandbox: &Sandbox,
    store: &str,
    arguments: &[&str],
) -> Outcome<Synced> {
    let mut envelope = sandbox.envelope();
    envelope["request"] = json!({"sink": {"url": store}});
    let mut command = folder.command();
    command.arg(name).args(arguments).args(["--json", &envelope.to_string()]);
    let process = measured::run(&command)?;
    let envelope: Value = serde_json::from_str(&process.standard_output)?;
    let response = envelope["response"].clone();
    if response["status"] != status {
        return Err(format!("{name} should end as {status}: {envelope}").into());
    }
    Ok(Synced { process, response })
}

impl Synced {
    /// The reports of the streams.
    pub(crate) fn streams(&self) -> &[Value] {
        self.response["streams"].as_array().map_or(&[], Vec::as_slice)
    }

    /// A count of the report, summed over the streams.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.streams().iter().filter_map(|stream| stream[name].as_u64()).sum()
    }

    /// Fails unless a count is what it should be.
    pub(crate) fn expect(&self, name: &str, expected: u64) -> Outcome {
        match self.count(name) {
            found if found == expected => Ok(()),
            found => Err(format!("{name} should be {expected} and is {found}: {}", self.response).into()),
        }
    }
}
