//! Everything that is neither a list nor the info of a row, by path.
#![expect(clippy::unnecessary_wraps, reason = "all operations have one signature")]

mod account;
mod availability;
mod currencies;
mod download;
mod lookup;
mod schedules;
mod webhooks;

use serde_json::{Map, Value};

use super::problem::Problem;
use crate::reply::Reply;
use crate::state::State;

pub(super) type Answer = Result<Reply, Vec<Problem>>;

pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) scope: Option<&'static str>,
    /// Whether GET works too, as it does for what existed before it went out of use.
    pub(super) by_get: bool,
    pub(super) answer: fn(&mut State, &Map<String, Value>) -> Answer,
}

const fn operation(
    path: &'static str,
    scope: Option<&'static str>,
    answer: fn(&mut State, &Map<String, Value>) -> Answer,
) -> Operation {
    Operation { path, scope, by_get: false, answer }
}

impl Operation {
    const fn also_by_get(mut self) -> Self {
        self.by_get = true;
        self
    }
}

static OPERATIONS: [Operation; 17] = [
    operation("users.me", None, account::me).also_by_get(),
    operation("accounts.projects-v2-status", None, account::projects_status).also_by_get(),
    operation("timers.current", None, account::timer).also_by_get(),
    operation("currencies.exchangeRates", None, currencies::exchange_rates),
    operation("userSchedules.list", Some("users"), schedules::schedules),
    operation("userAvailability.total", None, availability::total),
    operation("userAvailability.daily", None, availability::daily),
    operation("tickets.getMessage", Some("tickets"), lookup::ticket_message),
    operation("cloudPlatforms.url", None, lookup::cloud_url),
    operation("migrate.id", None, lookup::migrated_id).also_by_get(),
    operation("files.download", None, download::file),
    operation("invoices.download", Some("invoices"), download::invoice),
    operation("creditNotes.download", Some("invoices"), download::credit_note),
    operation("quotations.download", Some("deals"), download::quotation),
    operation("webhooks.list", None, webhooks::list).also_by_get(),
    operation("webhooks.register", None, webhooks::register),
    operation("webhooks.unregister", None, webhooks::unregister),
];

/// `path` is without the slash at its beginning.
pub(super) fn operation_at(path: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.path == path)
}

fn parameter<'p>(parameters: &'p Map<String, Value>, name: &str) -> &'p Value {
    parameters.get(name).unwrap_or(&Value::Null)
}

/// All values, or all problems.
fn both<A, B>(first: Result<A, Problem>, second: Result<B, Problem>) -> Result<(A, B), Vec<Problem>> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (first, second) => Err(first.err().into_iter().chain(second.err()).collect()),
    }
}
