//! A connector's HTTP server in the background, and somebody who asks it.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::Value;

use crate::{
    account::{Account, text},
    binary::{Connector, Outcome, RunningConnector, Signal},
    following::Following,
};

/// A running server; it is killed with this value.
#[derive(Debug)]
pub struct Served {
    running: RunningConnector,
    address: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers, their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// The body as JSON; null when it is none.
    pub body: Value,
    /// Everything as it came.
    pub text: String,
}

impl Reply {
    /// Status and the code of an error.
    pub fn code(&self) -> (u16, &str) {
        (self.status, self.body["error"]["app_error_code"].as_str().unwrap_or_default())
    }
}

impl Served {
    /// Starts a server with the account's connector, on a port of its own.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn start(account: &Account) -> Self {
        Self::of(account.connector())
    }

    /// Starts a server with a connector, on a port of its own.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn of(connector: &Connector) -> Self {
        Self::told(connector, [])
    }

    /// The same with more words on the command line.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn told<'a>(connector: &Connector, words: impl IntoIterator<Item = &'a str>) -> Self {
        let words = ["serve", "--listen", "127.0.0.1:0"].into_iter().chain(words);
        let mut running = connector.start(words.collect::<Vec<_>>());
        let line = running.wait_for_standard_output("\"ready\"");
        let ready: Value = serde_json::from_str(&line).expect("a line of JSON");
        Self { running, address: text(&ready["listening"]).to_owned() }
    }

    /// Asks with a key, for all that a path has.
    ///
    /// # Panics
    /// When nobody answers.
    pub fn ask(&self, method: &str, path: &str, key: &str, body: &Value) -> Reply {
        let mut connection = self.send(method, path, key, body);
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("an answer");
        reply(String::from_utf8(answer).expect("an answer is text"))
    }

    /// Sends a request, and does not wait for its answer, which may never come. Dropping what is returned hangs up.
    ///
    /// # Panics
    /// When nobody listens.
    pub fn send(&self, method: &str, path: &str, key: &str, body: &Value) -> TcpStream {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut connection = TcpStream::connect(&self.address).expect("the server listens");
        connection.write_all(request.as_bytes()).expect("the request is small");
        connection
    }

    /// Asks for what is under a path.
    ///
    /// # Panics
    /// When nobody answers.
    pub fn get(&self, path: &str, key: &str) -> Reply {
        self.ask("GET", path, key, &Value::Null)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Follows the events under a path.
    pub fn follow(&self, path: &str, key: &str) -> Following {
        Following::start(&self.address, path, key)
    }

    /// Kills the server, which has no chance to do anything about it.
    pub fn kill(self) {
        self.running.signal(Signal::Kill);
        self.running.wait();
    }

    /// Asks the server to stop, and does not wait for it.
    pub fn terminate(&self) {
        self.running.signal(Signal::Terminate);
    }

    /// Waits until the server ends by itself, and returns what it said.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait(self) -> Outcome {
        self.running.wait()
    }

    /// Stops the server in good order, and returns what it said.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(self) -> Outcome {
        self.running.signal(Signal::Terminate);
        self.running.wait()
    }
}

/// Makes a key with these scopes.
///
/// # Panics
/// When none is made.
pub fn create_key(account: &Account, scopes: &[&str]) -> String {
    create_key_of(account.connector(), scopes)
}

/// Makes a key with these scopes, in the store of a connector.
///
/// # Panics
/// When none is made.
pub fn create_key_of(connector: &Connector, scopes: &[&str]) -> String {
    let mut arguments = vec!["keys", "create", "--label", "test"];
    for scope in scopes {
        arguments.extend(["--scope", scope]);
    }
    let created = connector.run(arguments).response();
    text(&created["key"]).to_owned()
}

fn reply(text: String) -> Reply {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("half an answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    Reply {
        status: status.unwrap_or_else(|| panic!("no HTTP: {text:?}")),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: serde_json::from_str(body).unwrap_or_default(),
        text,
    }
}
