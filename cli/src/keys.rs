//! `keys`: keys to the HTTP server.

use std::io::IsTerminal;

use connector_core::envelope::{Answer, Outcome};
use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use connector_store::{AccessKey, AccessKeys, NewAccessKey};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::host::CliHost;
use crate::output::{Ended, is_for_people, tell};
use crate::serve::{Scope, is_pattern};

/// Longest label, in characters.
const LONGEST_LABEL: usize = 200;

/// What was typed after `keys`.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key; its text is shown once and kept nowhere
    Create(CreateKey),
    /// Show the keys, without what opens anything
    List,
    /// Take a key back: servers refuse it within seconds
    Revoke(RevokeKey),
}

/// What was typed after `keys create`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CreateKey {
    /// What it is for, in words
    #[arg(long)]
    pub(crate) label: String,
    #[arg(
        long = "scope",
        value_name = "SCOPE",
        value_parser = scope,
        help = "What it allows, once for each: capability:call, sync:write, sync:read, token:read, status:read, \
                connection:write, audit:read, metrics:read, or admin for everything"
    )]
    pub(crate) scopes: Vec<Scope>,
    /// Apps that it is for, as `acme` or `acme-*`, once for each; all when none is named
    #[arg(long = "app", value_name = "PATTERN", value_parser = pattern)]
    pub(crate) apps: Vec<String>,
    /// Connectors that it is for, once for each; all when none is named
    #[arg(long = "connector", value_name = "PATTERN", value_parser = pattern)]
    pub(crate) connectors: Vec<String>,
    /// When it ends, from now: a number and m, h, d or w, as `90d`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) expires: Option<SignedDuration>,
}

/// What was typed after `keys revoke`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RevokeKey {
    /// The eight characters of the key after `bk_`
    pub(crate) id: String,
}

pub(crate) async fn run(app_id: &str, command: KeysCommand) -> Result<Ended> {
    let host = CliHost::new(app_id);
    match command {
        KeysCommand::Create(command) => create(&host.store()?.access_keys(), command).await,
        KeysCommand::List => list(&host).await,
        KeysCommand::Revoke(command) => revoke(&host, &command.id).await,
    }
}

/// A key as it is shown when it was made: the only time that its text is.
#[derive(Serialize)]
struct Created<'k> {
    #[serde(serialize_with = "Secret::serialize_exposed")]
    key: &'k Secret,
    #[serde(flatten)]
    kept: &'k AccessKey,
}

async fn create(keys: &AccessKeys, command: CreateKey) -> Result<Ended> {
    let (kept, text) = keys.create(new_key(command)?).await?;
    if is_for_people() {
        show_created(&kept, &text);
        return Ok(Ended::Shown(Outcome::Done));
    }
    Ok(Ended::Answer(Answer::new(&Created { key: &text, kept: &kept })?))
}

fn new_key(command: CreateKey) -> Result<NewAccessKey> {
    let CreateKey { label, scopes, apps, connectors, expires } = command;
    if label.trim().is_empty() || label.chars().count() > LONGEST_LABEL || label.contains(char::is_control) {
        let message = format!("--label must be of 1 to {LONGEST_LABEL} characters");
        return Err(ConnectorError::new(ErrorCode::InvalidValue, message));
    }
    if scopes.is_empty() {
        let all = Scope::ALL.map(Scope::name).join(", ");
        return Err(ConnectorError::new(
            ErrorCode::BadRequest,
            "--scope is missing: a key without one opens nothing",
        )
        .hint(format!("there are {all}")));
    }
    let or_all = |patterns: Vec<String>| if patterns.is_empty() { vec!["*".to_owned()] } else { patterns };
    let expires_at =
        expires.map(|after| Timestamp::now().checked_add(after)).transpose().map_err(|error| {
            ConnectorError::new(ErrorCode::InvalidValue, "--expires is too far away").source(error)
        })?;
    Ok(NewAccessKey {
        label,
        scopes: scopes.into_iter().map(|scope| scope.name().to_owned()).collect(),
        apps: or_all(apps),
        connectors: or_all(connectors),
        expires_at,
    })
}

/// Makes the first key, which may do everything, and shows it, where a person is there to read it. Elsewhere it would
/// stay in a log.
pub(crate) async fn first_key(keys: &AccessKeys) -> Result<()> {
    if keys.list().await?.iter().any(|key| key.is_valid_at(Timestamp::now())) {
        return Ok(());
    }
    if !std::io::stderr().is_terminal() {
        tracing::warn!(
            "there is no key to this server yet: `keys create --label NAME --scope admin` makes one"
        );
        return Ok(());
    }
    let new = NewAccessKey {
        label: "made by the first start".to_owned(),
        scopes: vec![Scope::Admin.name().to_owned()],
        apps: vec!["*".to_owned()],
        connectors: vec!["*".to_owned()],
        expires_at: None,
    };
    let (kept, text) = keys.create(new).await?;
    show_created(&kept, &text);
    Ok(())
}

