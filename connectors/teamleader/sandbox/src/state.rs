//! Everything a running sandbox knows, behind one lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::catalog::{RESOURCES, position};
use crate::clock::Clock;
use crate::control::ControlError;
use crate::downloads::Downloads;
use crate::fault::Faults;
use crate::limiter::Limiter;
use crate::log::Log;
use crate::oauth::{Client, Grants};
use crate::options::Options;
use crate::random::mix;
use crate::schedule::{Action, Schedule};
use crate::store::Store;
use crate::switches::Switches;
use crate::webhooks::{Webhooks, events};

pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) switches: Switches,
    pub(crate) client: Client,
    pub(crate) grants: Grants,
    /// The account that tokens belong to.
    pub(crate) account: Uuid,
    pub(crate) limiter: Limiter,
    pub(crate) faults: Faults,
    pub(crate) schedule: Schedule,
    pub(crate) log: Log,
    pub(crate) webhooks: Webhooks,
    pub(crate) downloads: Downloads,
}

/// Requests are answered one after the other, which is what makes runs repeatable.
pub(crate) struct Shared(Mutex<State>);

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self(Mutex::new(state))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(crate) fn new(options: &Options) -> Self {
        let store = Store::generate(options);
        let switches = Switches { requests_per_minute: options.requests_per_minute, ..Switches::default() };
        let client = Client {
            id: format!("{:016x}{:016x}", mix(options.seed ^ 1), mix(options.seed ^ 2)),
            secret: format!("{:016x}{:016x}", mix(options.seed ^ 3), mix(options.seed ^ 4)),
        };
        Self {
            clock: Clock::real(),
            account: store.world.account,
            store,
            switches,
            client,
            grants: Grants::default(),
            limiter: Limiter::default(),
            faults: Faults::new(options.seed),
            schedule: Schedule::default(),
            log: Log::default(),
            webhooks: Webhooks::new(options.seed),
            downloads: Downloads::new(options.seed),
        }
    }

    pub(crate) fn act(&mut self, action: Action) -> Result<(), ControlError> {
        match action {
            Action::Insert { resource, fields } => self.insert(&resource, fields).map(|_| ()),
            Action::Update { resource, id, fields, touch } => self.update(&resource, &id, fields, touch),
            Action::Delete { resource, id } => self.delete(&resource, &id),
            Action::Advance { seconds } => {
                self.clock.advance(seconds.saturating_mul(1000));
                Ok(())
            }
            Action::ExpireTokens => {
                self.grants.expire_access(self.clock.now());
                Ok(())
            }
            Action::RevokeTokens => {
                self.grants.revoke_all();
                Ok(())
            }
            Action::SwitchAccount => {
                self.switch_account(None);
                Ok(())
            }
            Action::Fault(fault) => {
                self.faults.add(fault);
                Ok(())
            }
        }
    }

    pub(crate) fn insert(
        &mut self,
        resource: &str,
        fields: Map<String, Value>,
    ) -> Result<Uuid, ControlError> {
        let now = self.clock.seconds();
        let position = known(resource)?;
        let (table, world) = self.store.table_mut(position);
        let id = table.insert(world, now, fields)?;
        self.announce(position, None, self.heard(position, id).as_ref());
        Ok(id)
    }

    pub(crate) fn update(
        &mut self,
        resource: &str,
        id: &str,
        fields: Map<String, Value>,
        touch: bool,
    ) -> Result<(), ControlError> {
        let touched = touch.then(|| self.clock.seconds());
        let (position, id) = (known(resource)?, parsed(id)?);
        let before = self.heard(position, id);
        let (table, world) = self.store.table_mut(position);
        table.update(world, id, fields, touched)?;
        if touch {
            self.announce(position, before.as_ref(), self.heard(position, id).as_ref());
        }
        Ok(())
    }

    pub(crate) fn delete(&mut self, resource: &str, id: &str) -> Result<(), ControlError> {
        let (position, id) = (known(resource)?, parsed(id)?);
        let before = self.heard(position, id);
        let (table, _) = self.store.table_mut(position);
        table.delete(id)?;
        self.announce(position, before.as_ref(), None);
        Ok(())
    }

    /// The row as it is now, if there is anybody to hear of it.
    fn heard(&self, position: usize, id: Uuid) -> Option<Map<String, Value>> {
        if !self.webhooks.has_listeners() {
            return None;
        }
        let table = self.store.table(position);
        table.record(&self.store.world, table.slot(id)?).map(|record| record.decoded())
    }

    fn announce(
        &mut self,
        position: usize,
        before: Option<&Map<String, Value>>,
        after: Option<&Map<String, Value>>,
    ) {
        let now = self.clock.now();
        for event in events(RESOURCES[position], before, after) {
            self.webhooks.tell(&event.kind, &event.payload(self.account), &self.switches, now);
        }
    }

    /// To this URL, or to every registered one.
    pub(crate) fn send_webhook(&mut self, url: Option<&str>, payload: &Value) {
        let now = self.clock.now();
        let urls = match url {
            Some(url) => vec![url.to_owned()],
            None => self.webhooks.registrations().into_iter().map(|registration| registration.url).collect(),
        };
        for url in urls {
            self.webhooks.send(&url, payload, &self.switches, now);
        }
    }

    /// Another account, or any other one when none is named.
    pub(crate) fn switch_account(&mut self, to: Option<Uuid>) -> Uuid {
        self.account = to.unwrap_or_else(|| crate::data::id(self.account.as_u64_pair().0, "account", 1));
        self.account
    }
}

pub(crate) fn known(resource: &str) -> Result<usize, ControlError> {
    position(resource).ok_or_else(|| ControlError(format!("there is no resource `{resource}`")))
}

pub(crate) fn parsed(id: &str) -> Result<Uuid, ControlError> {
    Uuid::parse_str(id).map_err(|_| ControlError(format!("`{id}` is not a UUID")))
}
