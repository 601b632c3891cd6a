//! The driver of a browser: a process that is spoken to with HTTP and JSON.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
};

use serde_json::{Value, json};

/// The script that `make test` asks too, so that there is one list of places.
const FIND_CHROMIUM: &str = include_str!("../../find-chromium");

/// A driver with one browser.
#[derive(Debug)]
pub(super) struct Driver {
    process: Child,
    port: u16,
    session: String,
}

impl Driver {
    pub(super) fn start() -> Self {
        let (browser, driver) = programs();
        let mut process = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{driver} cannot be started: {error}"));
        let port = port_of(&mut process);
        let mut driver = Self { process, port, session: String::new() };
        let arguments = [
            "--headless=new",
            // Tests in containers run as root, who has no sandbox, and with a small /dev/shm.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--disable-background-networking",
            "--force-prefers-reduced-motion",
            "--hide-scrollbars",
            "--lang=en",
        ];
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": browser, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let answer = driver
            .exchange("POST", "/session", &capabilities)
            .unwrap_or_else(|error| panic!("Chromium does not start: {error}"));
        answer["sessionId"].as_str().expect("the id of a session").clone_into(&mut driver.session);
        driver
    }

    /// What the driver answers about its browser.
    ///
    /// # Panics
    /// When it answers with an error.
    pub(super) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_ask(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    pub(super) fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        self.exchange(method, &format!("/session/{}{path}", self.session), body)
    }

    fn exchange(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.send(method, path, &body).map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&answer).map_err(|error| format!("{error} in {answer}"))?;
        match &answer["value"] {
            value if value.get("error").is_some() => Err(value["message"].to_string()),
            value => Ok(value.clone()),
        }
    }

    fn send(&self, method: &str, path: &str, body: &str) -> std::io::Result<String> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        write!(
            connection,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        let mut answer = BufReader::new(connection);
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body)?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browser is a child of the driver: without a word of ours it would stay.
        let _ = self.try_ask("DELETE", "", &Value::Null);
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Chromium and its driver.
fn programs() -> (&'static str, &'static str) {
    static FOUND: OnceLock<(String, String)> = OnceLock::new();
    let (browser, driver) = FOUND.get_or_init(|| {
        let output = Command::new("bash")
            .args(["-c", FIND_CHROMIUM])
            .stdin(Stdio::null())
            .output()
            .expect("a shell that looks for Chromium");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (browser, driver) = text.trim_end().split_once('\n').expect("two lines");
        (browser.to_owned(), driver.to_owned())
    });
    (browser, driver)
}

/// The port that a driver says it listens on.
fn port_of(process: &mut Child) -> u16 {
    let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while output.read_line(&mut line).expect("the driver says where it listens") > 0 {
        if let Some((_, rest)) = line.split_once("started successfully on port ") {
            // What it says later must not fill the pipe.
            thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
            return rest.trim().trim_end_matches('.').parse().expect("a port");
        }
        line.clear();
    }
    panic!("the driver ended without saying where it listens");
}
