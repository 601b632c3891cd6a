//! Lists and single records.

use std::collections::BTreeSet;

use connector_core::stream::{Filter, FilterKind, Parent, StreamDeclaration};
use serde_json::{Map, Value, json};
use teamleader_sandbox::Options;

use crate::{Connected, response};

/// Resource of a stream, as the sandbox calls it.
fn resource(stream: &str) -> String {
    let name = match stream {
        "days_off" => "users.daysOff",
        "incoming_credit_note_payments" => "incomingCreditNotes.payments",
        "incoming_invoice_payments" => "incomingInvoices.payments",
        "legacy_projects" => "projects",
        "legacy_tasks" => "tasks",
        "receipt_payments" => "receipts.payments",
        "ticket_messages" => "tickets.messages",
        "ticket_statuses" => "ticketStatus",
        "materials" | "project_groups" | "project_lines" | "projects" | "tasks" => {
            return format!("projects-v2/{}", camel_case(stream));
        }
        same => return camel_case(same),
    };
    name.to_owned()
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

/// The streams that the sandbox has such rows for: webhooks come by being registered, and the rows of user schedules are
/// made up there.
fn with_rows(connected: &Connected) -> impl Iterator<Item = &StreamDeclaration> {
    let streams = connected.integration.streams();
    streams.filter(|stream| !["user_schedules", "webhooks"].contains(&stream.name))
}

/// The filters that list all of a stream: none, or one for each parent and each value that the list insists on.
async fn filters_for_all(connected: &Connected, stream: &StreamDeclaration) -> Vec<Map<String, Value>> {
    let mut filters = vec![Map::new()];
    if let Some(each) = stream.each {
        let values: Vec<Value> = each.values.iter().map(|value| json!(value)).collect();
        filters = with_each(&filters, each.filter, &values);
    }
    let mut with_parents = Vec::new();
    for parent in stream.parents {
        let ids = parents(connected, parent).await;
        let value = |id| match parent.entity {
            Some(entity) => json!({"type": entity, "id": id}),
            None => id,
        };
        let values: Vec<Value> = ids.into_iter().map(value).collect();
        with_parents.extend(with_each(&filters, parent.filter, &values));
    }
    if stream.parents.is_empty() { filters } else { with_parents }
}

fn with_each(filters: &[Map<String, Value>], name: &str, values: &[Value]) -> Vec<Map<String, Value>> {
    let pairs = values.iter().flat_map(|value| filters.iter().map(move |filter| (filter.clone(), value)));
    let joined = pairs.map(|(mut filter, value)| {
        filter.insert(name.to_owned(), value.clone());
        filter
    });
    joined.collect()
}

/// What the parents have in the column that the list asks for.
async fn parents(connected: &Connected, parent: &Parent) -> Vec<Value> {
    let records = connected.all(parent.stream, json!({})).await;
    let has = |record: &Value| parent.only.is_none_or(|(name, value)| *column(record, name) == value);
    records.iter().filter(|record| has(record)).map(|record| column(record, parent.id).clone()).collect()
}

/// The value of a column; `source_type` and `source_id` come out of `source`.
fn column<'a>(record: &'a Value, name: &str) -> &'a Value {
    match name.rsplit_once('_') {
        Some((relation, part)) if record[name].is_null() => &record[relation][part],
        _ => &record[name],
    }
}

/// A request with a filter. Lists that have none take not even an empty one.
fn request_with(filter: &Map<String, Value>) -> Value {
    if filter.is_empty() { json!({}) } else { json!({"filter": filter}) }
}

/// How many different rows a stream gives.
async fn count_rows(connected: &Connected, stream: &StreamDeclaration) -> usize {
    let mut rows = BTreeSet::new();
    for filter in filters_for_all(connected, stream).await {
        let request = request_with(&filter);
        let records = connected.all(stream.name, request.clone()).await;
        rows.extend(records.into_iter().map(|record| (request.to_string(), record.to_string())));
    }
    rows.len()
}

#[tokio::test]
async fn every_list_is_read_to_its_end() {
    let connected = Connected::to(Options::default().records(130).requests_per_minute(None)).await;
    for stream in with_rows(&connected).filter(|stream| stream.parents.is_empty()) {
        let expected = connected.control.count(&resource(stream.name)).unwrap();
        assert_eq!(count_rows(&connected, stream).await, expected, "{}", stream.name);
    }
    assert!(connected.control.counters().ignored.is_empty(), "{:?}", connected.control.counters().ignored);
}

#[tokio::test]
async fn lists_that_hang_on_records_are_read_to_their_end_for_all_of_them() {
    let connected = Connected::to(Options::default().records(10).requests_per_minute(None)).await;
    for stream in with_rows(&connected).filter(|stream| !stream.parents.is_empty()) {
        let expected = connected.control.count(&resource(stream.name)).unwrap();
        assert_eq!(count_rows(&connected, stream).await, expected, "{}", stream.name);
    }
    assert!(connected.control.counters().ignored.is_empty(), "{:?}", connected.control.counters().ignored);
}