fn show_created(kept: &AccessKey, text: &Secret) {
    tell(&format!("Key {} ({}), with the scopes {}:\n", kept.id, kept.label, kept.scopes.join(", ")));
    tell(&format!("    {}\n", text.expose()));
    tell("It is shown this once. Send it as `Authorization: Bearer …`.");
}

async fn list(host: &CliHost) -> Result<Ended> {
    let keys = match host.existing_store()? {
        Some(store) => store.access_keys().list().await?,
        None => Vec::new(),
    };
    if is_for_people() {
        show(&keys);
        return Ok(Ended::Shown(Outcome::Done));
    }
    Ok(Ended::Answer(Answer::new(&json!({"keys": keys}))?))
}

fn show(keys: &[AccessKey]) {
    if keys.is_empty() {
        tell("There are no keys: `keys create --label NAME --scope admin` makes one.");
        return;
    }
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header(["id", "label", "scopes", "apps", "connectors", "ends", "last used", "state"]);
    for key in keys {
        let or_dash = |instant: Option<Timestamp>| {
            instant.map_or_else(|| "–".to_owned(), |instant| instant.to_string())
        };
        let state = match key.revoked_at {
            Some(_) => "taken back",
            None if key.is_valid_at(Timestamp::now()) => "valid",
            None => "ended",
        };
        table.add_row([
            key.id.clone(),
            key.label.clone(),
            key.scopes.join("\n"),
            key.apps.join("\n"),
            key.connectors.join("\n"),
            or_dash(key.expires_at),
            or_dash(key.last_used_at),
            state.to_owned(),
        ]);
    }
    tell(&format!("{table}"));
}

async fn revoke(host: &CliHost, id: &str) -> Result<Ended> {
    let revoked = match host.existing_store()? {
        Some(store) => store.access_keys().revoke(id).await?,
        None => false,
    };
    if !revoked {
        return Err(ConnectorError::new(ErrorCode::NotFound, "there is no key with this id")
            .hint("`keys list` shows them"));
    }
    if is_for_people() {
        tell(&format!("Key {id} is taken back."));
        return Ok(Ended::Shown(Outcome::Done));
    }
    Ok(Ended::Answer(Answer::new(&json!({"id": id, "revoked": true}))?))
}

fn scope(text: &str) -> std::result::Result<Scope, String> {
    Scope::from_name(text).ok_or_else(|| "there is no such scope".to_owned())
}

fn pattern(text: &str) -> std::result::Result<String, String> {
    if is_pattern(text) { Ok(text.to_owned()) } else { Err("a name, with * for any text".to_owned()) }
}

fn duration(text: &str) -> std::result::Result<SignedDuration, String> {
    let wrong = || "a number and m, h, d or w".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let hours = match unit {
        "m" => return Ok(SignedDuration::from_mins(number.into())),
        "h" => 1,
        "d" => 24,
        "w" => 24 * 7,
        _ => return Err(wrong()),
    };
    Ok(SignedDuration::from_hours(i64::from(number) * hours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{FromArgMatches, Subcommand};

    fn create(words: &[&str]) -> Result<NewAccessKey> {
        let command = KeysCommand::augment_subcommands(clap::Command::new("keys"));
        let matches = command.try_get_matches_from(["keys", "create"].iter().chain(words)).unwrap();
        let KeysCommand::Create(command) = KeysCommand::from_arg_matches(&matches).unwrap() else {
            panic!("another command was understood")
        };
        new_key(command)
    }

    #[test]
    fn a_key_is_for_everything_of_its_scopes_unless_limited() {
        let key = create(&["--label", "broker", "--scope", "token:read"]).unwrap();
        assert_eq!(
            (key.scopes, key.apps, key.connectors, key.expires_at),
            (vec!["token:read".to_owned()], vec!["*".to_owned()], vec!["*".to_owned()], None)
        );
        let words = ["--label", "a", "--scope", "admin", "--app", "acme", "--app", "b-*", "--expires", "90d"];
        let key = create(&words).unwrap();
        assert_eq!(key.apps, ["acme", "b-*"]);
        let days = key.expires_at.unwrap().duration_since(Timestamp::now()).as_hours();
        assert!((24 * 90 - 1..=24 * 90).contains(&days), "{days}");
    }

    #[test]
    fn a_key_needs_a_label_and_a_scope() {
        assert_eq!(create(&["--label", "a"]).unwrap_err().code(), ErrorCode::BadRequest);
        assert_eq!(
            create(&["--label", " ", "--scope", "admin"]).unwrap_err().code(),
            ErrorCode::InvalidValue
        );
    }

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(duration("30m"), Ok(SignedDuration::from_mins(30)));
        assert_eq!(duration("2w"), Ok(SignedDuration::from_hours(336)));
        for wrong in ["", "d", "90", "-1d", "9é", "1y", "99999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
