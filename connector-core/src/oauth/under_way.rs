//! Requests that spend what exists once: a refresh token, or the code that somebody agreed to. Their answers are nowhere
//! else, so the process waits for them before it ends.

use std::sync::LazyLock;

use tokio::sync::watch;
use tracing::Instrument;

use crate::error::{ConnectorError, ErrorCode, Result};

/// How many there are in this process, for all stores.
static COUNT: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Waits until no answer with new tokens is awaited in this process, nor on its way into the vault: one that is cut off by
/// the process's end may have spent a refresh token whose successor nobody gets, and somebody has to log in again.
pub async fn token_requests_settled() {
    // The sender is never dropped.
    let _ = COUNT.subscribe().wait_for(|count| *count == 0).await;
}

/// Does what spends something that exists once, in a task of its own that the end of the process waits for: neither a
/// caller that goes away nor a stop may cut it in two.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let under_way = UnderWay::begin();
    let task = tokio::spawn(async move { (work.await, under_way) }.in_current_span());
    // Whoever waits for the outcome is waited for until it has it.
    let (outcome, _under_way) = task.await.map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "a request for tokens was cut off").source(error)
    })?;
    outcome
}

/// Makes the end of the process wait.
pub(super) struct UnderWay;

impl UnderWay {
    pub(super) fn begin() -> Self {
        COUNT.send_modify(|count| *count += 1);
        Self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        COUNT.send_modify(|count| *count -= 1);
    }
}
