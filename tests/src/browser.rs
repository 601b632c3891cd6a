//! The little of a browser that a login needs: ask for an address, and see where it leads.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

/// An answer to a GET.
#[derive(Clone, Debug)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Where it leads, if it does.
    pub location: Option<String>,
    /// Head and body as they came.
    pub text: String,
}

/// Asks for an `http://` address on this machine.
///
/// # Panics
/// When nobody answers.
pub fn visit(address: &str) -> Page {
    let rest = address.strip_prefix("http://").unwrap_or_else(|| panic!("{address} is not http"));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut connection =
        TcpStream::connect(host).unwrap_or_else(|error| panic!("nobody listens on {host}: {error}"));
    let path = if path.is_empty() { "/" } else { path };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).expect("the request is small");
    let mut bytes = Vec::new();
    connection.read_to_end(&mut bytes).unwrap_or_else(|error| panic!("{address} breaks off: {error}"));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let header = |name: &str| {
        text.lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
    };
    Page {
        status: text
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_else(|| panic!("{address} does not speak HTTP: {text:?}")),
        location: header("location"),
        text,
    }
}
