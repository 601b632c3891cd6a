//! An app with companies, their notes, and users, as a connector declares it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use connector_core::call::Call;
use connector_core::capability::{Capability, names};
use connector_core::custom_fields::CustomFields;
use connector_core::dispatch::dispatch;
use connector_core::envelope::{Answer, Outcome, RequestEnvelope};
use connector_core::host::Host;
use connector_core::integration::Integration;
use connector_core::stream::{
    ColumnType, Filter, FilterKind, PageRequest, Paging, Parent, RecordPage, Stream, Walk,
};
use connector_core::sync::{Sink, SinkTarget};
use connector_core::{ConnectorError, ErrorCode, Result};
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::memory::MemorySink;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of interest")]
struct Company {
    id: String,
    name: Option<String>,
    lines: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of interest")]
struct Note {
    id: String,
    text: Option<String>,
}

/// What the app has, and what was asked of it.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) companies: BTreeMap<String, Value>,
    pub(crate) notes: BTreeMap<String, (String, Value)>,
    pub(crate) users: Vec<Value>,
    /// Records in a page of companies, where that is fewer than are asked for.
    pub(crate) most_in_a_page: Option<usize>,
    /// Ids that lists leave out although they are there.
    pub(crate) hidden: Vec<String>,
    /// Single records have lines that their list does not tell of.
    pub(crate) more_lines: bool,
    /// Companies whose notes are forbidden.
    pub(crate) forbidden_parents: Vec<String>,
    /// Single records are unknown to the app, although its lists have them.
    pub(crate) forgetful: bool,
    /// Streams that are forbidden.
    pub(crate) forbidden: Vec<&'static str>,
    pub(crate) requests: Vec<String>,
    /// The id of the account.
    pub(crate) id: String,
}

#[derive(serde::Deserialize, JsonSchema)]
struct Nothing {}

#[derive(serde::Serialize, JsonSchema)]
struct Who {
    unique_tenant_id: String,
}

#[derive(Clone, Default)]
pub(crate) struct App {
    account: Arc<Mutex<Account>>,
    pub(crate) sink: MemorySink,
}

#[derive(serde::Deserialize, JsonSchema)]
struct Settings {}

/// Nobody says that a user is no definition of a field.
const CUSTOM_FIELDS: CustomFields =
    CustomFields { definitions: "users", field: "fields", column: |_| (ColumnType::Text, None) };

