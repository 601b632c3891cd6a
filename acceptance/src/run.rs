//! One run of a connector: what it was started with and what it left behind.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::{contract, schema};

/// Lines after the envelope among which it is still found.
const MOST_LINES_AFTER: usize = 100;

/// How a connector is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Invocation {
    pub(crate) arguments: Vec<String>,
    pub(crate) input: Vec<u8>,
    /// Written to standard output before the envelope; otherwise the envelope has to be all of it.
    pub(crate) records_first: bool,
    /// Whether what is printed has to be an envelope at all.
    pub(crate) is_for_people: bool,
    /// Variables beside those that every run has.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Invocation {
    /// A capability or a command, without an envelope.
    pub(crate) fn of(name: &str) -> Self {
        Self { arguments: vec![name.to_owned()], ..Self::default() }
    }

    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// The envelope in the arguments, as orchestrators pass it.
    pub(crate) fn json(self, envelope: &Value) -> Self {
        let text = envelope.to_string();
        self.with(&["--json", &text])
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    pub(crate) fn records_first(mut self) -> Self {
        self.records_first = true;
        self
    }

    pub(crate) fn for_people(mut self) -> Self {
        self.is_for_people = true;
        self
    }

    pub(crate) fn environment(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// The capability or command.
    pub(crate) fn name(&self) -> &str {
        self.arguments.first().map_or("", String::as_str)
    }

    /// As somebody would type it, without what is secret in the envelope.
    pub(crate) fn shown(&self) -> String {
        let mut words = Vec::new();
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            words.push(argument.clone());
            if argument == "--json"
                && let Some(envelope) = arguments.next()
            {
                words.push(if envelope == "-" { envelope.clone() } else { quoted(envelope) });
            }
        }
        if words.is_empty() { "(no arguments)".to_owned() } else { words.join(" ") }
    }
}

/// What is asked for. Credentials and settings are those of the stand-in, which is gone by the time that this is read.
fn quoted(envelope: &str) -> String {
    let Ok(Value::Object(mut envelope)) = serde_json::from_str(envelope) else { return "…".to_owned() };
    for part in ["auth", "settings", "credentials"] {
        if let Some(part) = envelope.get_mut(part) {
            *part = "…".into();
        }
    }
    if let Some(request) = envelope.get_mut("request") {
        hide_secrets(request);
    }
    format!("'{}'", contract::shortened(&Value::Object(envelope).to_string()))
}

fn hide_secrets(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if schema::sounds_secret(name) || name.contains("code") {
                    *value = "…".into();
                } else {
                    hide_secrets(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_secrets),
        _ => {}
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Exit(i32),
    /// By a signal that nobody asked it to die of.
    Signal(i32),
    /// It had to be killed.
    TimeLimit,
    /// It had to be killed, since it did not stop talking.
    TooMuch,
}

/// What a run left behind.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) shown: String,
    pub(crate) end: End,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) took: Duration,
    /// Read once: a dozen rules and checks ask for it.
    read: OnceLock<Option<Map<String, Value>>>,
}

impl Run {
    pub(crate) fn new(
        invocation: &Invocation,
        end: End,
        stdout: Vec<u8>,
        stderr: Vec<u8>,
        took: Duration,
    ) -> Self {
        Self { shown: invocation.shown(), end, stdout, stderr, took, read: OnceLock::new() }
    }

    /// The lines of standard output that say anything.
    pub(crate) fn lines(&self) -> Vec<&str> {
        let text = std::str::from_utf8(&self.stdout).unwrap_or_default();
        text.lines().filter(|line| !line.trim().is_empty()).collect()
    }

    /// The envelope: the last line that is one. Whether there is anything else is for the checks of envelopes to tell, so
    /// that one fault does not show everywhere.
    pub(crate) fn envelope(&self) -> Option<&Map<String, Value>> {
        self.read.get_or_init(|| self.last_envelope()).as_ref()
    }

    fn last_envelope(&self) -> Option<Map<String, Value>> {
        if self.end == End::TooMuch {
            return None;
        }
        self.lines().into_iter().rev().take(MOST_LINES_AFTER).find_map(|line| {
            match serde_json::from_str(line) {
                Ok(Value::Object(envelope))
                    if envelope.contains_key("response") || envelope.contains_key("error") =>
                {
                    Some(envelope)
                }
                _ => None,
            }
        })
    }

    /// The records of a run that prints those first.
    pub(crate) fn records(&self) -> Vec<Value> {
        let mut lines = self.lines();
        lines.pop();
        lines.into_iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    pub(crate) fn error(&self) -> Option<Value> {
        self.envelope()?.get("error").filter(|error| !error.is_null()).cloned()
    }

    /// The code of the error, if it is one.
    pub(crate) fn error_code(&self) -> Option<String> {
        Some(self.error()?["error_code"].as_str()?.to_owned())
    }

    pub(crate) fn error_message(&self) -> String {
        let error = self.error().unwrap_or_default();
        error["message"].as_str().unwrap_or_default().to_owned()
    }

    /// The response, if it went well.
    pub(crate) fn response(&self) -> Option<Value> {
        let envelope = self.envelope()?;
        if envelope.get("error").is_some_and(|error| !error.is_null()) {
            None
        } else {
            envelope.get("response").cloned()
        }
    }

    /// Token of the next page.
    pub(crate) fn next_token(&self) -> Option<String> {
        Some(self.envelope()?.get("page")?.get("token")?.as_str()?.to_owned())
    }

    /// How many records its pages have, as it says itself.
    pub(crate) fn page_size(&self) -> Option<usize> {
        usize::try_from(self.envelope()?.get("page")?.get("size")?.as_u64()?).ok()
    }

    /// What came of it, in a few words.
    pub(crate) fn outcome(&self) -> String {
        if let Some(error) = self.error() {
            let code = error["error_code"].as_str().unwrap_or("an error without a code");
            return format!(
                "{code} ({})",
                contract::shortened(error["message"].as_str().unwrap_or_default())
            );
        }
        match self.end {
            End::TimeLimit => "it had to be killed".to_owned(),
            End::TooMuch => "it did not stop talking".to_owned(),
            End::Signal(signal) => format!("it died of signal {signal}"),
            End::Exit(code) if self.response().is_none() => format!("no envelope and exit code {code}"),
            End::Exit(_) => "success".to_owned(),
        }
    }
}
