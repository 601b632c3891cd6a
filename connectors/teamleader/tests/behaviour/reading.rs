//! Lists and single records.

use std::collections::BTreeSet;

use connector_core::stream::{FilterKind, StreamDeclaration};
use serde_json::{Value, json};
use teamleader_sandbox::Options;

use crate::{Connected, response};

/// Resource of a stream, as the sandbox calls it.
fn resource(stream: &str) -> &str {
    match stream {
        "custom_field_definitions" => "customFieldDefinitions",
        "legacy_projects" => "projects",
        "projects" => "projects-v2/projects",
        same => same,
    }
}

/// The streams that the sandbox plays.
fn played(connected: &Connected) -> impl Iterator<Item = &StreamDeclaration> {
    let streams = connected.integration.streams();
    streams.filter(|stream| connected.control.count(resource(stream.name)).is_ok())
}

#[tokio::test]
async fn every_list_is_read_to_its_end() {
    let connected = Connected::to(Options::default().records(130).requests_per_minute(None)).await;
    for stream in played(&connected) {
        let records = connected.all(stream.name, json!({})).await;
        let ids: BTreeSet<_> = records.iter().map(|record| record["id"].to_string()).collect();
        assert_eq!(ids.len(), connected.control.count(resource(stream.name)).unwrap(), "{}", stream.name);
    }
    assert!(connected.control.counters().ignored.is_empty(), "{:?}", connected.control.counters().ignored);
}

#[tokio::test]
async fn records_fit_their_schemas_and_bring_what_the_columns_promise() {
    let connected = Connected::to_small_account().await;
    for stream in played(&connected) {
        let capability = connected.integration.capability(&format!("list_{}", stream.name)).unwrap();
        let schema = capability.response_schema();
        let request = match stream.includes {
            [] => json!({}),
            includes => json!({"includes": includes}),
        };
        let answer = connected.call(capability.name(), request).await.unwrap();
        let records: Value = response(&answer);
        connector_core::schema::check(&schema, &records, "")
            .unwrap_or_else(|error| panic!("{}: {error}", stream.name));
        let declared = &schema["items"]["properties"];
        let records = records.as_array().unwrap().iter();
        for name in records.flat_map(|record| record.as_object().unwrap().keys()) {
            assert!(declared.get(name).is_some(), "{} has {name}, which no column is for", stream.name);
        }
    }
}

#[tokio::test]
async fn every_declared_filter_sort_and_include_is_known_to_teamleader() {
    let connected = Connected::to_small_account().await;
    for stream in played(&connected) {
        let capability = format!("list_{}", stream.name);
        for request in requests_with_each_part(stream) {
            let answer = connected.call(&capability, request.clone()).await;
            answer.unwrap_or_else(|error| panic!("{capability} {request}: {error}"));
        }
    }
    assert!(connected.control.counters().ignored.is_empty(), "{:?}", connected.control.counters().ignored);
}

fn requests_with_each_part(stream: &StreamDeclaration) -> Vec<Value> {
    let filters = stream.filters.iter().map(|filter| json!({"filter": {filter.name: example(filter.kind)}}));
    let sorts = stream.sorts.iter().map(|field| json!({"sort": [{"field": field, "order": "desc"}]}));
    let includes = stream.includes.iter().map(|include| json!({"includes": [include]}));
    filters.chain(sorts).chain(includes).collect()
}

fn example(kind: FilterKind) -> Value {
    const ID: &str = "8f1f3a52-6d3c-0b1e-9c57-2f6e1d4b7a90";
    match kind {
        FilterKind::Id => json!(ID),
        FilterKind::Ids | FilterKind::IdOrIds => json!([ID]),
        FilterKind::Texts => json!(["a"]),
        FilterKind::Boolean => json!(true),
        FilterKind::Date | FilterKind::DateOrNull => json!("2024-05-31"),
        FilterKind::DateTime => json!("2024-05-31T09:00:00.5Z"),
        FilterKind::OneOf(values) => json!(values[0]),
        FilterKind::SomeOf(values) => json!(values),
        FilterKind::Relation(types) => json!({"type": types[0], "id": ID}),
        FilterKind::Relations(types) => json!([{"type": types[0], "id": ID}]),
        FilterKind::Typed(types, name) => json!({"type": types[0], name: "a@example.com"}),
        _ => json!("a"),
    }
}

#[tokio::test]
async fn one_record_has_more_than_its_list_shows() {
    let connected = Connected::to_small_account().await;
    for stream in played(&connected) {
        let records = connected.all(stream.name, json!({})).await;
        let id = &records[0]["id"];
        let answer = connected.call(&format!("get_{}", stream.singular), json!({"id": id})).await.unwrap();
        assert_eq!(&response::<Value>(&answer)["id"], id, "{}", stream.name);
    }
    let companies = connected.all("companies", json!({})).await;
    let answer = connected.call("get_company", json!({"id": companies[0]["id"]})).await.unwrap();
    assert!(companies[0].get("remarks").is_none() && response::<Value>(&answer).get("remarks").is_some());
}

#[tokio::test]
async fn users_who_left_are_listed_unless_the_caller_asks_for_others() {
    let connected = Connected::to_small_account().await;
    let count =
        |records: Vec<Value>, status: &str| records.iter().filter(|user| user["status"] == status).count();
    let everybody = connected.all("users", json!({})).await;
    assert!(count(everybody, "deactivated") > 0);
    let active = connected.all("users", json!({"filter": {"status": ["active"]}})).await;
    assert_eq!(count(active, "deactivated"), 0);
}

#[tokio::test]
async fn an_empty_list_of_ids_finds_nothing_even_where_teamleader_ignores_it() {
    let connected = Connected::to_small_account().await;
    connected.control.switch(|switches| switches.empty_ids_ignored = true);
    let companies = connected.all("companies", json!({"filter": {"ids": []}})).await;
    assert!(companies.is_empty());
}

#[tokio::test]
async fn dates_are_written_as_the_strictest_endpoint_wants_them() {
    let connected = Connected::to_small_account().await;
    connected.control.switch(|switches| switches.strict_dates = true);
    for instant in ["2016-01-01T00:00:00Z", "2016-01-01T02:00:00.125+02:00"] {
        let deals = connected.all("deals", json!({"filter": {"updated_since": instant}})).await;
        assert_eq!(deals.len(), 30, "{instant}");
    }
}

#[tokio::test]
async fn whose_credentials_these_are() {
    let connected = Connected::to_small_account().await;
    let answer = connected.call("validate_credentials", json!({})).await.unwrap();
    let who: Value = response(&answer);
    assert_eq!(who["valid"], true);
    assert_eq!(who["unique_tenant_id"], connected.control.account().to_string());
    assert!(who["user"]["email"].is_string());
}
