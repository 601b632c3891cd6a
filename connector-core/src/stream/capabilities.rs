//! The capabilities that follow from a stream: `list_<name>` and `get_<singular>`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::record_schema::list_schema;
use super::{GetFn, PageRequest, Paging, ReadFn, RecordPage, StreamDeclaration, list_request};
use crate::call::CallContext;
use crate::capability::Capability;
use crate::envelope::{Answer, Page};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::StreamEntry;
use crate::page_token::{self, PagePosition, Place};
use crate::schema;

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
        Arc::new(move || list_request::request_schema(&for_request)),
        Arc::new(move || list_schema(schema.of(&for_response))),
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
    let mut page_request = list_request::first_page(declaration, &context, request)?;
    let token = context.page().token.as_deref();
    let place = token.map(|token| page_token::decode(token, &question)).transpose()?;
    if let Some(place) = &place {
        go_on_at(&mut page_request, place, context.page().size.is_some())?;
    }
    let place = place.unwrap_or_else(|| Place::first(page_request.size));
    let number = page_request.number;
    let page = read(context, page_request).await?;
    let mut answer = Answer::new(&page.records)?;
    let is_numbered = matches!(declaration.paging, Paging::Number { .. });
    let digest = is_numbered.then(|| page_token::digest(answer.response.get()));
    if digest.is_some() && place.previous == digest {
        tracing::warn!(list = capability, "the app sent the page before once more; the list ends with it");
        answer = Answer::new(&[(); 0])?;
    } else {
        let read = place.read + page.records.len() as u64;
        let next = next_position(declaration, page, number, read);
        answer.page = next.map(|position| {
            let next = Place { position, size: place.size, read, previous: digest };
            Page { token: page_token::encode(&next, &question), size: place.size }
        });
    }
    answer.raw_data = include_raw_data.then(|| Arc::clone(&answer.response));
    Ok(answer)
}

/// The request for the page that a token leads to. `is_sized`: the caller says how many records it wants.
fn go_on_at(request: &mut PageRequest, place: &Place, is_sized: bool) -> Result<()> {
    if is_sized && request.size != place.size {
        return Err(ConnectorError::new(
            ErrorCode::InvalidPageToken,
            "/page/size must stay as it was on the first page",
        ));
    }
    request.size = place.size;
    match &place.position {
        PagePosition::Number(number) => request.number = *number,
        PagePosition::Token(token) => request.token = Some(token.clone()),
    }
    Ok(())
}

/// Where a list continues after a page, when so many records were read. A short page is not the last one: apps give
/// fewer records than they are asked for as they like, and not only at the end.
fn next_position(
    declaration: &StreamDeclaration,
    page: RecordPage,
    number: u32,
    read: u64,
) -> Option<PagePosition> {
    let named = page.next_token.map(PagePosition::Token);
    match declaration.paging {
        Paging::None => None,
        Paging::Token { .. } => named,
        Paging::Number { .. } if page.records.is_empty() => None,
        Paging::Number { .. } if page.total.is_some_and(|total| total <= read) => None,
        Paging::Number { .. } => named.or(Some(PagePosition::Number(number.saturating_add(1)))),
    }
}
