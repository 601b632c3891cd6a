//! Server-sent events of a [`Served`](crate::served::Served), read one by one.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// Longest time between two events, heartbeats among them, before a test counts as one that hangs.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
}

/// The events under a path.
#[derive(Debug)]
pub struct Following(BufReader<TcpStream>);

impl Following {
    /// Asks for the events under a path.
    ///
    /// # Panics
    /// When nobody answers, or not with events.
    pub fn start(address: &str, path: &str, key: &str) -> Self {
        let mut connection = TcpStream::connect(address).expect("the server listens");
        connection.set_read_timeout(Some(LONGEST_SILENCE)).expect("a time");
        // The older version of HTTP has no chunks in between.
        let request =
            format!("GET {path} HTTP/1.0\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\r\n");
        connection.write_all(request.as_bytes()).expect("the request is small");
        let mut lines = BufReader::new(connection);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(lines.read_line(&mut head).expect("a head"), 0, "half an answer: {head}");
        }
        assert!(head.contains("200 OK") && head.contains("text/event-stream"), "{head}");
        Self(lines)
    }
}

impl Iterator for Following {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let mut event = Event { name: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).expect("the events go on") == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect("data is JSON"),
                None if !event.data.is_null() => return Some(event),
                _ => {}
            }
        }
    }
}
