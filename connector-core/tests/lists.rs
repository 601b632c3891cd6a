//! Lists that are declared and not written, and requests in one line, over real HTTP.

#![expect(clippy::unwrap_used, reason = "what tests share may fail as they do")]

use std::collections::HashMap;
use std::sync::Arc;

use connector_core::capability::Capability;
use connector_core::dispatch::dispatch;
use connector_core::envelope::{Answer, RequestEnvelope};
use connector_core::host::{Host, NoHost};
use connector_core::integration::{Integration, IntegrationBuilder};
use connector_core::settings::ServerUrl;
use connector_core::stream::{Filter, FilterKind, List, Stream};
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

    async fn answer(&self, capability: &str, envelope: Value) -> Result<Answer> {
        let mut envelope = RequestEnvelope::parse(&envelope.to_string())?;
        envelope.settings.insert("api_url".into(), format!("{}/v1", self.server.uri()).into());
        let host: Arc<dyn Host> = Arc::new(NoHost);
        dispatch(&self.integration, capability, envelope, &host).await
    }

    async fn call(&self, capability: &str, envelope: Value) -> Result<(Value, Option<String>)> {
        let answer = self.answer(capability, envelope).await?;
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
async fn pages_are_asked_for_by_number_until_one_is_empty() {
    let app = App::listing(List::at("things").records("/data").numbered("page", 100).sized("per_page")).await;
    app.page(&[("page", "1"), ("per_page", "2")], json!({"data": things(&["a", "b"])})).await;
    app.page(&[("page", "2"), ("per_page", "2")], json!({"data": things(&["c"])})).await;
    app.page(&[("page", "3"), ("per_page", "2")], json!({"data": things(&[])})).await;
    assert_eq!(app.ids(2).await, ["a", "b", "c"]);
}

/// Ids of so many records.
fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

impl App {
    /// So many records in pages of what `size` makes of the size that is asked for, as an app counts them that gives
    /// fewer than it is asked for.
    async fn paged(&self, count: usize, size: impl Fn(Option<usize>) -> usize + Send + Sync + 'static) {
        let answer = move |request: &wiremock::Request| {
            let asked: HashMap<_, _> = request.url.query_pairs().collect();
            let number = |name: &str| asked.get(name).map(|text| text.parse::<usize>().unwrap());
            let size = size(number("per_page"));
            let start = number("skip").unwrap_or_else(|| (number("page").unwrap_or(1) - 1) * size);
            let records: Vec<_> =
                (start..count.min(start + size)).map(|id| json!({"id": id.to_string()})).collect();
            ResponseTemplate::new(200).set_body_json(json!({"data": records, "meta": {"total": count}}))
        };
        Mock::given(method("GET")).and(path("/v1/things")).respond_with(answer).mount(&self.server).await;
    }

    async fn requests(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        requests.iter().map(|request| request.url.query().unwrap_or_default().to_owned()).collect()
    }
}

fn data() -> List {
    List::at("things").records("/data")
}

#[tokio::test]
async fn an_app_that_gives_smaller_pages_than_it_is_asked_for_is_listed_to_its_end() {
    for list in [
        data().numbered("page", 100).sized("per_page"),
        data().numbered("page", 100).sized("per_page").total("/meta/total"),
        data().offset("skip", 100).sized("per_page"),
        data().offset("skip", 100).sized("per_page").total("/meta/total"),
    ] {
        for size in [30, 50, 60, 100, 500] {
            let app = App::listing(list).await;
            app.paged(230, |asked| asked.unwrap().min(50)).await;
            assert_eq!(app.ids(size).await, numbered(230), "{list:?}, {size}");
        }
    }
}

#[tokio::test]
async fn a_total_that_is_reached_is_the_end() {
    let app = App::listing(data().numbered("page", 100).sized("per_page").total("/meta/total")).await;
    app.paged(200, Option::unwrap).await;
    assert_eq!((app.ids(100).await.len(), app.requests().await.len()), (200, 2));
}

#[tokio::test]
async fn an_app_with_one_size_of_pages_is_asked_for_that_alone() {
    let app = App::listing(data().numbered("page", 100).sized("per_page").one_size()).await;
    app.paged(230, |asked| asked.filter(|size| *size == 100).unwrap()).await;
    assert_eq!(app.ids(30).await, numbered(230));
    let app = App::listing(data().offset("skip", 100).sized("per_page").one_size()).await;
    app.paged(230, |asked| asked.filter(|size| *size == 100).unwrap()).await;
    assert_eq!(app.ids(30).await, numbered(230));
    assert!(app.requests().await.iter().all(|query| query.contains("per_page=100")));
}

#[tokio::test]
async fn an_app_that_takes_no_size_is_listed_in_its_own() {
    for list in [data().numbered("page", 50), data().offset("skip", 50)] {
        for size in [20, 50, 100] {
            let app = App::listing(list).await;
            app.paged(230, |_| 50).await;
            assert_eq!(app.ids(size).await, numbered(230), "{list:?}, {size}");
        }
    }
    let app = App::listing(data().numbered("page", 50)).await;
    app.paged(230, |_| 50).await;
    let answer = app.answer("list_things", json!({"page": {"size": 20}})).await.unwrap();
    assert_eq!(answer.page.unwrap().size, 50, "what the app gives and not what was wished for");
}

#[tokio::test]
async fn an_app_that_does_not_page_is_listed_once() {
    let app = App::listing(data().numbered("page", 100).sized("per_page")).await;
    app.page(&[], json!({"data": things(&["a", "b"])})).await;
    assert_eq!(app.ids(100).await, ["a", "b"]);
    assert_eq!(app.ids(1).await, ["a", "b"]);
}

#[tokio::test]
async fn the_size_of_pages_stays_as_it_was_wished_for() {
    let app = App::listing(data().numbered("page", 100).sized("per_page")).await;
    app.paged(230, Option::unwrap).await;
    let (_, token) = app.call("list_things", json!({"page": {"size": 500}})).await.unwrap();
    for size in [json!(500), json!(100), Value::Null] {
        let envelope = json!({"page": {"size": size, "token": token}});
        assert_eq!(app.call("list_things", envelope).await.unwrap().0[0]["id"], "100");
    }
    let other = app.call("list_things", json!({"page": {"size": 50, "token": token}})).await.unwrap_err();
    assert_eq!(other.code(), ErrorCode::InvalidPageToken);
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

#[test]
fn a_place_that_is_no_json_pointer_is_found_when_building() {
    let built = |list: List| {
        let stream = Stream::list::<Thing>("things", "thing", list);
        builder().base_url(|settings: &Settings| settings.api_url.clone()).stream(stream).build()
    };
    for (list, what, right) in [
        (List::at("things").records("data.items"), "records", "/data/items"),
        (data().total("meta/total"), "total", "/meta/total"),
        (data().token("cursor", "next", 50), "next page", "/next"),
        (data().linked("$.links.next", 50), "next page", "/links/next"),
    ] {
        let error = built(list).err().unwrap().to_string();
        assert!(error.contains(what) && error.contains(&format!("write `{right}`")), "{error}");
    }
    assert!(built(data().linked("/links/next", 50)).is_ok());
    let stream = Stream::list::<Thing>("things", "thing", data()).get_at("things", "data");
    let error = builder().stream(stream).base_url(|settings| settings.api_url.clone()).build().err().unwrap();
    assert!(error.to_string().contains("single record"), "{error}");
}

#[tokio::test]
async fn the_places_of_a_list_may_be_items_and_have_any_name() {
    let list = List::at("things").records("/0/a~1b").token("cursor", "/1/next", 50);
    let app = App::listing(list).await;
    app.page(&[("cursor", "n2")], json!([{"a/b": things(&["b"])}, {}])).await;
    app.page(&[], json!([{"a/b": things(&["a"])}, {"next": "n2"}])).await;
    assert_eq!(app.ids(50).await, ["a", "b"]);
}

#[tokio::test]
async fn what_a_stream_says_of_itself_is_what_callers_and_syncs_find() {
    let stream = Stream::list::<Thing>("things", "thing", data())
        .key(&["order", "number"])
        .filters([Filter::new("status", FilterKind::OneOf(&["open", "done"]))])
        .changed_since("since")
        .sorts(&["number"])
        .only_when_named();
    let app = App::of(builder().stream(stream)).await;
    let declared = app.integration.streams().next().unwrap();
    assert_eq!(declared.key, ["order", "number"]);
    let envelope = |request: Value| json!({"request": request});
    app.page(&[("status", "open")], json!({"data": [{"order": "o", "number": 1}]})).await;
    let open = app.call("list_things", envelope(json!({"filter": {"status": "open"}}))).await.unwrap();
    assert_eq!(open.0[0]["order"], "o");
    for wrong in [
        json!({"filter": {"status": "lost"}}),
        json!({"filter": {"since": 5}}),
        json!({"filter": {"colour": "red"}}),
        json!({"sort": [{"field": "order"}]}),
    ] {
        let error = app.call("list_things", envelope(wrong)).await.unwrap_err();
        assert!(error.message().starts_with("/request/"), "{error}");
    }
    assert!(!declared.synced_by_default);
}
