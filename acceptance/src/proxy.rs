//! What stands between a connector and the stand-in, and lets things go wrong.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::json;
use tokio::sync::watch;
use url::Url;

use crate::fault::{Fault, Plan, Schedule};
use crate::http::{self, Reply, Server};

/// A proxy in front of one origin, until it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    origin: Url,
    schedule: Schedule,
    seen: watch::Sender<usize>,
    faults: AtomicUsize,
}

impl Proxy {
    pub(crate) async fn before(origin: Url, plan: Plan) -> io::Result<Self> {
        let (seen, _) = watch::channel(0);
        let shared =
            Arc::new(Shared { origin, schedule: Schedule::new(plan), seen, faults: AtomicUsize::new(0) });
        let answering = Arc::clone(&shared);
        let server = Server::start(Arc::new(move |request| {
            let shared = Arc::clone(&answering);
            Box::pin(async move { shared.answer(request).await })
        }))
        .await?;
        Ok(Self { server, shared })
    }

    pub(crate) fn origin(&self) -> String {
        self.server.origin()
    }

    pub(crate) fn requests(&self) -> usize {
        *self.shared.seen.borrow()
    }

    pub(crate) fn faults(&self) -> usize {
        self.shared.faults.load(Ordering::Relaxed)
    }

    /// Waits until more than so many requests came.
    pub(crate) async fn more_than(&self, count: usize) {
        // The sender lives as long as the proxy.
        let _ = self.shared.seen.subscribe().wait_for(|seen| *seen > count).await;
    }
}

impl Shared {
    async fn answer(&self, request: Request<Bytes>) -> Reply {
        let mut number = 0;
        self.seen.send_modify(|seen| {
            *seen += 1;
            number = *seen;
        });
        let fault = self.schedule.next(number, &request);
        if fault.is_some() {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
        match fault {
            None => self.pass_on(request).await.map_or(Reply::Closed, Reply::Whole),
            Some(Fault::Status(status)) => http::json(status, &json!({})),
            Some(Fault::Throttled(seconds)) => throttled(seconds),
            Some(Fault::Closed) => Reply::Closed,
            Some(Fault::Truncated) => self.pass_on(request).await.map_or(Reply::Closed, Reply::BrokenOff),
            Some(Fault::Garbage) => http::text(200, "application/json", "<!doctype html><p>Bad gateway"),
            Some(Fault::Slow(delay)) => {
                tokio::time::sleep(delay).await;
                self.pass_on(request).await.map_or(Reply::Closed, Reply::Whole)
            }
            Some(Fault::Held) => std::future::pending().await,
            Some(Fault::Echo) => http::json(500, &said(&request)),
        }
    }

    async fn pass_on(&self, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        http::send(&self.origin, request).await
    }
}

fn throttled(seconds: u32) -> Reply {
    let response = Response::builder()
        .status(429)
        .header("content-type", "application/json")
        .header("retry-after", seconds)
        .body(Bytes::from_static(b"{}"));
    response.map_or(Reply::Closed, Reply::Whole)
}

/// Everything that a request said, where apps put the text of an error.
fn said(request: &Request<Bytes>) -> serde_json::Value {
    let headers = request.headers().iter();
    let headers: Vec<String> = headers
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let body = String::from_utf8_lossy(request.body());
    let said = format!("refused {} {} {body}", request.uri(), headers.join(" "));
    json!({"error": said, "message": said, "error_description": said, "errors": [{"title": said, "detail": said}]})
}
