//! The receiver over real HTTP.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_core::webhook::{Hint, WebhookSubject, Webhooks};
use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tracing::subscriber::DefaultGuard;

use super::super::address::SecretPath;
use super::super::connections::{BoundedListener, Bounds};
use super::super::receiver::{Receiver, router};
use super::memory_queue::MemoryQueue;
use crate::rate::Rate;

const SECRET: &str = "dGhlLXNlY3JldC1wYXJ0LW9mLXRoZS1hZGRyZXNzIQ";
const ROOMY: Bounds = Bounds { most: 16, longest: Duration::from_mins(1) };

fn subject(name: &'static str) -> WebhookSubject {
    if name == "account.ended" { WebhookSubject::EndOfAccount } else { WebhookSubject::Record("thing") }
}

fn parse(message: &[u8]) -> Result<Vec<Hint>> {
    let refused = |_| ConnectorError::new(ErrorCode::BadRequest, "the message is no JSON");
    let message: Value = serde_json::from_slice(message).map_err(refused)?;
    let text = |name: &str| message[name].as_str();
    Ok(vec![Hint::new(
        text("event").unwrap_or_default(),
        text("entity").unwrap_or_default(),
        text("id").unwrap_or_default(),
        text("account"),
    )?])
}

struct Running {
    address: SocketAddr,
    queue: Arc<MemoryQueue>,
    arrived: Arc<Notify>,
}

