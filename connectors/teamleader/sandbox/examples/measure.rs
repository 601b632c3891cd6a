//! Figures: how long companies take to make, what they weigh, how fast a page is answered.
//!
//! `cargo run --release --example measure -- 1000000`

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use teamleader_sandbox::{Options, Sandbox};

const PAGES: u32 = 2_000;
const ROWS_PER_PAGE: usize = 100;

const WALKS: [(&str, &str); 4] = [
    ("in order of insertion", ""),
    ("by updated_at", r#","sort":[{"field":"updated_at","order":"asc"}]"#),
    (
        "by updated_at, updated_since",
        r#","sort":[{"field":"updated_at"}],"filter":{"updated_since":"2023-06-01T00:00:00+00:00"}"#,
    ),
    ("updated_since alone", r#","filter":{"updated_since":"2023-06-01T00:00:00+00:00"}"#),
];

// The server has the main thread to itself, so that its CPU time can be told apart.
#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let records = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let mut out = std::io::stdout();
    let start = Instant::now();
    let options = Options::default().records(records).only(["companies"]).requests_per_minute(None);
    let sandbox = Sandbox::start(options).await?;
    writeln!(out, "{records} companies made in {:?}; {}", start.elapsed(), memory("VmRSS"))?;

    for (name, extra) in WALKS {
        let address = sandbox.url().trim_start_matches("http://").to_owned();
        let token = sandbox.control().issue_tokens().access_token;
        let walk = Walk { address, token, extra, last: (records / ROWS_PER_PAGE / 2).max(1) };
        let figures = tokio::task::spawn_blocking(move || walk.run()).await??;
        writeln!(out, "{name}: {figures:?}")?;
    }
    writeln!(out, "{}", memory("VmHWM"))?;
    sandbox.stop().await;
    Ok(())
}

struct Walk {
    address: String,
    token: String,
    extra: &'static str,
    last: usize,
}

#[derive(Debug)]
#[expect(dead_code, reason = "shown, not read")]
struct Figures {
    first_page: Duration,
    page: Duration,
    server_cpu: Duration,
    bytes_per_row: usize,
}

impl Walk {
    /// Pages all over the first half of the table, on one connection.
    fn run(&self) -> std::io::Result<Figures> {
        let mut connection = TcpStream::connect(&self.address)?;
        connection.set_nodelay(true)?;
        let start = Instant::now();
        self.page(&mut connection, 1)?;
        let first_page = start.elapsed();
        let (start, cpu) = (Instant::now(), main_thread_cpu());
        let (mut bytes, mut number) = (0, 0);
        for _ in 0..PAGES {
            number = (number + 7919) % self.last;
            bytes += self.page(&mut connection, number + 1)?;
        }
        Ok(Figures {
            first_page,
            page: start.elapsed() / PAGES,
            server_cpu: main_thread_cpu().saturating_sub(cpu) / PAGES,
            bytes_per_row: bytes / PAGES as usize / ROWS_PER_PAGE,
        })
    }

    fn page(&self, connection: &mut TcpStream, number: usize) -> std::io::Result<usize> {
        let Self { token, extra, .. } = self;
        let body =
            format!(r#"{{"page":{{"size":100,"number":{number}}},"includes":"custom_fields"{extra}}}"#);
        let length = body.len();
        let head = format!(
            "POST /companies.list HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {length}\r\n\r\n"
        );
        connection.write_all((head + &body).as_bytes())?;
        let mut answer = vec![0; 1 << 18];
        let mut have = 0;
        loop {
            have += connection.read(&mut answer[have..])?;
            if let Some((head, body)) = lengths(&answer[..have])
                && have >= head + body
            {
                return Ok(body);
            }
        }
    }
}

/// The lengths of head and body, once the head is there.
fn lengths(answer: &[u8]) -> Option<(usize, usize)> {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    let (_, length) = text.split_once("content-length: ")?;
    Some((head, length.split("\r\n").next()?.parse().ok()?))
}

fn main_thread_cpu() -> Duration {
    let path = format!("/proc/self/task/{}/schedstat", std::process::id());
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn memory(name: &str) -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    text.lines().find(|line| line.starts_with(name)).unwrap_or_default().replace('\t', " ")
}
