//! A request budget that several processes share: what an app allows one account, whoever asks.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::error::Result;

/// Whose budget it is: apps count per client and account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BudgetScope {
    /// Id of the integration.
    pub app_id: String,
    /// OAuth client.
    pub client: String,
    /// The account, or the connection's name where the account is not known.
    pub account: String,
}

/// How urgent a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it: it goes before any backfill and may use the whole budget.
    Interactive,
    /// Part of a long read, which leaves a small part of the budget to those who wait.
    Backfill,
}

/// The answer to a request for admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The request may leave now, and is counted.
    Granted,
    /// Ask again after this time.
    Wait(Duration),
}

/// Counts requests in a window of 60 seconds that slides, by one clock for all processes.
pub trait RequestBudget: Send + Sync {
    /// Asks for one request, of which there may be `limit` in any 60 seconds.
    ///
    /// # Errors
    /// When the store cannot be asked.
    fn admit(&self, limit: u32, urgency: Urgency) -> BoxFuture<'_, Result<Admission>>;

    /// The app refused: nobody may send for this long.
    ///
    /// # Errors
    /// When the store cannot be told.
    fn close(&self, wait: Duration) -> BoxFuture<'_, Result<()>>;
}
