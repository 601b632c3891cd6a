//! What is true of every run, looked at in each: one line, an envelope of the right shape, the exit code that goes with
//! it, no secret and no value that was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::contract;
use crate::folder::Left;
use crate::run::{End, Invocation, Run};
use crate::search::Search;

/// Something that is true of every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    Ends,
    OneLine,
    Success,
    Error,
    ExitCode,
    Secret,
    Echo,
}

/// Shorter ones are found in texts that have nothing to do with them.
const SHORTEST_SECRET: usize = 6;

/// Looks at every run.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    runs: usize,
    app_id: Option<String>,
    /// Secrets that the search knows, as they are.
    known: BTreeSet<String>,
    /// What may not be printed, in every way that it may be written.
    secrets: Search,
    /// Values that no message may repeat.
    values: Search,
    /// Capabilities whose answer is a secret.
    tellers: BTreeSet<String>,
    breaches: BTreeMap<Rule, Breaches>,
}

#[derive(Debug, Default)]
struct Breaches {
    runs: usize,
    first: Vec<String>,
}

impl Watch {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, errors have to name this app.
    pub(crate) fn app_is(&self, app_id: &str) {
        self.seen().app_id = Some(app_id.to_owned());
    }

    /// From now on, this may not be printed.
    pub(crate) fn secret(&self, called: &str, secret: &str) {
        let mut seen = self.seen();
        if secret.len() >= SHORTEST_SECRET && seen.known.insert(secret.to_owned()) {
            for form in forms(secret) {
                seen.secrets.add(called, form);
            }
        }
    }

    /// From now on, this may not be repeated.
    pub(crate) fn value(&self, value: &str) {
        self.seen().values.add("a value that was sent", value);
    }

    /// The capability answers with secrets, on standard output.
    pub(crate) fn tells_secrets(&self, capability: &str) {
        self.seen().tellers.insert(capability.to_owned());
    }

    pub(crate) fn runs(&self) -> usize {
        self.seen().runs
    }

    /// What runs did differently, if any did.
    pub(crate) fn breaches(&self, rule: Rule) -> Option<String> {
        let seen = self.seen();
        let found = seen.breaches.get(&rule)?;
        let more = found.runs - found.first.len();
        let more = if more > 0 { format!("; and {more} more runs") } else { String::new() };
        Some(format!("{}{more}", found.first.join("; ")))
    }

    /// Secrets in files that were left.
    pub(crate) fn secrets_in_files(&self, files: &[Left]) -> Vec<String> {
        let seen = self.seen();
        let held = files.iter().flat_map(|file| {
            let found = seen.secrets.found_in(&file.content);
            found.into_iter().map(|called| format!("{} holds {called}", file.path.display()))
        });
        held.collect()
    }

    pub(crate) fn look_at(&self, invocation: &Invocation, run: &Run) {
        let breaches = {
            let seen = self.seen();
            [
                (Rule::Ends, ends(run)),
                (Rule::OneLine, one_line(invocation, run)),
                (Rule::Success, success(invocation, run)),
                (Rule::Error, error(invocation, run, seen.app_id.as_deref())),
                (Rule::ExitCode, exit_code(invocation, run)),
                (Rule::Secret, secret(&seen, invocation, run)),
                (Rule::Echo, echo(&seen, run)),
            ]
        };
        self.keep(run, breaches);
    }

    /// A run that was ended by a signal: how it ends is told by the check that sent it.
    pub(crate) fn look_at_interrupted(&self, invocation: &Invocation, run: &Run) {
        let secret = secret(&self.seen(), invocation, run);
        self.keep(run, [(Rule::Secret, secret)]);
    }

    fn keep(&self, run: &Run, breaches: impl IntoIterator<Item = (Rule, Held)>) {
        let mut seen = self.seen();
        seen.runs += 1;
        for (rule, reason) in breaches {
            if let Err(reason) = reason {
                let found = seen.breaches.entry(rule).or_default();
                found.runs += 1;
                if found.first.len() < 3 {
                    found.first.push(format!("`{}`: {reason}", contract::shortened(&run.shown)));
                }
            }
        }
    }
}

type Held = Result<(), String>;

fn ends(run: &Run) -> Held {
    match run.end {
        End::Exit(_) => Ok(()),
        End::Signal(signal) => Err(format!("it died of signal {signal}")),
        End::TimeLimit => Err(format!("it did not end within {} s", run.took.as_secs())),
        End::TooMuch => Err("it printed more than 64 MiB".to_owned()),
    }
}

