//! Everything a running sandbox knows, behind one lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::catalog::position;
use crate::clock::Clock;
use crate::control::ControlError;
use crate::fault::Faults;
use crate::limiter::Limiter;
use crate::log::Log;
use crate::oauth::{Client, Grants};
use crate::options::Options;
use crate::random::mix;
use crate::schedule::{Action, Schedule};
use crate::store::Store;
use crate::switches::Switches;

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
        let (table, world) = self.store.table_mut(known(resource)?);
        Ok(table.insert(world, now, fields)?)
    }

    pub(crate) fn update(
        &mut self,
        resource: &str,
        id: &str,
        fields: Map<String, Value>,
        touch: bool,
    ) -> Result<(), ControlError> {
        let touched = touch.then(|| self.clock.seconds());
        let (table, world) = self.store.table_mut(known(resource)?);
        Ok(table.update(world, parsed(id)?, fields, touched)?)
    }

    pub(crate) fn delete(&mut self, resource: &str, id: &str) -> Result<(), ControlError> {
        let (table, _) = self.store.table_mut(known(resource)?);
        Ok(table.delete(parsed(id)?)?)
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
