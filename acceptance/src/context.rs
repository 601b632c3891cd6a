//! What every check works with: the connector, what it says about itself, its stand-in, records that it listed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;
use url::Url;

use crate::checks::Problem;
use crate::config::Config;
use crate::declared::Declared;
use crate::fault::Plan;
use crate::proxy::Proxy;
use crate::run::{Invocation, Run};
use crate::stand_in::{self, StandIn};
use crate::subject::Subject;
use crate::{schema, watch};

/// A value in places where it is refused, which nobody may repeat.
pub(crate) const POISON: &str = "poison-5d1c7e0a94";

pub(crate) const NO_ADDRESS: &str = "no setting holds the app's address, where the kit could stand";

/// Documents by stream, each in the order of their keys.
pub(crate) type Rows = BTreeMap<String, Vec<Value>>;

#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) subject: Subject,
    pub(crate) config: Config,
    pub(crate) declared: Declared,
    /// Why there is no stand-in, where there is none.
    pub(crate) stand_in: Result<StandIn, String>,
    pub(crate) settings: Map<String, Value>,
    pub(crate) auth: Option<Value>,
    /// Records by the capability that listed them.
    pub(crate) records: Mutex<BTreeMap<String, Listed>>,
    /// Rows by stream after a complete sync, with the requests that it took.
    pub(crate) synced: OnceCell<Result<(Rows, usize), Problem>>,
}

/// What a capability listed, page after page.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) records: Vec<Value>,
    pub(crate) page_size: usize,
}

/// Settings that lead through proxies, which work as long as this lives.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) settings: Map<String, Value>,
    pub(crate) proxies: Vec<Proxy>,
}

impl Route {
    pub(crate) fn faults(&self) -> usize {
        self.proxies.iter().map(Proxy::faults).sum()
    }

    pub(crate) fn requests(&self) -> usize {
        self.proxies.iter().map(Proxy::requests).sum()
    }
}

impl Context {
    /// An envelope that works: credentials and settings of the stand-in.
    pub(crate) fn envelope(&self, request: &Value) -> Value {
        self.envelope_with(request, &self.settings)
    }

    pub(crate) fn envelope_with(&self, request: &Value, settings: &Map<String, Value>) -> Value {
        let mut envelope = json!({"request": request, "settings": settings});
        if let Some(auth) = &self.auth {
            envelope["auth"] = auth.clone();
        }
        envelope
    }

    /// Runs a capability with an envelope.
    pub(crate) async fn call(&self, capability: &str, envelope: &Value) -> Run {
        self.subject.run(Invocation::of(capability).json(envelope)).await
    }

    /// A request that fits the schema, of the configuration or made up; records that were listed give the ids.
    pub(crate) fn request(&self, capability: &str) -> Value {
        if let Some(request) = self.config.requests.get(capability) {
            return self.filled(&Value::Object(request.clone()));
        }
        let schema = self.declared.argument(capability);
        let mut request = schema::sample(schema, schema);
        if !request.is_object() {
            request = json!({});
        }
        if let Some(record) = self.record_for(capability) {
            for (name, value) in request.as_object_mut().into_iter().flatten() {
                if let Some(known) = record.get(name).filter(|known| known.is_string() || known.is_number()) {
                    *value = known.clone();
                }
            }
        }
        request
    }

    /// Whether its request names records that other capabilities list.
    pub(crate) fn asks_for_records(&self, capability: &str) -> bool {
        let request = self.config.requests.get(capability).cloned().map(Value::Object);
        request.is_some_and(|request| request.to_string().contains("{list_"))
    }

    /// A record that the capability could be asked for.
    fn record_for(&self, capability: &str) -> Option<Value> {
        let list = self.declared.list_for(capability)?;
        self.listed(list).into_iter().next()
    }

    /// Whether the made-up request is about something that there is.
    pub(crate) fn request_is_real(&self, capability: &str) -> bool {
        self.config.requests.contains_key(capability) || self.record_for(capability).is_some()
    }

    /// Whether the capability can be asked for everything.
    pub(crate) fn request_is_empty(&self, capability: &str) -> bool {
        self.request(capability).as_object().is_none_or(Map::is_empty)
    }

