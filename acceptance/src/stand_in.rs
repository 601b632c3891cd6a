//! What stands in for the app: started before the checks, gone after them.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use url::Url;

use crate::config::Config;
use crate::process::{self, Process};
use crate::subject::Subject;

/// Longest wait for its first line.
const PATIENCE: Duration = Duration::from_secs(20);

const LONGEST_LINE: u64 = 1 << 20;

/// A stand-in that answers.
#[derive(Debug)]
pub(crate) struct StandIn {
    pub(crate) ready: Ready,
    _process: Process,
}

/// Its first line.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Ready {
    status: String,
    #[serde(default)]
    pub(crate) settings: Map<String, Value>,
    #[serde(default)]
    pub(crate) auth: Option<Map<String, Value>>,
}

impl StandIn {
    /// Starts what the configuration names, else the connector's own: a few records and no limit where it takes that.
    pub(crate) async fn start(subject: &Subject, config: &Config) -> Result<Self, String> {
        if let Some(stand_in) = &config.stand_in {
            let mut words = stand_in.command.iter().map(|word| match word.as_str() {
                "{connector}" => subject.executable().as_os_str().to_owned(),
                word => OsString::from(word),
            });
            let program = words.next().ok_or("the configuration's stand_in has no command")?;
            return Self::try_start(subject, Path::new(&program), words.collect()).await;
        }
        let words = |words: &[&str]| words.iter().map(OsString::from).collect();
        let small = words(&["sandbox", "--port", "0", "--records", "25", "--requests-per-minute", "0"]);
        match Self::try_start(subject, subject.executable(), small).await {
            Ok(started) => Ok(started),
            Err(_) => Self::try_start(subject, subject.executable(), words(&["sandbox", "--port", "0"]))
                .await
                .map_err(|reason| {
                    format!("there is nothing to ask: the connector has no `sandbox` that works ({reason})")
                }),
        }
    }

    async fn try_start(subject: &Subject, program: &Path, arguments: Vec<OsString>) -> Result<Self, String> {
        let mut command = process::command(program, &subject.folder);
        // Relative paths of a configuration are those of whoever wrote it.
        if let Ok(here) = std::env::current_dir() {
            command.current_dir(here);
        }
        command.args(arguments).stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut process = Process::start(command, &subject.groups)
            .map_err(|error| format!("the stand-in cannot be started: {error}"))?;
        let output = process.take_stdout().ok_or("the stand-in has no standard output")?;
        let mut line = String::new();
        let mut reader = BufReader::new(output.take(LONGEST_LINE));
        let read = tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await;
        let ready: Ready = match read {
            Ok(Ok(length)) if length > 0 => serde_json::from_str(&line)
                .map_err(|_| "the stand-in's first line is not {\"status\":\"ready\",…}".to_owned())?,
            Ok(_) => return Err("the stand-in ended without a first line".to_owned()),
            Err(_) => return Err("the stand-in did not say that it is ready".to_owned()),
        };
        if ready.status != "ready" {
            return Err("the stand-in's first line does not have the status `ready`".to_owned());
        }
        // What it prints later is not of interest, but a full pipe would stop it.
        tokio::spawn(async move {
            let _ = tokio::io::copy(&mut reader.into_inner().into_inner(), &mut tokio::io::sink()).await;
        });
        Ok(Self { ready, _process: process })
    }
}

/// Settings that hold an address of this machine.
pub(crate) fn addresses(settings: &Map<String, Value>) -> Vec<(String, Url)> {
    let is_here = |url: &Url| {
        url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
    };
    settings
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), Url::parse(value.as_str()?).ok()?)))
        .filter(|(name, url)| is_here(url) && !name.contains("redirect"))
        .collect()
}
