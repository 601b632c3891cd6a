//! A queue in memory that can be told to fail.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use connector_core::{ConnectorError, ErrorCode, Result};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::super::queue::{HintQueue, QueuedHint};

pub(super) struct MemoryQueue {
    hints: Mutex<Vec<Waiting>>,
    last_id: AtomicI64,
    fails: AtomicBool,
    waiting: watch::Sender<usize>,
}

struct Waiting {
    hint: QueuedHint,
    is_taken: bool,
}

impl Default for MemoryQueue {
    fn default() -> Self {
        Self {
            hints: Mutex::default(),
            last_id: AtomicI64::new(0),
            fails: AtomicBool::new(false),
            waiting: watch::Sender::new(0),
        }
    }
}

impl MemoryQueue {
    pub(super) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    /// What is not done, as `stream/id`.
    pub(super) fn waiting(&self) -> Vec<String> {
        self.hints.lock().unwrap().iter().map(Waiting::name).collect()
    }

    /// What would be handed out now.
    pub(super) fn available(&self) -> Vec<String> {
        self.hints.lock().unwrap().iter().filter(|waiting| !waiting.is_taken).map(Waiting::name).collect()
    }

    /// As if the time for finishing hints were over.
    pub(super) fn hand_out_again(&self) {
        self.hints.lock().unwrap().iter_mut().for_each(|waiting| waiting.is_taken = false);
    }

    pub(super) async fn until_waiting(&self, number: usize) {
        self.waiting.subscribe().wait_for(|waiting| *waiting == number).await.unwrap();
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Waiting>) -> T) -> Result<T> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(ConnectorError::new(ErrorCode::ConnectionClosed, "the database is gone"));
        }
        let mut hints = self.hints.lock().unwrap();
        let changed = change(&mut hints);
        self.waiting.send_replace(hints.len());
        Ok(changed)
    }
}

impl Waiting {
    fn name(&self) -> String {
        format!("{}/{}", self.hint.stream, self.hint.record_id)
    }
}

impl HintQueue for MemoryQueue {
    fn add<'a>(&'a self, stream: &'a str, record_id: &'a str) -> BoxFuture<'a, Result<bool>> {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let hint = QueuedHint { id, stream: stream.to_owned(), record_id: record_id.to_owned() };
        let added = self.change(|hints| {
            let is_same = |known: &Waiting| known.hint.stream == stream && known.hint.record_id == record_id;
            if hints.iter().any(|known| is_same(known) && !known.is_taken) {
                return false;
            }
            hints.retain(|known| !is_same(known));
            hints.push(Waiting { hint, is_taken: false });
            true
        });
        Box::pin(async { added })
    }

    fn take(&self, most: u32) -> BoxFuture<'_, Result<Vec<QueuedHint>>> {
        let taken = self.change(|hints| {
            let free = hints.iter_mut().filter(|waiting| !waiting.is_taken).take(most as usize);
            free.map(|waiting| {
                waiting.is_taken = true;
                waiting.hint.clone()
            })
            .collect()
        });
        Box::pin(async { taken })
    }

    fn done<'a>(&'a self, ids: &'a [i64]) -> BoxFuture<'a, Result<()>> {
        let done = self.change(|hints| hints.retain(|waiting| !ids.contains(&waiting.hint.id)));
        Box::pin(async { done })
    }
}