#[tokio::test]
async fn records_fit_their_schemas_and_bring_what_the_columns_promise() {
    let connected = Connected::to_small_account().await;
    for stream in with_rows(&connected) {
        let capability = connected.integration.capability(&format!("list_{}", stream.name)).unwrap();
        let schema = capability.response_schema();
        let records = some_records(&connected, stream).await;
        assert!(!records.is_empty(), "{}", stream.name);
        connector_core::schema::check(&schema, &json!(records), "")
            .unwrap_or_else(|error| panic!("{}: {error}", stream.name));
        let declared = &schema["items"]["properties"];
        for name in records.iter().flat_map(|record| record.as_object().unwrap().keys()) {
            assert!(declared.get(name).is_some(), "{} has {name}, which no column is for", stream.name);
        }
    }
}

/// A page of records with all that can be included, of the first parent that has any.
async fn some_records(connected: &Connected, stream: &StreamDeclaration) -> Vec<Value> {
    for filter in filters_for_all(connected, stream).await {
        let mut request = request_with(&filter);
        if !stream.includes.is_empty() {
            request["includes"] = json!(stream.includes);
        }
        let answer = connected.call(&format!("list_{}", stream.name), request).await.expect("a page");
        let records: Vec<Value> = response(&answer);
        if !records.is_empty() {
            return records;
        }
    }
    Vec::new()
}

#[tokio::test]
async fn every_declared_filter_sort_and_include_is_known_to_teamleader() {
    let connected = Connected::to_small_account().await;
    for stream in with_rows(&connected) {
        let capability = format!("list_{}", stream.name);
        for request in requests_with_each_part(stream) {
            let answer = connected.call(&capability, request.clone()).await;
            answer.unwrap_or_else(|error| panic!("{capability} {request}: {error}"));
        }
    }
    assert!(connected.control.counters().ignored.is_empty(), "{:?}", connected.control.counters().ignored);
}

fn requests_with_each_part(stream: &StreamDeclaration) -> Vec<Value> {
    // Files are sorted in this direction only, and tags in the other only.
    let order = if stream.name == "files" { "desc" } else { "asc" };
    let required = stream.filters.iter().filter(|filter| filter.required);
    let required: Map<String, Value> = required.map(named_example).collect();
    let filters = stream.filters.iter().map(|filter| {
        let mut filters = required.clone();
        filters.extend([named_example(filter)]);
        json!({"filter": filters})
    });
    let with_required = |name: &str, part: Value| {
        let mut request = request_with(&required);
        request[name] = part;
        request
    };
    let sorts =
        stream.sorts.iter().map(|field| with_required("sort", json!([{"field": field, "order": order}])));
    let includes = stream.includes.iter().map(|include| with_required("includes", json!([include])));
    filters.chain(sorts).chain(includes).collect()
}

fn named_example(filter: &Filter) -> (String, Value) {
    let value = match (filter.name, filter.kind) {
        ("country", _) => json!("BE"),
        ("type", FilterKind::Text) => json!("contact"),
        _ => example(filter.kind),
    };
    (filter.name.to_owned(), value)
}

fn example(kind: FilterKind) -> Value {
    const ID: &str = "8f1f3a52-6d3c-0b1e-9c57-2f6e1d4b7a90";
    match kind {
        FilterKind::Id | FilterKind::IdOrNull => json!(ID),
        FilterKind::Ids | FilterKind::IdOrIds => json!([ID]),
        FilterKind::Texts => json!(["a"]),
        FilterKind::Boolean => json!(true),
        FilterKind::Date | FilterKind::DateOrNull => json!("2024-05-31"),
        FilterKind::DateTime => json!("2024-05-31T09:00:00.5Z"),
        FilterKind::DateOperator => {
            json!({"operator": "between", "start": "2024-05-31", "end": "2024-06-30"})
        }
        FilterKind::OneOf(values) => json!(values[0]),
        FilterKind::SomeOf(values) => json!(values),
        FilterKind::Relation(types) => json!({"type": types[0], "id": ID}),
        FilterKind::Relations(types) => json!([{"type": types[0], "id": ID}]),
        FilterKind::Typed(types, name) => json!({"type": types[0], name: "a@example.com"}),
        FilterKind::Group(filters) => filters.iter().map(named_example).collect::<Map<_, _>>().into(),
        _ => json!("a"),
    }
}

#[tokio::test]
async fn one_record_has_more_than_its_list_shows() {
    let connected = Connected::to_small_account().await;
    for stream in with_rows(&connected) {
        let name = format!("get_{}", stream.singular);
        if stream.key != ["id"] || connected.integration.capability(&name).is_none() {
            continue;
        }
        let record = some_records(&connected, stream).await.remove(0);
        let answer = connected.call(&name, json!({"id": record["id"]})).await.unwrap();
        let single: Value = response(&answer);
        assert_eq!(single["id"], record["id"], "{}", stream.name);
        let schema = connected.integration.capability(&name).unwrap().response_schema();
        connector_core::schema::check(&schema, &single, "")
            .unwrap_or_else(|error| panic!("{}: {error}", stream.name));
        for field in single.as_object().unwrap().keys() {
            let has_column = schema["properties"].get(field).is_some();
            assert!(has_column, "{} has {field}, which no column is for", stream.name);
        }
        let adds = single.as_object().unwrap().keys().any(|field| record.get(field).is_none());
        assert!(adds || !stream.details, "{} has no details", stream.name);
    }
    assert!(connected.control.counters().ignored.is_empty(), "{:?}", connected.control.counters().ignored);
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
