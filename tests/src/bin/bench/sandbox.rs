//! The Teamleader sandbox as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use serde_json::Value;

use crate::Outcome;
use crate::program::{Folder, Program, Running};

/// A running sandbox; it ends with this value.
pub(crate) struct Sandbox {
    settings: Value,
    access_token: String,
    _process: Running,
    _folder: Folder,
}

impl Sandbox {
    /// A sandbox without a rate limit, whose big resources have this many records; `only` names those that have any.
    pub(crate) fn start(program: &Program, records: u64, only: Option<&str>) -> Outcome<Self> {
        Self::limited(program, records, only, 0)
    }

    /// The same with so many requests in any minute; 0 is no limit.
    pub(crate) fn limited(program: &Program, records: u64, only: Option<&str>, limit: u32) -> Outcome<Self> {
        let folder = program.folder()?;
        let mut command = folder.command();
        command.args(["sandbox", "--port", "0", "--requests-per-minute", &limit.to_string()]);
        command.args(["--records", &records.to_string()]);
        if let Some(resource) = only {
            command.args(["--only", resource]);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut process = Running(child);
        let mut line = String::new();
        let said = process.0.stdout.as_mut().ok_or("the sandbox has no standard output")?;
        BufReader::new(said).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let settings = ready["settings"].clone();
        let mut sandbox = Self { settings, access_token: String::new(), _process: process, _folder: folder };
        let tokens = sandbox.control("POST", "tokens", &Value::Null)?;
        let access_token = tokens["access_token"].as_str().ok_or("the sandbox gives no token")?;
        access_token.clone_into(&mut sandbox.access_token);
        Ok(sandbox)
    }

    /// A setting that points the connector at this sandbox.
    pub(crate) fn setting(&self, name: &str) -> Outcome<&str> {
        Ok(self.settings[name].as_str().ok_or_else(|| format!("the sandbox tells no {name}"))?)
    }

    /// The parts of an envelope that make a call reach this sandbox, as fast as it can.
    pub(crate) fn envelope(&self) -> Value {
        serde_json::json!({
            "auth": {"oauth": {"access_token": self.access_token}},
            "settings": {
                "api_url": self.settings["api_url"],
                "auth_url": self.settings["auth_url"],
                "requests_per_minute": 0,
                "page_size": 100,
            },
        })
    }

    /// Asks the hand behind the sandbox's curtain; null where it has nothing to say.
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        let address = self.setting("api_url")?.trim_start_matches("http://").trim_end_matches('/');
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut connection = TcpStream::connect(address)?;
        write!(
            connection,
            "{method} /_sim/{path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
        if !head.starts_with("HTTP/1.1 2") {
            return Err(format!("the sandbox refuses {method} {path}: {answer}").into());
        }
        Ok(if body.is_empty() { Value::Null } else { serde_json::from_str(body)? })
    }
}
