//! Lists page by page: the framework keeps the page tokens, a connector sees its own positions.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::call::{Call, CallContext};
use crate::capability::Capability;
use crate::envelope::{Answer, Page};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::page_token::{self, PagePosition, Place};
use crate::schema;

/// Records of a page where neither the caller nor the integration says how many.
const USUAL_SIZE: u32 = 100;

/// Where a page of a list begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// What the previous page gave as [`Listed::next`]; `None` for the first page.
    pub next: Option<String>,
    /// Records that are wanted.
    pub size: u32,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The records.
    pub records: Vec<T>,
    /// Where the next page begins, in whatever words the app has for it; `None` at the end. Callers see it sealed in a
    /// page token that fits this list alone.
    pub next: Option<String>,
}

impl<T> Listed<T> {
    /// The last page.
    pub fn last(records: Vec<T>) -> Self {
        Self { records, next: None }
    }

    /// A page with more after it, if there is a `next`.
    pub fn page(records: Vec<T>, next: Option<String>) -> Self {
        Self { records, next }
    }
}

/// A list under a name of the connector's own, with the paging of the standard ones.
pub fn list<S, Request, Record, F, Fut>(name: &'static str, handler: F) -> Capability<S>
where
    S: Send + Sync + 'static,
    Request: DeserializeOwned + JsonSchema + Send + 'static,
    Record: Serialize + JsonSchema + 'static,
    F: Fn(Call<S>, Request, Position) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Listed<Record>>> + Send + 'static,
{
    let handler = Arc::new(handler);
    Capability::typed::<Request, Vec<Record>>(
        name,
        Arc::new(move |context, request| {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let question = page_token::question(context.integration().app_id(), name, &request);
                let position = position(&context, &question)?;
                let typed = typed_request(request)?;
                let size = position.size;
                let listed = handler(Call::new(context), typed, position).await?;
                let mut answer = Answer::new(&listed.records)?;
                answer.page = listed.next.map(|next| {
                    let place = Place { position: PagePosition::Token(next), ..Place::first(size) };
                    Page { token: page_token::encode(&place, &question), size }
                });
                Ok(answer)
            })
        }),
    )
}

fn typed_request<Request: DeserializeOwned + JsonSchema>(request: Map<String, Value>) -> Result<Request> {
    schema::typed(Value::Object(request), "/request")
}

fn position(context: &CallContext, question: &str) -> Result<Position> {
    let asked = context.page();
    let Some(token) = &asked.token else {
        let largest = context.integration().page_size(context.settings_any());
        let usual = if largest == u32::MAX { USUAL_SIZE } else { largest };
        return Ok(Position { next: None, size: asked.size.unwrap_or(usual).min(largest) });
    };
    let place = page_token::decode(token, question)?;
    match place.position {
        PagePosition::Token(next) => Ok(Position { next: Some(next), size: place.size }),
        PagePosition::Number(_) => {
            Err(ConnectorError::new(ErrorCode::InvalidPageToken, "/page/token belongs to another request"))
        }
    }
}
