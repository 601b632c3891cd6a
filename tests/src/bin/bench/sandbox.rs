//! The Teamleader sandbox as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::Outcome;
use crate::program::{Folder, Program};

/// A running sandbox; it ends with this value.
pub(crate) struct Sandbox {
    api_url: String,
    auth_url: String,
    access_token: String,
    _process: Running,
}

impl Sandbox {
    /// A sandbox without a rate limit, whose big resources have this many records; `only` names those that have any.
    pub(crate) fn start(program: &Program, records: u64, only: Option<&str>) -> Outcome<Self> {
        let folder = program.folder()?;
        let mut command = folder.command();
        command.args(["sandbox", "--port", "0", "--requests-per-minute", "0"]);
        command.args(["--records", &records.to_string()]);
        if let Some(resource) = only {
            command.args(["--only", resource]);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut process = Running { child, _folder: folder };
        let mut line = String::new();
        let said = process.child.stdout.as_mut().ok_or("the sandbox has no standard output")?;
        BufReader::new(said).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let setting = |name: &str| -> Outcome<String> {
            let value = ready["settings"][name].as_str();
            Ok(value.ok_or_else(|| format!("the sandbox tells no {name}"))?.to_owned())
        };
        let api_url = setting("api_url")?;
        let tokens = post(&api_url, "/_sim/tokens")?;
        let access_token = tokens["access_token"].as_str().ok_or("the sandbox gives no token")?;
        Ok(Self {
            access_token: access_token.to_owned(),
            auth_url: setting("auth_url")?,
            api_url,
            _process: process,
        })
    }

    /// The parts of an envelope that make a call reach this sandbox, as fast as it can.
    pub(crate) fn envelope(&self) -> Value {
        serde_json::json!({
            "auth": {"oauth": {"access_token": self.access_token}},
            "settings": {
                "api_url": self.api_url,
                "auth_url": self.auth_url,
                "requests_per_minute": 0,
                "page_size": 100,
            },
        })
    }
}

struct Running {
    child: Child,
    _folder: Folder,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP client for the one kind of request that is needed here.
fn post(origin: &str, path: &str) -> Outcome<Value> {
    let address = origin.trim_start_matches("http://").trim_end_matches('/');
    let mut connection = TcpStream::connect(address)?;
    write!(
        connection,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
    Ok(serde_json::from_str(body)?)
}