fn one_line(invocation: &Invocation, run: &Run) -> Held {
    if invocation.is_for_people || !matches!(run.end, End::Exit(_)) {
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(&run.stdout) else {
        return Err("standard output is not UTF-8".to_owned());
    };
    if text.is_empty() {
        return Err("standard output is empty".to_owned());
    }
    if !text.ends_with('\n') {
        return Err("the last line does not end".to_owned());
    }
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() != 1 && !invocation.records_first {
        return Err(format!("{} lines on standard output instead of one", lines.len()));
    }
    for line in &lines {
        if serde_json::from_str::<IgnoredAny>(line).is_err() {
            return Err("a line is not one JSON document".to_owned());
        }
    }
    match run.envelope() {
        Some(_) => Ok(()),
        None => Err("the last line is no envelope: it has neither `response` nor `error`".to_owned()),
    }
}

fn success(invocation: &Invocation, run: &Run) -> Held {
    let (false, Some(envelope)) = (invocation.is_for_people, run.envelope()) else { return Ok(()) };
    if envelope.get("error").is_some_and(|error| !error.is_null()) {
        return Ok(());
    }
    if envelope.get("is_error") == Some(&Value::Bool(true)) {
        return Err("is_error is true without an error".to_owned());
    }
    for key in ["response", "raw_data", "page"] {
        if !envelope.contains_key(key) {
            return Err(format!("a success without `{key}`"));
        }
    }
    let page = &envelope["page"];
    let is_page = page["token"].as_str().is_some_and(|token| !token.is_empty()) && page["size"].is_u64();
    if page.is_null() || is_page {
        Ok(())
    } else {
        Err("`page` is neither null nor a token with a size".to_owned())
    }
}

fn error(invocation: &Invocation, run: &Run, app_id: Option<&str>) -> Held {
    let (false, Some(envelope)) = (invocation.is_for_people, run.envelope()) else { return Ok(()) };
    let Some(error) = envelope.get("error").filter(|error| !error.is_null()) else { return Ok(()) };
    if envelope.get("is_error") != Some(&Value::Bool(true)) {
        return Err("an error without `is_error`: true".to_owned());
    }
    if envelope.contains_key("response") {
        return Err("an error with a `response`".to_owned());
    }
    for key in ["raw_data", "page"] {
        if !envelope.contains_key(key) {
            return Err(format!("an error envelope without `{key}`"));
        }
    }
    error_fields(error, app_id)
}

fn error_fields(error: &Value, app_id: Option<&str>) -> Held {
    let Value::Object(fields) = error else { return Err("`error` is no object".to_owned()) };
    for key in ["message", "error_code", "app_id", "raised_by", "raised_in"] {
        if fields.get(key).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(format!("error.{key} is no text"));
        }
    }
    if !fields
        .get("status_code")
        .is_some_and(|status| status.as_u64().is_some_and(|status| (100..600).contains(&status)))
    {
        return Err("error.status_code is no HTTP status".to_owned());
    }
    if !fields.get("app_error_code").is_some_and(|code| code.is_null() || code.is_string()) {
        return Err("error.app_error_code is neither null nor a text".to_owned());
    }
    if app_id.is_some_and(|app_id| fields["app_id"] != app_id) {
        return Err("error.app_id is not that of `info`".to_owned());
    }
    let name = fields["error_code"].as_str().unwrap_or_default();
    let Some(row) = contract::code(name) else {
        return Err(format!("the error code {name} is none of the contract"));
    };
    let Some(Value::Object(metadata)) = fields.get("error_metadata") else {
        return Err("error.error_metadata is no object".to_owned());
    };
    metadata_fields(metadata, row)
}

fn metadata_fields(metadata: &Map<String, Value>, row: &contract::CodeRow) -> Held {
    let wanted: [(&str, Value); 5] = [
        ("fault", row.fault.into()),
        ("category", row.category.into()),
        ("retryable", row.retryable.into()),
        ("throttled", row.throttled.into()),
        ("refreshable", row.refreshable.into()),
    ];
    for (key, wanted) in wanted {
        if metadata.get(key) != Some(&wanted) {
            return Err(format!("error_metadata.{key} of {} must be {wanted}", row.code));
        }
    }
    if !metadata.get("hint").is_some_and(|hint| hint.is_null() || hint.is_string()) {
        return Err("error_metadata.hint is neither null nor a text".to_owned());
    }
    if !metadata.get("retry_after_seconds").is_some_and(|wait| wait.is_null() || wait.is_number()) {
        return Err("error_metadata.retry_after_seconds is neither null nor a number".to_owned());
    }
    Ok(())
}

fn exit_code(invocation: &Invocation, run: &Run) -> Held {
    let (false, End::Exit(found), Some(envelope)) = (invocation.is_for_people, run.end, run.envelope())
    else {
        return Ok(());
    };
    if invocation.arguments.iter().any(|argument| argument == "--exit-zero")
        || invocation.environment.iter().any(|(name, _)| *name == "CONNECTOR_EXIT_ZERO")
    {
        // That it is 0 then has a check of its own.
        return Ok(());
    }
    let Some(error) = envelope.get("error").filter(|error| !error.is_null()) else {
        let reports = envelope.get("response").is_some_and(|response| response["status"].is_string());
        // A report of work that ended half way is an answer with the exit code of the worst error.
        return if found == 0 || reports { Ok(()) } else { Err(format!("exit code {found} with a success")) };
    };
    let Some(row) = contract::code(error["error_code"].as_str().unwrap_or_default()) else { return Ok(()) };
    if found == row.exit_code || (found == contract::MISCONFIGURED && row.exit_code == 64) {
        return Ok(());
    }
    Err(format!("exit code {found} with {}, which is {}", row.code, row.exit_code))
}

fn secret(seen: &Seen, invocation: &Invocation, run: &Run) -> Held {
    stands_in("standard error", &seen.secrets, &run.stderr)?;
    if seen.tellers.contains(invocation.name()) {
        return Ok(());
    }
    stands_in("standard output", &seen.secrets, &run.stdout)
}

fn echo(seen: &Seen, run: &Run) -> Held {
    stands_in("standard output", &seen.values, &run.stdout)?;
    stands_in("standard error", &seen.values, &run.stderr)
}

fn stands_in(place: &str, search: &Search, output: &[u8]) -> Held {
    match search.found_in(output).first() {
        Some(called) => Err(format!("{called} on {place}")),
        None => Ok(()),
    }
}

/// A secret as it may be written: as it is, in an address, in base64.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let in_address: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![secret.as_bytes().to_vec()];
    if in_address != secret {
        forms.push(in_address.into_bytes());
    }
    forms.extend([
        STANDARD.encode(secret).into_bytes(),
        STANDARD_NO_PAD.encode(secret).into_bytes(),
        URL_SAFE_NO_PAD.encode(secret).into_bytes(),
    ]);
    forms
}
