//! Callers of an HTTP server that keep their connections: each sends its next request when the last one was answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;

/// What callers saw together.
#[derive(Debug)]
pub(crate) struct Answers {
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// Of each good answer, sorted.
    pub(crate) times: Vec<Duration>,
    /// Answers other than 200.
    pub(crate) errors: u64,
}

impl Answers {
    /// The time within which so many of a thousand answers came.
    pub(crate) fn within(&self, of_a_thousand: usize) -> Duration {
        let at = (self.times.len() * of_a_thousand / 1000).min(self.times.len().saturating_sub(1));
        self.times.get(at).copied().unwrap_or_default()
    }
}

/// Sends a request so many times over so many connections, from one thread: the server needs the other cores.
pub(crate) fn ask(address: &str, request: &str, connections: usize, requests: u64) -> Outcome<Answers> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let left = Arc::new(AtomicU64::new(requests));
        let mut streams = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let start = Instant::now();
        let callers: Vec<_> = streams
            .into_iter()
            .map(|stream| tokio::spawn(call(stream, request.to_owned(), Arc::clone(&left))))
            .collect();
        let (mut times, mut errors) = (Vec::new(), 0);
        for caller in callers {
            let (its_times, its_errors) = caller.await??;
            times.extend(its_times);
            errors += its_errors;
        }
        let wall = start.elapsed();
        times.sort_unstable();
        Ok(Answers { wall, times, errors })
    })
}

async fn call(mut stream: TcpStream, request: String, left: Arc<AtomicU64>) -> Outcome<(Vec<Duration>, u64)> {
    let (mut times, mut errors) = (Vec::new(), 0);
    let mut buffer = Vec::with_capacity(8192);
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
        let start = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        buffer.clear();
        let length = loop {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Err("the server closed a connection".into());
            }
            if let Some(length) = whole_length(&buffer)?
                && buffer.len() >= length
            {
                break length;
            }
        };
        if buffer.len() > length {
            return Err("the server sent more than one answer".into());
        }
        if buffer.starts_with(b"HTTP/1.1 200 ") {
            times.push(start.elapsed());
        } else {
            errors += 1;
        }
    }
    Ok((times, errors))
}

/// The length of an answer with its head, once the head is there.
fn whole_length(answer: &[u8]) -> Outcome<Option<usize>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .ok_or("an answer does not tell its length")?;
    Ok(Some(end + 4 + length.1.trim().parse::<usize>()?))
}
