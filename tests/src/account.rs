//! An account of the app, played by its sandbox, with a connector that reads it into a store.
//!
//! ```no_run
//! use system_tests::{account::Account, store::Kind};
//!
//! let account = Account::with_records(30, Kind::Sqlite);
//! account.sync_well(["companies"]);
//! account.assert_same("companies");
//! ```

use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use serde_json::{Value, json};
use teamleader_sandbox::{Control, Options, Sandbox};
use tokio::runtime::{Builder, Runtime};

use crate::{
    binary::{Connector, Outcome, RunningConnector},
    browser::visit,
    store::{Kind, Store},
    streams::{list_path, resource},
};

/// What lists have only when it is asked for, and the connector does not ask: `stream`, pointer to the object, field.
/// Of events, what only the sandbox knows.
const NOT_ASKED_FOR: [(&str, &str, &str); 7] = [
    ("events", "", "_done"),
    ("companies", "", "price_list"),
    ("contacts", "", "price_list"),
    ("projects", "", "legacy_project"),
    ("invoices", "/total", "due_incasso_inclusive"),
    ("invoices", "/total", "fixed_late_fee"),
    ("invoices", "/total", "interest"),
];

/// The key of the vault, in every account's environment.
pub const VAULT_KEY: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=";

/// Runs something asynchronous; sandboxes and questions to databases share one runtime.
///
/// # Panics
/// When the runtime cannot be started.
pub fn block_on<F: Future>(future: F) -> F::Output {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let start = || Builder::new_multi_thread().worker_threads(1).enable_all().build();
    RUNTIME.get_or_init(|| start().expect("a thread and a socket")).block_on(future)
}

/// The sandbox, the connector that is pointed at it, and the store that it writes to.
#[derive(Debug)]
pub struct Account {
    sandbox: Sandbox,
    control: Control,
    store: Store,
    connector: Connector,
    /// The envelope that syncs are given: with a token, until somebody logs in.
    envelope: String,
}

impl Account {
    /// An account with so many records of each large resource, and no rate limit.
    pub fn with_records(records: usize, kind: Kind) -> Self {
        Self::new(Options::default().records(records).requests_per_minute(None), kind)
    }

    /// An account as these options make it.
    ///
    /// # Panics
    /// When the sandbox cannot be started.
    pub fn new(options: Options, kind: Kind) -> Self {
        let connector = Connector::new("tl-connector");
        let store = Store::new(kind, &connector.working_folder());
        Self::in_store(options, store, connector)
    }

    /// An account that is read into this store.
    ///
    /// # Panics
    /// When the sandbox cannot be started.
    pub fn in_store(options: Options, store: Store, connector: Connector) -> Self {
        let sandbox = block_on(Sandbox::start(options)).expect("a free port");
        let control = sandbox.control();
        let token = control.issue_tokens().access_token;
        let connector = connector
            .environment("TEAMLEADER_API_URL", sandbox.url())
            .environment("TEAMLEADER_AUTH_URL", sandbox.url())
            .environment("TEAMLEADER_CLIENT_ID", sandbox.client_id())
            .environment("TEAMLEADER_CLIENT_SECRET", sandbox.client_secret())
            .environment("TEAMLEADER_REQUESTS_PER_MINUTE", "0")
            .environment("CONNECTOR_STORE_URL", store.url())
            .environment("CONNECTOR_VAULT_KEY", VAULT_KEY);
        Self {
            sandbox,
            control,
            store,
            connector,
            envelope: json!({"auth": {"oauth": {"access_token": token}}}).to_string(),
        }
    }

