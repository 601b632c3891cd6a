//! `audit`: who was handed which token, and whether the log of it is whole.

use connector_core::envelope::{Answer, Outcome};
use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::{AuditLog, AuditRecord, VerifiedAudit};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::host::CliHost;
use crate::output::{Ended, is_for_people, tell};

/// What was typed after `audit`.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum AuditCommand {
    /// Look whether any entry was changed, taken out, moved or cut off the end
    Verify(VerifyAudit),
    /// Show entries, oldest first
    List(ListAudit),
}

/// What was typed after `audit verify`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct VerifyAudit {
    /// What an earlier `verify` told of the last entry: shows when everything was written anew since
    #[arg(long, value_name = "NUMBER:HASH", value_parser = noted)]
    pub(crate) noted: Vec<Noted>,
}

/// What was typed after `audit list`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ListAudit {
    /// From this instant on, or from so long ago: `2026-11-22T08:00:00Z`, `24h`; the latest entries when absent
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<Timestamp>,
    /// Only those with a greater number: the last one that was shown
    #[arg(long, value_name = "NUMBER")]
    pub(crate) after: Option<i64>,
    /// How many are shown at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
}

/// The number of an entry and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noted {
    seq: i64,
    hash: String,
}

fn noted(text: &str) -> Result<Noted, &'static str> {
    let parsed = text.split_once(':').and_then(|(seq, hash)| Some((seq.parse().ok()?, hash)));
    match parsed {
        Some((seq, hash)) if hash.len() == 64 => Ok(Noted { seq, hash: hash.to_ascii_lowercase() }),
        _ => Err("a number, a colon and 64 digits are expected"),
    }
}

/// An instant, or how long ago it was.
pub(crate) fn since(text: &str) -> Result<Timestamp, &'static str> {
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|ago| Timestamp::now().checked_sub(ago.abs()).ok())
        .ok_or("an instant or a length of time is expected")
}

pub(crate) async fn run(host: &CliHost, command: AuditCommand) -> Result<Ended> {
    let log = host.existing_store()?.map(|store| store.audit_log());
    match (command, log) {
        (AuditCommand::Verify(command), Some(log)) => verify(&log, &command).await,
        (AuditCommand::List(command), Some(log)) => list(&log, &command).await,
        (_, None) => Err(ConnectorError::new(ErrorCode::NotFound, "there is no store, and so no audit log")
            .hint("name the store with CONNECTOR_STORE_URL")),
    }
}

async fn verify(log: &AuditLog, command: &VerifyAudit) -> Result<Ended> {
    let found = log.verify().await?;
    if let Some(broken) = &found.broken {
        return Err(is_broken(broken.seq, broken.problem));
    }
    for noted in &command.noted {
        if log.hash_of(noted.seq).await?.as_ref() != Some(&noted.hash) {
            return Err(is_broken(noted.seq, "it is not the one that was noted"));
        }
    }
    if is_for_people() {
        tell(&whole(&found));
        return Ok(Ended::Shown(Outcome::Done));
    }
    Ok(Ended::Answer(Answer::new(&found)?))
}

/// Nobody but a person can tell what that means.
fn is_broken(seq: i64, problem: &str) -> ConnectorError {
    let message = format!("entry {seq} of the audit log: {problem}; what is before it is whole");
    ConnectorError::misconfigured(ErrorCode::Conflict, message)
        .app_error_code("audit.broken")
        .hint("somebody with access to the database changed the log: compare it with a backup")
}

fn whole(found: &VerifiedAudit) -> String {
    if found.entries == 0 {
        return "The audit log is empty.".to_owned();
    }
    let noted = format!("{}:{}", found.entries, found.hash);
    format!(
        "The audit log is whole: {} entries.\nKeep this elsewhere for the next time: --noted {noted}",
        found.entries
    )
}

async fn list(log: &AuditLog, command: &ListAudit) -> Result<Ended> {
    let after = match (command.after, command.since) {
        (Some(after), _) => after,
        (None, Some(since)) => log.before(since).await?,
        (None, None) => log.last().await? - i64::from(command.limit),
    };
    let entries = log.entries(after, command.limit).await?;
    if is_for_people() {
        show(&entries);
        return Ok(Ended::Shown(Outcome::Done));
    }
    Ok(Ended::Answer(Answer::new(&json!({"entries": entries}))?))
}

fn show(entries: &[AuditRecord]) {
    if entries.is_empty() {
        tell("There are no entries.");
        return;
    }
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "number",
        "when",
        "key",
        "from",
        "app",
        "connector",
        "connection",
        "action",
        "outcome",
    ]);
    for AuditRecord { seq, ts, entry } in entries {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        table.add_row([
            seq.to_string(),
            ts.to_string(),
            or_dash(&entry.actor_key_id),
            or_dash(&entry.remote_addr),
            entry.app_id.clone(),
            entry.connector_type.clone(),
            entry.connection.clone(),
            entry.action.clone(),
            entry.error_code.clone().unwrap_or_else(|| entry.outcome.clone()),
        ]);
    }
    tell(&format!("{table}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_entry_is_a_number_and_a_hash() {
        let hash = "0A".repeat(32);
        let expected = Noted { seq: 12, hash: hash.to_ascii_lowercase() };
        assert_eq!(noted(&format!("12:{hash}")), Ok(expected));
        for wrong in ["12", "x:00", ":", "12:00"] {
            assert!(noted(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_an_instant_or_so_long_ago() {
        assert_eq!(since("2026-11-22T08:00:00Z").unwrap().to_string(), "2026-11-22T08:00:00Z");
        let day = SignedDuration::from_hours(24);
        let before = Timestamp::now() - day;
        let found = since("24h").unwrap();
        assert!(before <= found && found <= Timestamp::now() - day, "{found}");
        assert!(since("yesterday").is_err());
    }

    #[test]
    fn a_broken_log_needs_a_person() {
        let error = is_broken(5, "it is missing");
        assert_eq!((error.exit_code(), error.app_code()), (78, Some("audit.broken")));
        assert!(error.message().contains("entry 5"), "{error}");
    }
}
