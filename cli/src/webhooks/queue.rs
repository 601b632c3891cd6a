//! Where hints wait until their records are read: durable, each record once.

use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::Store;
use futures_util::future::BoxFuture;

/// A hint that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueuedHint {
    /// Its number in the queue; another one after it was added again.
    pub(super) id: i64,
    pub(super) stream: String,
    pub(super) record_id: String,
}

/// The queue of one connection.
pub(super) trait HintQueue: Send + Sync {
    /// Puts a hint in; it is durable when this returns. `false` when the record waits already. One that was taken waits
    /// anew: what is being read of it may be older than the hint.
    fn add<'a>(&'a self, stream: &'a str, record_id: &'a str) -> BoxFuture<'a, Result<bool>>;

    /// Hands out the oldest hints, and again after some minutes unless they are done.
    fn take(&self, most: u32) -> BoxFuture<'_, Result<Vec<QueuedHint>>>;

    /// Removes hints, except those that were added again since they were taken.
    fn done<'a>(&'a self, ids: &'a [i64]) -> BoxFuture<'a, Result<()>>;
}

/// The queue in a store.
pub(super) struct StoreQueue;

impl StoreQueue {
    pub(super) fn new(_: &Store, _: &str, _: &str) -> Self {
        Self
    }
}

// Until the store has the queue.
fn not_yet<T>() -> BoxFuture<'static, Result<T>> {
    Box::pin(async { Err(ConnectorError::new(ErrorCode::UnsupportedOperation, "not in this store yet")) })
}

impl HintQueue for StoreQueue {
    fn add<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<bool>> {
        not_yet()
    }

    fn take(&self, _: u32) -> BoxFuture<'_, Result<Vec<QueuedHint>>> {
        not_yet()
    }

    fn done<'a>(&'a self, _: &'a [i64]) -> BoxFuture<'a, Result<()>> {
        not_yet()
    }
}