    pub(crate) fn listed(&self, list: &str) -> Vec<Value> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.get(list).map(|listed| listed.records.clone()).unwrap_or_default()
    }

    /// The size of the pages that it was listed in.
    pub(crate) fn page_size(&self, list: &str) -> usize {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.get(list).map_or(1, |listed| listed.page_size)
    }

    pub(crate) fn keep(&self, list: &str, listed: Listed) {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).insert(list.to_owned(), listed);
    }

    /// The same with every `{list_things.0.id}` replaced by what it stands for.
    pub(crate) fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.known(text).unwrap_or_else(|| Value::String(self.filled_text(text))),
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(name, value)| (name.clone(), self.filled(value))).collect())
            }
            other => other.clone(),
        }
    }

    /// Every such place inside a text.
    pub(crate) fn filled_text(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { break };
            filled.push_str(before);
            match self.known(&format!("{{{name}}}")) {
                Some(Value::String(value)) => filled.push_str(&value),
                Some(value) => filled.push_str(&value.to_string()),
                None => filled.extend(["{", name, "}"]),
            }
            rest = behind;
        }
        filled + rest
    }

    /// The value that a text in braces stands for.
    fn known(&self, text: &str) -> Option<Value> {
        let mut parts = text.strip_prefix('{')?.strip_suffix('}')?.split('.');
        let (list, position) = (parts.next()?, parts.next()?.parse::<usize>().ok()?);
        let record = self.listed(list).into_iter().nth(position)?;
        parts.try_fold(record, |value, part| match &value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?).cloned(),
            value => value.get(part).cloned(),
        })
    }

    /// Settings of this machine's addresses: those that the configuration names, else all that hold one.
    pub(crate) fn addresses(&self) -> Vec<(String, Url)> {
        let mut found = stand_in::addresses(&self.settings);
        if let Some(named) = &self.config.addresses {
            found.retain(|(name, _)| named.contains(name));
        }
        found
    }

    /// Puts proxies between the connector and the stand-in.
    pub(crate) async fn route(&self, plan: Plan) -> Result<Route, Problem> {
        let addresses = self.addresses();
        if addresses.is_empty() {
            return Err(Problem::wants("addresses", NO_ADDRESS));
        }
        let mut route = Route { settings: self.settings.clone(), proxies: Vec::new() };
        let mut fronts: BTreeMap<String, String> = BTreeMap::new();
        for (name, address) in addresses {
            let origin = address.origin().ascii_serialization();
            if !fronts.contains_key(&origin) {
                let proxy = Proxy::before(address.clone(), plan)
                    .await
                    .map_err(|error| Problem::failed(format!("the proxy cannot listen: {error}")))?;
                fronts.insert(origin.clone(), proxy.origin());
                route.proxies.push(proxy);
            }
            let value = self.settings[&name].as_str().unwrap_or_default();
            route.settings.insert(name, value.replacen(&origin, &fronts[&origin], 1).into());
        }
        Ok(route)
    }

    /// Has the watch look for everything in the settings and the credentials that is a secret.
    pub(crate) fn watch_secrets(&self) {
        note_secrets(
            &self.subject.watch,
            &self.declared.settings,
            &Value::Object(self.settings.clone()),
            "a setting",
        );
        if let Some(auth) = &self.auth {
            note_secrets(&self.subject.watch, &self.declared.authentication, auth, "a credential");
        }
        for capability in self.declared.capabilities.iter().filter(|name| self.declared.tells_secrets(name)) {
            self.subject.watch.tells_secrets(capability);
        }
        self.subject.watch.value(POISON);
    }
}

/// What a schema marks as secret, or what its name says to be one.
pub(crate) fn note_secrets(watch: &watch::Watch, schema: &Value, value: &Value, called: &str) {
    for (path, _) in schema::secret_properties(schema, schema) {
        if let Some(secret) = value.pointer(&path).and_then(Value::as_str) {
            watch.secret(&format!("{called} ({path})"), secret);
        }
    }
}
