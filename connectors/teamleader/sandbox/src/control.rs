//! The hand behind the curtain, for tests in the same process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::catalog::violations;
use crate::fault::Fault;
use crate::log::{Counters, RequestRecord};
use crate::oauth::TokenPair;
use crate::schedule::Scheduled;
use crate::state::{Shared, known, parsed};
use crate::store::ChangeError;
use crate::switches::Switches;
use crate::webhooks::{WebhookMessage, WebhookRegistration};

/// A control request that makes no sense: an unknown resource, a row that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ControlError(pub(crate) String);

impl From<ChangeError> for ControlError {
    fn from(error: ChangeError) -> Self {
        Self(error.to_string())
    }
}

/// Changes a running sandbox and reads what happened. The same is offered over HTTP under `/_sim/`.
///
/// Fields of rows are given as a JSON object; anything else counts as no fields.
#[derive(Clone)]
pub struct Control(Arc<Shared>);

impl fmt::Debug for Control {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Control").finish_non_exhaustive()
    }
}

impl Control {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Adds a row, made up except for these fields, and returns its id.
    pub fn insert(&self, resource: &str, fields: Value) -> Result<String, ControlError> {
        self.0.lock().insert(resource, object(fields)).map(|id| id.to_string())
    }

    /// Replaces these fields of a row and sets its time of update to now.
    pub fn update(&self, resource: &str, id: &str, fields: Value) -> Result<(), ControlError> {
        self.0.lock().update(resource, id, object(fields), true)
    }

    /// Replaces these fields of a row without touching its time of update.
    pub fn update_silently(&self, resource: &str, id: &str, fields: Value) -> Result<(), ControlError> {
        self.0.lock().update(resource, id, object(fields), false)
    }

    /// Removes a row.
    pub fn delete(&self, resource: &str, id: &str) -> Result<(), ControlError> {
        self.0.lock().delete(resource, id)
    }

    /// All rows in order of insertion, as a list with every include shows them, and with their hidden fields.
    pub fn records(&self, resource: &str) -> Result<Vec<Value>, ControlError> {
        let position = known(resource)?;
        let state = self.0.lock();
        let table = state.store.table(position);
        let pieces = table.all_pieces();
        let row = |slot: &u32| {
            let mut text = Vec::new();
            table.write(table.row(*slot)?, &pieces, &mut text);
            serde_json::from_slice(&text).ok()
        };
        Ok(table.live().iter().filter_map(row).collect())
    }

    /// One row with every attribute, those of info included.
    pub fn record(&self, resource: &str, id: &str) -> Result<Option<Value>, ControlError> {
        let (position, id) = (known(resource)?, parsed(id)?);
        let state = self.0.lock();
        let table = state.store.table(position);
        let record = table.slot(id).and_then(|slot| table.record(&state.store.world, slot));
        Ok(record.map(|record| Value::Object(record.decoded())))
    }

    /// What rows do differently from what the resource promises; nothing, unless they were tampered with.
    pub fn violations(&self, resource: &str) -> Result<Vec<String>, ControlError> {
        let position = known(resource)?;
        let state = self.0.lock();
        let table = state.store.table(position);
        let records = table.live().iter().filter_map(|slot| table.record(&state.store.world, *slot));
        Ok(records.flat_map(|record| violations(table.resource.attributes, &record.decoded())).collect())
    }

    /// The number of rows.
    pub fn count(&self, resource: &str) -> Result<usize, ControlError> {
        Ok(self.0.lock().store.table(known(resource)?).len())
    }

    /// The time by the sandbox clock.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.lock().clock.now()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Sets the clock; it goes on from there.
    pub fn set_clock(&self, now: Timestamp) {
        self.0.lock().clock.set(now.as_millisecond());
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.lock().clock.advance(by);
    }

    /// Stops the clock, or lets it go on. It can be set and moved while it stands.
    pub fn freeze_clock(&self, frozen: bool) {
        self.0.lock().clock.freeze(frozen);
    }

    /// Lets something go wrong from now on.
    pub fn add_fault(&self, fault: Fault) {
        self.0.lock().faults.add(fault);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.0.lock().faults.clear();
    }

    /// Lets something happen between two requests.
    pub fn schedule(&self, scheduled: Scheduled) {
        self.0.lock().schedule.add(scheduled);
    }

    /// A fresh pair of tokens, as after a consent.
    pub fn issue_tokens(&self) -> TokenPair {
        let mut state = self.0.lock();
        let (scopes, account, now) = (state.switches.scopes.clone(), state.account, state.clock.now());
        state.grants.issue(scopes, account, now)
    }

    /// Ends all access tokens, as if their hour were over.
    pub fn expire_access_tokens(&self) {
        let mut state = self.0.lock();
        let now = state.clock.now();
        state.grants.expire_access(now);
    }

    /// Ends all refresh tokens, as when the integration is saved on the Marketplace.
    pub fn revoke_refresh_tokens(&self) {
        self.0.lock().grants.revoke_refresh();
    }

    /// Ends all tokens, as when the user uninstalls the integration.
    pub fn revoke_tokens(&self) {
        self.0.lock().grants.revoke_all();
    }

    /// The id of the account that tokens belong to.
    pub fn account(&self) -> Uuid {
        self.0.lock().account
    }

    /// Lets tokens belong to this account from now on, or to any other one. Returns its id.
    pub fn switch_account(&self, to: Option<Uuid>) -> Uuid {
        self.0.lock().switch_account(to)
    }

    /// The requests so far, the oldest first. Those under `/_sim/` are not among them.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.0.lock().log.requests()
    }

    /// Forgets requests and counters.
    pub fn clear_requests(&self) {
        self.0.lock().log.clear();
    }

    /// Sums over all requests.
    pub fn counters(&self) -> Counters {
        self.0.lock().log.counters.clone()
    }

    /// The URLs that are registered for webhooks.
    pub fn webhooks(&self) -> Vec<WebhookRegistration> {
        self.0.lock().webhooks.registrations()
    }

    /// The webhooks sent so far, the oldest first.
    pub fn webhook_messages(&self) -> Vec<WebhookMessage> {
        self.0.lock().webhooks.messages()
    }

    /// Forgets the webhooks sent so far. Registrations stay.
    pub fn clear_webhook_messages(&self) {
        self.0.lock().webhooks.forget_messages();
    }

    /// Sends any body to one URL, or to every registered one, whatever its types are.
    pub fn send_webhook(&self, url: Option<&str>, payload: &Value) {
        self.0.lock().send_webhook(url, payload);
    }

    /// Returns when no webhook is on its way.
    pub async fn webhooks_settled(&self) {
        let mut waiting = self.0.lock().webhooks.waiting();
        // An error means that the sandbox is gone, and with it what was on its way.
        let _ = waiting.wait_for(|waiting| *waiting == 0).await;
    }

    /// The switches as they are.
    pub fn switches(&self) -> Switches {
        self.0.lock().switches.clone()
    }

    /// Changes switches.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.0.lock().switches);
    }
}

fn object(fields: Value) -> Map<String, Value> {
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