async fn start(bounds: Bounds, rate: Rate) -> Running {
    let (queue, arrived) = (Arc::new(MemoryQueue::default()), Arc::new(Notify::new()));
    let receiver = Receiver {
        webhooks: Webhooks { parse, types: &["thing.updated", "account.ended"], subject },
        streams: [("thing", vec!["things"]), ("user", vec!["users", "members"])].into(),
        path: SecretPath::new(Secret::new(SECRET)),
        account: Some("our-account".to_owned()),
        queue: queue.clone(),
        rate,
        arrived: Arc::clone(&arrived),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = axum::serve(BoundedListener::new(listener, bounds), router(Arc::new(receiver)));
    tokio::spawn(async { server.await.unwrap() });
    Running { address, queue, arrived }
}

async fn roomy() -> Running {
    start(ROOMY, Rate::new(1000, 1000)).await
}

impl Running {
    /// Sends bytes and reads the answer until the receiver closes the connection.
    async fn send(&self, request: &[u8]) -> String {
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        // The receiver may close before everything is sent.
        let _ = connection.write_all(request).await;
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    async fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: hooks\r\nContent-Length: {length}\r\n\r\n{body}");
        let answer = self.send(request.as_bytes()).await;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        (status, answer)
    }

    async fn post(&self, message: &Value) -> u16 {
        self.request("POST", &format!("/{SECRET}"), &message.to_string()).await.0
    }
}

fn message(entity: &str, id: &str) -> Value {
    json!({"event": "thing.updated", "entity": entity, "id": id, "account": "our-account"})
}

#[tokio::test]
async fn a_message_is_answered_when_its_record_is_queued() {
    let running = roomy().await;
    assert_eq!(running.post(&message("thing", "1")).await, 204);
    assert_eq!(running.queue.waiting(), ["things/1"]);
    running.arrived.notified().await;
    // A record that waits already needs no second place.
    assert_eq!(running.post(&message("thing", "1")).await, 204);
    assert_eq!(running.post(&message("user", "2")).await, 204);
    assert_eq!(running.queue.waiting(), ["things/1", "users/2", "members/2"]);
}

#[tokio::test]
async fn a_proxy_may_keep_the_path_of_the_public_address() {
    let running = roomy().await;
    let body = message("thing", "1").to_string();
    assert_eq!(running.request("POST", &format!("/hooks/{SECRET}?a=b"), &body).await.0, 204);
}

#[tokio::test]
async fn a_wrong_path_gives_nothing_away() {
    let running = roomy().await;
    let body = message("thing", "1").to_string();
    for path in ["/", "/hooks", &format!("/{}", &SECRET[1..]), &format!("/{SECRET}/"), &format!("/x{SECRET}")]
    {
        for method in ["POST", "GET", "PUT"] {
            let (status, answer) = running.request(method, path, &body).await;
            assert_eq!(status, 404, "{method} {path}");
            assert!(answer.ends_with("\r\n\r\n"), "{answer}");
            assert!(!answer.to_lowercase().contains("server:"), "{answer}");
        }
    }
    assert!(running.queue.waiting().is_empty());
}

#[tokio::test]
async fn a_message_that_cannot_be_kept_is_to_be_sent_again() {
    let running = roomy().await;
    running.queue.fail(true);
    assert_eq!(running.post(&message("thing", "1")).await, 503);
    running.queue.fail(false);
    assert_eq!(running.post(&message("thing", "1")).await, 204);
    assert_eq!(running.queue.waiting(), ["things/1"]);
}

#[tokio::test]
async fn what_is_no_message_is_refused() {
    let running = roomy().await;
    let path = format!("/{SECRET}");
    for (body, status) in [
        ("", 400),
        ("not JSON", 400),
        (&"[".repeat(40), 400),
        (&message("thing", "../../etc").to_string(), 400),
        (&message("thing", &"9".repeat(500)).to_string(), 400),
        (&" ".repeat((64 << 10) + 1), 413),
    ] {
        assert_eq!(running.request("POST", &path, body).await.0, status, "{body:.20}");
    }
    assert_eq!(running.request("GET", &path, "").await.0, 405);
    assert!(running.queue.waiting().is_empty());
}

#[tokio::test]
async fn a_message_without_a_length_is_read_no_further_than_the_bound() {
    let running = roomy().await;
    let chunk = format!("2000\r\n{}\r\n", " ".repeat(0x2000));
    let head = format!("POST /{SECRET} HTTP/1.1\r\nHost: hooks\r\nTransfer-Encoding: chunked\r\n\r\n");
    let answer = running.send((head + &chunk.repeat(9)).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn what_concerns_no_stream_or_another_account_is_ignored() {
    let running = roomy().await;
    let mut foreign = message("thing", "1");
    foreign["account"] = json!("another-account");
    assert_eq!(running.post(&foreign).await, 204);
    assert_eq!(running.post(&message("spaceship", "1")).await, 204);
    assert!(running.queue.waiting().is_empty());
    let mut unnamed = message("thing", "1");
    unnamed["account"] = Value::Null;
    assert_eq!(running.post(&unnamed).await, 204);
    assert_eq!(running.queue.waiting(), ["things/1"]);
}

#[tokio::test]
async fn messages_beyond_the_rate_are_to_be_sent_again() {
    let running = start(ROOMY, Rate::new(0, 2)).await;
    let mut statuses = Vec::new();
    for id in ["1", "2", "3"] {
        statuses.push(running.post(&message("thing", id)).await);
    }
    assert_eq!(statuses, [204, 204, 429]);
    assert_eq!(running.request("POST", "/elsewhere", "").await.0, 404);
}

#[tokio::test]
async fn who_sends_slowly_is_cut_off_and_makes_room() {
    let narrow = Bounds { most: 1, longest: Duration::from_secs(1) };
    let running = start(narrow, Rate::new(1000, 1000)).await;
    let mut slow = TcpStream::connect(running.address).await.unwrap();
    slow.write_all(format!("POST /{SECRET} HTTP/1.1\r\nHost: ho").as_bytes()).await.unwrap();
    // The only place is taken until then.
    assert_eq!(running.post(&message("thing", "1")).await, 204);
    let mut answer = Vec::new();
    let _ = slow.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("204"));
}

#[tokio::test]
async fn the_end_of_an_account_is_an_error_in_the_log_that_never_shows_the_secret() {
    let (log, _guard) = Log::start();
    let running = roomy().await;
    assert_eq!(running.post(&json!({"event": "account.ended", "entity": "account", "id": "1"})).await, 204);
    running.queue.fail(true);
    assert_eq!(running.post(&message("thing", "1")).await, 503);
    running.queue.fail(false);
    assert_eq!(running.post(&message("thing", "1")).await, 204);
    assert_eq!(running.request("POST", &format!("/{SECRET}"), SECRET).await.0, 400);
    let log = log.text();
    assert!(log.contains("ERROR") && log.contains("account.ended"), "{log}");
    assert!(log.contains("cannot be kept") && log.contains("cannot be read"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

/// Everything that is logged in this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
