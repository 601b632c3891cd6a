//! The capabilities that follow from a stream: `list_<name>` and `get_<singular>`.

use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::call::CallContext;
use crate::capability::Capability;
use crate::envelope::{Answer, Page};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::StreamEntry;
use crate::page_token::{self, PagePosition};
use crate::schema;
use crate::stream::{
    Direction, GetFn, PageRequest, Paging, ReadFn, RecordPage, StreamDeclaration, group_schema,
};

/// The `request` part of a list.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct ListRequest {
    filter: Map<String, Value>,
    sort: Vec<Sort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    includes: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Sort {
    field: String,
    #[serde(default = "ascending")]
    order: Direction,
}

fn ascending() -> Direction {
    Direction::Ascending
}

/// The `request` part of a get.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetRequest {
    /// Id of the record.
    #[schemars(length(min = 1))]
    id: String,
}

pub(crate) fn capabilities(streams: &[StreamEntry]) -> Vec<Capability> {
    let lists = streams.iter().map(list);
    let gets = streams.iter().filter_map(|stream| stream.get.as_ref().map(|get| self::get(stream, get)));
    lists.chain(gets).collect()
}

fn list(stream: &StreamEntry) -> Capability {
    let declaration = Arc::new(stream.declaration.clone());
    let (read, schema) = (Arc::clone(&stream.read), stream.record_schema.clone());
    let (for_request, for_response) = (Arc::clone(&declaration), Arc::clone(&declaration));
    let description = format!("Lists {}.", lower_first(stream.declaration.description));
    Capability::erased(
        leak(format!("list_{}", declaration.name)),
        Arc::new(move || request_schema(&for_request)),
        Arc::new(move || response_schema(schema.of(&for_response))),
        Arc::new(move |context, request| {
            let (declaration, read) = (Arc::clone(&declaration), Arc::clone(&read));
            Box::pin(async move { run_list(&declaration, &read, context, request).await })
        }),
    )
    .description(description)
    .scopes(stream.declaration.scopes)
    .in_module(stream.declaration.name)
}

fn get(stream: &StreamEntry, get: &GetFn) -> Capability {
    let (declaration, schema) = (stream.declaration.clone(), stream.record_schema.clone());
    let (singular, name, scopes) = (declaration.singular, declaration.name, declaration.scopes);
    let get = Arc::clone(get);
    Capability::erased(
        leak(format!("get_{singular}")),
        Arc::new(schema::schema_of::<GetRequest>),
        Arc::new(move || schema.of(&declaration).to_owned()),
        Arc::new(move |context, request| {
            let get = Arc::clone(&get);
            Box::pin(async move {
                let request: GetRequest = schema::typed(Value::Object(request), "/request")?;
                let include_raw_data = context.include_raw_data();
                let mut answer = Answer::of_raw(get(context, request.id).await?);
                answer.raw_data = include_raw_data.then(|| Arc::clone(&answer.response));
                Ok(answer)
            })
        }),
    )
    .description(format!("Reads one record of {name} by its id."))
    .scopes(scopes)
    .in_module(name)
}

/// Names live as long as the program: they are made once for each integration that is linked in.
fn leak(name: String) -> &'static str {
    Box::leak(name.into_boxed_str())
}