impl App {
    /// An account with so many companies, `c000` and on.
    pub(crate) fn with_companies(count: usize) -> Self {
        let app = Self::default();
        for number in 0..count {
            app.put_company(&format!("c{number:03}"), "a");
        }
        app
    }

    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().expect("no test panics while it holds the lock")
    }

    pub(crate) fn put_company(&self, id: &str, name: &str) {
        self.account().companies.insert(id.into(), json!({"id": id, "name": name}));
    }

    pub(crate) fn put_note(&self, id: &str, company: &str) {
        self.account().notes.insert(id.into(), (company.into(), json!({"id": id, "text": "t"})));
    }

    /// Requests since the last time that somebody asked.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.account().requests)
    }

    pub(crate) async fn sync(&self, request: Value) -> Value {
        self.run("sync", request).await.0
    }

    /// The answer of a capability and the exit code of its outcome.
    pub(crate) async fn run(&self, capability: &str, request: Value) -> (Value, u8) {
        let answer = self.try_run(capability, request).await.expect("the run has an answer");
        let code = match answer.outcome {
            Outcome::ExitCode(code) => code,
            _ => 0,
        };
        (serde_json::from_str(answer.response.get()).expect("an answer is JSON"), code)
    }

    pub(crate) async fn try_run(&self, capability: &str, request: Value) -> Result<Answer> {
        let host: Arc<dyn Host> = Arc::new(TestHost(self.sink.clone()));
        let envelope = RequestEnvelope::parse(&json!({"request": request}).to_string())?;
        dispatch(&Arc::new(self.integration()), capability, envelope, &host).await
    }

    fn integration(&self) -> Integration {
        Integration::builder::<Settings>("example", "1")
            .streams([self.companies(), self.notes(), self.users()])
            .custom_fields(CUSTOM_FIELDS)
            .capability(self.who())
            .build()
            .expect("the declaration is sound")
    }

    fn who(&self) -> Capability<Settings> {
        let app = self.clone();
        Capability::new(names::VALIDATE_CREDENTIALS, move |_: Call<Settings>, _: Nothing| {
            let app = app.clone();
            async move {
                app.asked("account", "who".into())?;
                Ok(Who { unique_tenant_id: app.account().id.clone() })
            }
        })
    }

    fn companies(&self) -> Stream<Settings> {
        const FILTERS: &[Filter] = &[Filter::new("ids", FilterKind::Ids)];
        let (of_list, of_get) = (self.clone(), self.clone());
        Stream::new::<Company, _, _>(
            "companies",
            "company",
            move |_: Call<Settings>, request: PageRequest| {
                let app = of_list.clone();
                async move { app.list_companies(&request) }
            },
        )
        .declare(|stream| {
            stream.paging = Paging::Number { largest: 10, any_size: true };
            stream.walk = Walk::Pages { sort: None };
            stream.filters = FILTERS;
            stream.ids = Some("ids");
            stream.custom_field_contexts = &["company"];
            stream.details = true;
        })
        .get(move |_, id| {
            let app = of_get.clone();
            async move { app.get_company(&id) }
        })
    }

    fn notes(&self) -> Stream<Settings> {
        const FILTERS: &[Filter] = &[Filter::new("subject", FilterKind::Relation(&["company"])).required()];
        const PARENTS: &[Parent] = &[Parent {
            stream: "companies",
            id: "id",
            only: None,
            filter: "subject",
            entity: Some("company"),
            column: "subject",
        }];
        let app = self.clone();
        Stream::new::<Note, _, _>("notes", "note", move |_: Call<Settings>, request: PageRequest| {
            let app = app.clone();
            async move { app.list_notes(&request) }
        })
        .declare(|stream| {
            stream.filters = FILTERS;
            stream.parents = PARENTS;
            stream.custom_field_contexts = &["note"];
        })
    }

    fn users(&self) -> Stream<Settings> {
        let app = self.clone();
        Stream::new::<Note, _, _>("users", "user", move |_: Call<Settings>, _: PageRequest| {
            let app = app.clone();
            async move {
                app.asked("users", "users".into())?;
                Ok(RecordPage {
                    records: app.account().users.iter().map(raw).collect(),
                    ..RecordPage::default()
                })
            }
        })
    }

    fn asked(&self, stream: &'static str, request: String) -> Result<()> {
        let mut account = self.account();
        account.requests.push(request);
        if account.forbidden.contains(&stream) {
            return Err(ConnectorError::new(ErrorCode::PermissionDenied, "no such module"));
        }
        Ok(())
    }

    fn list_companies(&self, request: &PageRequest) -> Result<RecordPage> {
        let ids = request.filter.get("ids").and_then(Value::as_array);
        self.asked(
            "companies",
            if ids.is_some() { "ids".into() } else { format!("page {}", request.number) },
        )?;
        let account = self.account();
        let is_asked = |id: &String| match ids {
            Some(ids) => ids.iter().any(|wanted| wanted == id),
            None => !account.hidden.contains(id),
        };
        let all: Vec<_> = account.companies.iter().filter(|(id, _)| is_asked(id)).collect();
        let size = account.most_in_a_page.unwrap_or(usize::MAX).min(request.size as usize);
        let page = all.into_iter().skip((request.number as usize - 1) * size).take(size);
        Ok(RecordPage { records: page.map(|(_, company)| raw(company)).collect(), ..RecordPage::default() })
    }

    fn get_company(&self, id: &str) -> Result<Box<RawValue>> {
        self.asked("companies", format!("get {id}"))?;
        let account = self.account();
        let Some(company) = account.companies.get(id).filter(|_| !account.forgetful) else {
            return Err(ConnectorError::new(ErrorCode::NotFound, "no such company"));
        };
        let mut company = company.clone();
        company["lines"] = if account.more_lines { json!(["one", "two"]) } else { json!(["one"]) };
        Ok(raw(&company))
    }

    fn list_notes(&self, request: &PageRequest) -> Result<RecordPage> {
        let company = request.filter["subject"]["id"].as_str().expect("the filter is required").to_owned();
        self.asked("notes", format!("notes of {company}"))?;
        let account = self.account();
        if account.forbidden_parents.contains(&company) {
            return Err(ConnectorError::new(ErrorCode::PermissionDenied, "not for you"));
        }
        if !account.companies.contains_key(&company) {
            return Err(ConnectorError::new(ErrorCode::NotFound, "no such company"));
        }
        let of_company = account.notes.values().filter(|(owner, _)| *owner == company);
        Ok(RecordPage { records: of_company.map(|(_, note)| raw(note)).collect(), ..RecordPage::default() })
    }
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("a value is JSON")
}

/// Lends the sink and nothing else.
struct TestHost(MemorySink);

impl Host for TestHost {
    fn sink<'a>(&'a self, _: &'a SinkTarget) -> BoxFuture<'a, Result<Arc<dyn Sink>>> {
        let sink: Arc<dyn Sink> = Arc::new(self.0.clone());
        Box::pin(async { Ok(sink) })
    }
}
