//! `vault`: which keys seal what, and from older keys to the current one.

use connector_core::Result;
use connector_core::envelope::{Answer, Outcome};
use connector_store::{KeyRole, RekeyReport, VaultStatus};
use serde_json::json;

use crate::host::CliHost;
use crate::output::{Ended, is_for_people, tell};

/// Somebody must find the key, or log in again.
const A_PERSON_MUST_ACT: Outcome = Outcome::ExitCode(78);

/// What was typed after `vault`.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub(crate) enum VaultCommand {
    /// Seal everything with the current key, of all apps in the store; may be stopped and run again at any time
    Rekey,
    /// Show which keys are there and how much is sealed with each
    Status,
}

pub(crate) async fn run(host: &CliHost, command: VaultCommand) -> Result<Ended> {
    match command {
        VaultCommand::Rekey => rekey(host).await,
        VaultCommand::Status => status(host).await,
    }
}

async fn rekey(host: &CliHost) -> Result<Ended> {
    let report = match host.existing_store()? {
        Some(store) => store.rekey(host.vault_keys()?).await?,
        None => RekeyReport::default(),
    };
    let outcome = if report.failed.is_empty() { Outcome::Done } else { A_PERSON_MUST_ACT };
    if is_for_people() {
        show_report(&report);
        return Ok(Ended::Shown(outcome));
    }
    Ok(Ended::Answer(Answer { outcome, ..Answer::new(&report)? }))
}

fn show_report(report: &RekeyReport) {
    for failure in &report.failed {
        let (kind, message) = (failure.kind, &failure.message);
        tell(&format!("{} {} of {}: {message}", kind, failure.connection, failure.app_id));
    }
    let RekeyReport { rekeyed, already, failed, .. } = report;
    tell(&format!(
        "{rekeyed} sealed with the current key, {already} were so already, {} failed",
        failed.len()
    ));
}

async fn status(host: &CliHost) -> Result<Ended> {
    let Some(store) = host.existing_store()? else {
        return Ok(Ended::Answer(Answer::new(&json!({"store": null, "source": null, "keys": []}))?));
    };
    let status = store.vault_status(host.vault_keys()?).await?;
    if is_for_people() {
        show_status(store.shown(), &status);
        return Ok(Ended::Shown(Outcome::Done));
    }
    let response = json!({"store": store.shown(), "source": status.source, "keys": status.keys});
    Ok(Ended::Answer(Answer::new(&response)?))
}

fn show_status(store: &str, status: &VaultStatus) {
    tell(&format!("Store {store}"));
    match &status.source {
        Some(source) => tell(&format!("The current key comes from {source}")),
        None => tell("There is no key to seal with"),
    }
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header(["key", "role", "connections", "authorizations", "secrets"]);
    for key in &status.keys {
        let role = match key.role {
            KeyRole::Current => "current",
            KeyRole::Older => "older",
            KeyRole::Missing => "missing: what it sealed does not open",
        };
        table.add_row([
            key.key_id.clone(),
            role.to_owned(),
            key.connections.to_string(),
            key.authorizations.to_string(),
            key.secrets.to_string(),
        ]);
    }
    tell(&table.to_string());
}
