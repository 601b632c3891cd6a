//! Where hints wait until their records are read: durable, each record once.

use connector_core::Result;
use connector_store::{Hint, Hints};
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

impl HintQueue for Hints {
    fn add<'a>(&'a self, stream: &'a str, record_id: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(self.add(stream, record_id))
    }

    fn take(&self, most: u32) -> BoxFuture<'_, Result<Vec<QueuedHint>>> {
        Box::pin(async move {
            let queued =
                |hint: Hint| QueuedHint { id: hint.id, stream: hint.stream, record_id: hint.record_id };
            Ok(self.take(most).await?.into_iter().map(queued).collect())
        })
    }

    fn done<'a>(&'a self, ids: &'a [i64]) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.done(ids))
    }
}
