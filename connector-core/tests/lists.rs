//! Lists that are declared and not written, and requests in one line, over real HTTP.

#![expect(clippy::unwrap_used, reason = "what tests share may fail as they do")]

use std::sync::Arc;

use connector_core::capability::Capability;
use connector_core::dispatch::dispatch;
use connector_core::envelope::RequestEnvelope;
use connector_core::host::{Host, NoHost};
use connector_core::integration::{Integration, IntegrationBuilder};
use connector_core::settings::ServerUrl;
use connector_core::stream::{List, Stream};
use connector_core::{Call, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wiremock::matchers::{any, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[derive(Deserialize, JsonSchema)]
struct Settings {
    api_url: ServerUrl,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Thing {
    id: String,
}

/// An app, and a connector with one declared list of it.
struct App {
    server: MockServer,
    integration: Arc<Integration>,
}

impl App {
    async fn listing(list: List) -> Self {
        let stream =
            Stream::list::<Thing>("things", "thing", list).changed_since("since").get_at("things", "/data");
        Self::of(builder().stream(stream)).await
    }

    async fn of(builder: IntegrationBuilder<Settings>) -> Self {
        let builder = builder.base_url(|settings| settings.api_url.clone());
        Self { server: MockServer::start().await, integration: Arc::new(builder.build().unwrap()) }
    }

    async fn page(&self, parameters: &[(&str, &str)], body: Value) {
        let mut mock = Mock::given(method("GET")).and(path("/v1/things"));
        for (name, value) in parameters {
            mock = mock.and(query_param(*name, *value));
        }
        mock.respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&self.server).await;
    }

    async fn call(&self, capability: &str, envelope: Value) -> Result<(Value, Option<String>)> {
        let mut envelope = RequestEnvelope::parse(&envelope.to_string())?;
        envelope.settings.insert("api_url".into(), format!("{}/v1", self.server.uri()).into());
        let host: Arc<dyn Host> = Arc::new(NoHost);
        let answer = dispatch(&self.integration, capability, envelope, &host).await?;
        Ok((serde_json::from_str(answer.response.get()).unwrap(), answer.page.map(|page| page.token)))
    }

    /// Ids of all pages.
    async fn ids(&self, size: u32) -> Vec<String> {
        let (mut ids, mut token) = (Vec::new(), None);
        loop {
            let envelope = json!({"page": {"size": size, "token": token}});
            let (records, next) = self.call("list_things", envelope).await.unwrap();
            ids.extend(
                records.as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().to_owned()),
            );
            match next {
                Some(next) => token = Some(next),
                None => return ids,
            }
        }
    }
}

fn builder() -> IntegrationBuilder<Settings> {
    Integration::builder("example", "1")
}

fn things(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"id": id})).collect()
}

#[tokio::test]
async fn pages_are_asked_for_by_number_until_one_is_not_full() {
    let app = App::listing(List::at("things").records("/data").numbered("page", 100).sized("per_page")).await;
    app.page(&[("page", "1"), ("per_page", "2")], json!({"data": things(&["a", "b"])})).await;
    app.page(&[("page", "2"), ("per_page", "2")], json!({"data": things(&["c"])})).await;
    assert_eq!(app.ids(2).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn pages_are_asked_for_by_what_lies_before_them() {
    let app = App::listing(List::at("things").offset("skip", 2)).await;
    app.page(&[("skip", "0")], things(&["a", "b"])).await;
    app.page(&[("skip", "2")], things(&[])).await;
    assert_eq!(app.ids(2).await, ["a", "b"]);
}

#[tokio::test]
async fn a_token_of_a_page_asks_for_the_next() {
    let app = App::listing(List::at("things").records("/list/items").token("cursor", "/list/next", 50)).await;
    app.page(&[("cursor", "n/2")], json!({"list": {"items": things(&["b"]), "next": null}})).await;
    app.page(&[], json!({"list": {"items": things(&["a"]), "next": "n/2"}})).await;
    assert_eq!(app.ids(50).await, ["a", "b"]);
}

#[tokio::test]
async fn a_page_may_name_the_address_of_the_next_on_its_own_server_only() {
    let app = App::listing(List::at("things").records("/data").linked("/next", 50)).await;
    app.page(&[("p", "2")], json!({"data": things(&["b"])})).await;
    let next = format!("{}/v1/things?p=2", app.server.uri());
    app.page(&[], json!({"data": things(&["a"]), "next": next})).await;
    assert_eq!(app.ids(50).await, ["a", "b"]);

    let app = App::listing(List::at("things").records("/data").linked("/next", 50)).await;
    app.page(&[], json!({"data": things(&["a"]), "next": "https://elsewhere.example.com/"})).await;
    let (_, token) = app.call("list_things", json!({})).await.unwrap();
    let error = app.call("list_things", json!({"page": {"token": token}})).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidResponse);
    assert_eq!(app.server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn filters_are_parameters_and_one_record_is_read_by_its_id() {
    let app = App::listing(List::at("things").records("/data")).await;
    app.page(&[("since", "2026-01-02T03:04:05Z")], json!({"data": things(&["a"])})).await;
    let (records, _) = app
        .call("list_things", json!({"request": {"filter": {"since": "2026-01-02T03:04:05Z"}}}))
        .await
        .unwrap();
    assert_eq!(records, things(&["a"]));
    let one = Mock::given(path("/v1/things/a%2Fb"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"data": {"id": "a/b"}})));
    one.mount(&app.server).await;
    assert_eq!(
        app.call("get_thing", json!({"request": {"id": "a/b"}})).await.unwrap().0,
        json!({"id": "a/b"})
    );
}

#[tokio::test]
async fn an_answer_without_records_is_never_an_empty_page() {
    for body in [json!({"data": null}), json!({"data": {}}), json!([]), json!({})] {
        let app = App::listing(List::at("things").records("/data").numbered("page", 2)).await;
        app.page(&[], body.clone()).await;
        let error = app.call("list_things", json!({})).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidResponse, "{body}");
        assert!(error.message().contains("`/data`"), "{error}");
    }
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

async fn make(call: Call<Settings>, _: Nothing) -> Result<Thing> {
    call.post("things").json(&json!({"name": "x"})).read().await
}

#[tokio::test]
async fn what_changes_something_is_sent_once_and_its_answer_is_typed() {
    let maker = || builder().capability(Capability::new("make", make).writes());
    let app = App::of(maker()).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(502)).mount(&app.server).await;
    assert_eq!(app.call("make", json!({})).await.unwrap_err().code(), ErrorCode::BadGateway);
    assert_eq!(app.server.received_requests().await.unwrap().len(), 1);

    let app = App::of(maker()).await;
    Mock::given(method("POST"))
        .and(wiremock::matchers::body_json(json!({"name": "x"})))
        .respond_with(ResponseTemplate::new(201).set_body_json(json!({"id": 5})))
        .mount(&app.server)
        .await;
    let error = app.call("make", json!({})).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (ErrorCode::InvalidResponse, "the answer is not what was expected at `id`")
    );
}

#[test]
fn a_list_below_an_address_that_nobody_declared_is_found_when_building() {
    let stream = Stream::list::<Thing>("things", "thing", List::at("things"));
    let error = builder().stream(stream).build().err().unwrap().to_string();
    assert!(error.contains("`things`") && error.contains(".base_url("), "{error}");
}
