//! The little of a browser that a login needs: ask for an address, and see where it leads.

use std::{
    collections::BTreeMap,
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
    ask(address, "")
}

/// Follows redirects from an address, with the cookies that are set on the way, to the first one that leads away from
/// the server that was asked, and returns where that leads.
///
/// # Panics
/// When the way ends before.
pub fn follow(address: &str) -> String {
    let server = server_of(address).to_owned();
    let (mut address, mut cookies) = (address.to_owned(), BTreeMap::new());
    while server_of(&address) == server {
        let all: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let page = ask(&address, &format!("Cookie: {}\r\n", all.join("; ")));
        for (name, value) in
            page.headers("set-cookie").filter_map(|cookie| cookie.split(';').next()?.split_once('='))
        {
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = page.location.unwrap_or_else(|| panic!("{address} leads nowhere: {}", page.text));
        address = if location.starts_with('/') { format!("http://{server}{location}") } else { location };
    }
    address
}

fn server_of(address: &str) -> &str {
    let rest = address.strip_prefix("http://").unwrap_or_else(|| panic!("{address} is not http"));
    rest.split(['/', '?']).next().unwrap_or_default()
}

fn ask(address: &str, headers: &str) -> Page {
    let host = server_of(address);
    let path = &address["http://".len() + host.len()..];
    let mut connection =
        TcpStream::connect(host).unwrap_or_else(|error| panic!("nobody listens on {host}: {error}"));
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).expect("the request is small");
    let mut bytes = Vec::new();
    connection.read_to_end(&mut bytes).unwrap_or_else(|error| panic!("{address} breaks off: {error}"));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut page = Page {
        status: status.unwrap_or_else(|| panic!("{address} does not speak HTTP: {text:?}")),
        location: None,
        text,
    };
    let location = page.headers("location").next().map(ToOwned::to_owned);
    page.location = location;
    page
}

impl Page {
    /// Values of a header, in order.
    fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.text
            .lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_once(": "))
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}
