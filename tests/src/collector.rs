//! A collector of traces: takes what is posted to it as OTLP in JSON, and keeps it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use serde_json::Value;

/// A collector that listens as long as the test's process lives.
#[derive(Debug)]
pub struct Collector {
    address: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

/// A span, as far as tests look at it.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its name.
    pub name: String,
    /// The trace that it belongs to.
    pub trace_id: String,
    /// Its own id.
    pub id: String,
    /// The id of the span that it is a part of; empty when it is of none.
    pub parent: String,
    /// All of it.
    pub whole: Value,
}

impl Span {
    /// An attribute as text; empty when there is none.
    pub fn attribute(&self, key: &str) -> String {
        let attributes = self.whole["attributes"].as_array().into_iter().flatten();
        let found = attributes.into_iter().find(|attribute| attribute["key"] == key);
        let value = found.and_then(|attribute| attribute["value"].as_object()?.values().next().cloned());
        match value {
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }
}

impl Collector {
    /// Starts one on a port of its own.
    ///
    /// # Panics
    /// When there is no port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let bodies = Arc::default();
        let kept = Arc::clone(&bodies);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || take(connection, &kept));
            }
        });
        Self { address, bodies }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that came, as it came.
    pub fn text(&self) -> String {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// All spans that came.
    ///
    /// # Panics
    /// When something came that is not JSON.
    pub fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let bodies = bodies.iter().map(|body| serde_json::from_str::<Value>(body).expect("JSON"));
        bodies.flat_map(|body| lists(&body, &["resourceSpans", "scopeSpans", "spans"])).map(span).collect()
    }
}

/// What stands in lists within lists.
fn lists(value: &Value, names: &[&str]) -> Vec<Value> {
    let Some((name, inner)) = names.split_first() else { return vec![value.clone()] };
    value[*name].as_array().into_iter().flatten().flat_map(|part| lists(part, inner)).collect()
}

fn span(whole: Value) -> Span {
    let text = |name: &str| whole[name].as_str().unwrap_or_default().to_owned();
    let (name, trace_id, id, parent) = (text("name"), text("traceId"), text("spanId"), text("parentSpanId"));
    Span { name, trace_id, id, parent, whole }
}

/// Answers every request of a connection with success.
fn take(connection: TcpStream, kept: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line == "\r\n" => break,
                Ok(_) => {}
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let body = String::from_utf8(body).expect("text");
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