    /// Sets a variable of the connector's environment, over one of the same name.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.connector = self.connector.environment(name, value);
        self
    }

    /// How long a run may take before it counts as one that hangs.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.connector = self.connector.time_limit(limit);
        self
    }

    /// Logs in, and lets syncs use the stored connection from now on.
    ///
    /// # Panics
    /// When the login fails.
    pub fn logged_in(mut self) -> Self {
        let outcome = self.login();
        assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
        self.control.clear_requests();
        "{}".clone_into(&mut self.envelope);
        self
    }

    /// Runs `login`, with somebody who agrees.
    ///
    /// # Panics
    /// When it asks nobody.
    pub fn login(&self) -> Outcome {
        let mut login = self.connector.start(["login", "--no-browser"]);
        let callback = follow_login(&mut login);
        visit(&callback);
        login.wait()
    }

    /// The connector.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// The sandbox.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The hand behind the sandbox's curtain.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The envelope that syncs are given.
    pub fn envelope(&self) -> &str {
        &self.envelope
    }

    fn sync_arguments<'a>(&'a self, arguments: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let mut all = vec!["sync", "--json", &self.envelope];
        all.extend(arguments);
        all
    }

    /// Runs `sync` with these arguments.
    pub fn sync<'a>(&'a self, arguments: impl IntoIterator<Item = &'a str>) -> Outcome {
        self.connector.run(self.sync_arguments(arguments))
    }

    /// Starts `sync` with these arguments in the background.
    pub fn start_sync<'a>(&'a self, arguments: impl IntoIterator<Item = &'a str>) -> RunningConnector {
        self.connector.start(self.sync_arguments(arguments))
    }

    /// Runs `sync` and returns its report.
    ///
    /// # Panics
    /// When it does not succeed.
    pub fn sync_well<'a>(&'a self, arguments: impl IntoIterator<Item = &'a str>) -> Value {
        let outcome = self.sync(arguments);
        let report = outcome.response();
        assert_eq!(report["status"], "succeeded", "{outcome:?}");
        report
    }

    /// What the sandbox has, as the lists show it to the connector.
    ///
    /// # Panics
    /// When there is no such stream.
    pub fn records(&self, stream: &str) -> BTreeMap<String, Value> {
        let records = self.control.records(resource(stream)).expect("a resource");
        records
            .into_iter()
            .map(|mut record| {
                for (_, pointer, field) in NOT_ASKED_FOR.iter().filter(|(of, ..)| *of == stream) {
                    if let Some(object) = record.pointer_mut(pointer).and_then(Value::as_object_mut) {
                        object.remove(*field);
                    }
                }
                (text(&record["id"]).to_owned(), record)
            })
            .collect()
    }

    /// The ids of a stream's records, in order of insertion.
    ///
    /// # Panics
    /// When there is no such stream.
    pub fn ids(&self, stream: &str) -> Vec<String> {
        let records = self.control.records(resource(stream)).expect("a resource");
        records.iter().map(|record| text(&record["id"]).to_owned()).collect()
    }

    /// Checks that the table has the sandbox's records, and no others.
    ///
    /// # Panics
    /// When it differs.
    pub fn assert_same(&self, stream: &str) {
        let (wanted, found) = (self.records(stream), self.store.documents(stream));
        let extra: Vec<_> = found.keys().filter(|id| !wanted.contains_key(*id)).collect();
        assert!(extra.is_empty(), "{stream} has rows that the app has not: {extra:?}");
        assert_has(stream, &wanted, &found);
    }

    /// Checks that the table has the sandbox's records; rows of records that are gone may be there too.
    ///
    /// # Panics
    /// When one is missing or differs.
    pub fn assert_nothing_lost(&self, stream: &str) {
        assert_has(stream, &self.records(stream), &self.store.documents(stream));
    }

    /// How many requests for a stream's list there were.
    pub fn requests(&self, stream: &str) -> usize {
        let path = list_path(stream);
        let requests = self.control.requests();
        requests.iter().filter(|request| request.path == path).count()
    }

    /// How many requests for tokens there were.
    pub fn token_requests(&self) -> usize {
        let requests = self.control.requests();
        let is_for_tokens = |path: &str| path == "/oauth2/access_token";
        requests.iter().filter(|request| is_for_tokens(&request.path)).count()
    }
}

/// Follows the address that a login prints, and returns where the app sends its visitor.
///
/// # Panics
/// When the app sends them nowhere.
pub fn follow_login(login: &mut RunningConnector) -> String {
    let address = login.wait_for_standard_error("/oauth2/authorize");
    let page = visit(address.trim());
    page.location.unwrap_or_else(|| panic!("the app does not redirect: {}", page.text))
}

/// The part of a sync's report that is about one stream.
///
/// # Panics
/// When there is none.
pub fn of_stream<'r>(report: &'r Value, stream: &str) -> &'r Value {
    report["streams"]
        .as_array()
        .and_then(|streams| streams.iter().find(|part| part["stream"] == stream))
        .unwrap_or_else(|| panic!("nothing about {stream} in {report}"))
}

/// A text in JSON.
///
/// # Panics
/// When it is none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn assert_has(stream: &str, wanted: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) {
    let missing: Vec<_> = wanted.keys().filter(|id| !found.contains_key(*id)).collect();
    assert!(
        missing.is_empty(),
        "{} of {} records of {stream} are missing: {missing:?}",
        missing.len(),
        wanted.len()
    );
    for (id, record) in wanted {
        assert_eq!(&found[id], record, "{stream} {id}: table left, app right");
    }
}