fn lower_first(text: &str) -> String {
    let mut text = text.trim_end_matches('.').to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

async fn run_list(
    declaration: &StreamDeclaration,
    read: &ReadFn,
    context: CallContext,
    request: Map<String, Value>,
) -> Result<Answer> {
    let include_raw_data = context.include_raw_data();
    let capability = format!("list_{}", declaration.name);
    let question = page_token::question(context.integration().app_id(), &capability, &request);
    let mut page_request = page_request(declaration, &context, request)?;
    if let Some(token) = &context.page().token {
        let (position, size) = page_token::decode(token, &question)?;
        page_request.size = context.page().size.unwrap_or(size).min(size);
        match position {
            PagePosition::Number(number) => page_request.number = number,
            PagePosition::Token(token) => page_request.token = Some(token),
        }
        if context.page().size.is_some_and(|wanted| wanted != size) {
            return Err(ConnectorError::new(
                ErrorCode::InvalidPageToken,
                "/page/size must stay as it was on the first page",
            ));
        }
    }
    let (size, number) = (page_request.size, page_request.number);
    let page = read(context, page_request).await?;
    let next = next_position(declaration, &page, number, size);
    let mut answer = Answer::new(&page.records)?;
    answer.page = next.map(|position| Page { token: page_token::encode(position, size, &question), size });
    answer.raw_data = include_raw_data.then(|| Arc::clone(&answer.response));
    Ok(answer)
}

/// Where a list continues after a page. A page that holds fewer records than were asked for is the last.
fn next_position(
    declaration: &StreamDeclaration,
    page: &RecordPage,
    number: u32,
    size: u32,
) -> Option<PagePosition> {
    match declaration.paging {
        Paging::None => None,
        Paging::Number { .. } => {
            // More than were asked for: the app ignores paging and sent everything.
            let is_full = page.records.len() == size as usize;
            is_full.then(|| PagePosition::Number(number.saturating_add(1)))
        }
        Paging::Token { .. } => page.next_token.clone().map(PagePosition::Token),
    }
}

/// The request as meant, out of the request as typed.
pub(crate) fn page_request(
    declaration: &StreamDeclaration,
    context: &CallContext,
    request: Map<String, Value>,
) -> Result<PageRequest> {
    let largest = context.integration().page_size(context.settings_any());
    let size = context.page().size.unwrap_or(largest);
    let mut page = declaration.first_page(size.min(largest));
    if request.is_empty() && !declaration.filters.iter().any(|filter| filter.required) {
        return Ok(page);
    }
    let request = Value::Object(request);
    schema::check(&request_schema(declaration), &request, "/request")?;
    let request: ListRequest = serde_json::from_value(request).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "a list request passed its schema and not its type")
            .source(error)
    })?;
    page.filter.extend(request.filter);
    page.sort = request.sort.into_iter().map(|sort| (sort.field, sort.order)).collect();
    if let Some(includes) = request.includes {
        page.includes = includes;
    }
    Ok(page)
}

fn request_schema(declaration: &StreamDeclaration) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    if !declaration.filters.is_empty() {
        properties.insert("filter".into(), group_schema(declaration.filters));
        if declaration.filters.iter().any(|filter| filter.required) {
            required.push("filter");
        }
    }
    if !declaration.sorts.is_empty() {
        let sort = json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"enum": declaration.sorts}, "order": {"enum": ["asc", "desc"]}},
                "required": ["field"],
                "additionalProperties": false
            }
        });
        properties.insert("sort".into(), sort);
    }
    if !declaration.includes.is_empty() {
        let includes = json!({
            "type": "array",
            "items": {"enum": declaration.includes},
            "default": declaration.default_includes
        });
        properties.insert("includes".into(), includes);
    }
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

pub(crate) fn record_schema(declaration: &StreamDeclaration) -> Value {
    let mut generator = schema::output_generator();
    let record = declaration.schema.schema(&mut generator).to_value();
    schema::inline(record, &mut generator)
}

/// The schema of a stream's records as text, generated when it is first asked for: `info` shows it in three places.
#[derive(Clone, Default)]
pub(crate) struct RecordSchema(Arc<OnceLock<Box<RawValue>>>);

impl RecordSchema {
    pub(crate) fn of(&self, declaration: &StreamDeclaration) -> &RawValue {
        self.0.get_or_init(|| schema::text(&record_schema(declaration)))
    }
}

/// The schema of a list of these records. Definitions that its records refer to move up to where the references look.
fn response_schema(record: &RawValue) -> Box<RawValue> {
    #[derive(Serialize)]
    struct List<'a> {
        r#type: &'a str,
        items: &'a RawValue,
    }
    if !record.get().contains("\"$defs\"") {
        return schema::text(&List { r#type: "array", items: record });
    }
    let mut record: Value = serde_json::from_str(record.get()).unwrap_or_default();
    let definitions = record.as_object_mut().and_then(|record| record.remove("$defs"));
    schema::text(&json!({"type": "array", "items": record, "$defs": definitions}))
}
