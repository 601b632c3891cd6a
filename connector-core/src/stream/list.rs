//! How most APIs list things as JSON, declared: where, how pages are asked for, where the records are.

use serde_json::Value;
use serde_json::value::RawValue;

use super::pointer::{DeclaredPointer, at};
use super::{PageRequest, Paging, RecordPage};
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::http::HttpResponse;

/// A list of the app, for [`Stream::list`](super::Stream::list).
///
/// ```
/// use connector_core::stream::List;
///
/// // GET /v1/users?page=2&per_page=100 → {"data": [{…}, …], "meta": {"total": 412}}
/// List::at("v1/users").records("/data").total("/meta/total").numbered("page", 100).sized("per_page");
/// // GET /events?cursor=abc → {"items": [{…}, …], "next": "def"}
/// List::at("events").records("/items").token("cursor", "/next", 50);
/// // GET /tags → [{…}, …]
/// List::at("tags");
/// ```
///
/// Filters that the stream declares become parameters of the query under their own names. Lists that are asked for by
/// POST, sorted or composed otherwise need a reader: [`Stream::new`](super::Stream::new).
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct List {
    path: &'static str,
    records: &'static str,
    total: Option<&'static str>,
    pages: Pages,
    size: Option<&'static str>,
    one_size: bool,
}

#[derive(Debug, Clone, Copy)]
enum Pages {
    One,
    /// The parameter that takes the number of the page.
    Numbered {
        parameter: &'static str,
        largest: u32,
    },
    /// The parameter that takes the number of records before the page.
    Offset {
        parameter: &'static str,
        largest: u32,
    },
    /// The parameter that takes what the page before has at `next`.
    Token {
        parameter: &'static str,
        next: &'static str,
        largest: u32,
    },
    /// The page before has the address of this one at `next`.
    Linked {
        next: &'static str,
        largest: u32,
    },
}

impl List {
    /// The records of `GET path`, all at once, the answer being an array of them.
    pub fn at(path: &'static str) -> Self {
        Self { path, records: "", total: None, pages: Pages::One, size: None, one_size: false }
    }

    /// Where the records are in the answer, as a JSON pointer: `/data`.
    pub fn records(self, pointer: &'static str) -> Self {
        Self { records: pointer, ..self }
    }

    /// Where the answer tells how many records there are in all.
    pub fn total(self, pointer: &'static str) -> Self {
        Self { total: Some(pointer), ..self }
    }

    /// Pages by number, from 1, each of so many records at most. The list ends with an empty page, or with the
    /// [total](Self::total).
    pub fn numbered(self, parameter: &'static str, largest: u32) -> Self {
        Self { pages: Pages::Numbered { parameter, largest }, ..self }
    }

    /// Pages by the number of records before them, each of so many records at most. The list ends with an empty page, or
    /// with the [total](Self::total).
    pub fn offset(self, parameter: &'static str, largest: u32) -> Self {
        Self { pages: Pages::Offset { parameter, largest }, ..self }
    }

    /// Each page has at `next`, a JSON pointer, what the next one is asked for with; nothing there, or `null`, ends the
    /// list.
    pub fn token(self, parameter: &'static str, next: &'static str, largest: u32) -> Self {
        Self { pages: Pages::Token { parameter, next, largest }, ..self }
    }

    /// Each page has at `next`, a JSON pointer, the address of the next one.
    pub fn linked(self, next: &'static str, largest: u32) -> Self {
        Self { pages: Pages::Linked { next, largest }, ..self }
    }

    /// The parameter that takes how many records a page is to have: any number up to the largest page.
    pub fn sized(self, parameter: &'static str) -> Self {
        Self { size: Some(parameter), ..self }
    }

    /// For an app that takes certain sizes only, say 10, 50 and 100: each page is asked for in the largest.
    pub fn one_size(self) -> Self {
        Self { one_size: true, ..self }
    }

    /// Whether the app gives as many records as it is asked for.
    fn takes_any_size(&self) -> bool {
        self.size.is_some() && !self.one_size
    }

    /// The JSON pointers of the declaration.
    pub(super) fn pointers(&self) -> Vec<DeclaredPointer> {
        let declared = [("records", Some(self.records)), ("total", self.total), ("next page", self.next())];
        let declared = declared.into_iter().filter_map(|(what, pointer)| Some((what, pointer?)));
        declared.map(|(what, pointer)| DeclaredPointer { what, pointer }).collect()
    }

    pub(super) fn paging(&self) -> Paging {
        match self.pages {
            Pages::One => Paging::None,
            Pages::Numbered { largest, .. } => Paging::Number { largest, any_size: self.takes_any_size() },
            // A page may begin anywhere, and what it has too much is left to the next.
            Pages::Offset { largest, .. } => Paging::Number { largest, any_size: true },
            Pages::Token { largest, .. } | Pages::Linked { largest, .. } => Paging::Token { largest },
        }
    }

    pub(super) async fn read(self, call: CallContext, request: PageRequest) -> Result<RecordPage> {
        if !request.sort.is_empty() || !request.includes.is_empty() {
            let message = "a declared list takes filters only; sorts and includes need a reader";
            return Err(ConnectorError::new(ErrorCode::UnsupportedOperation, message));
        }
        let page = match (self.pages, &request.token) {
            (Pages::Linked { .. }, Some(address)) => call.get_given(address),
            _ => self.first(&call, &request),
        };
        let mut page = page.read_with(|response| self.page(&response)).await?;
        if let Pages::Offset { .. } = self.pages {
            if !self.takes_any_size() {
                page.records.truncate(request.size as usize);
            }
            page.next_token = Some((records_before(&request) + page.records.len() as u64).to_string());
        }
        Ok(page)
    }

    fn first<'c>(&self, call: &'c CallContext, request: &PageRequest) -> crate::call::AppRequest<'c> {
        let mut asked = call.get(self.path);
        for (name, value) in &request.filter {
            for text in texts(value) {
                asked = asked.query(name, text);
            }
        }
        if let Some(parameter) = self.size {
            let size =
                if self.one_size { self.paging().largest().unwrap_or(request.size) } else { request.size };
            asked = asked.query(parameter, size);
        }
        match (self.pages, &request.token) {
            (Pages::Numbered { parameter, .. }, _) => asked.query(parameter, request.number),
            (Pages::Offset { parameter, .. }, _) => asked.query(parameter, records_before(request)),
            (Pages::Token { parameter, .. }, Some(token)) => asked.query(parameter, token),
            _ => asked,
        }
    }

    fn page(&self, response: &HttpResponse) -> Result<RecordPage> {
        let wrong =
            |what: String| ConnectorError::new(ErrorCode::InvalidResponse, what).status(response.status);
        let body: &RawValue = serde_json::from_slice(&response.body)
            .map_err(|error| wrong("the answer is no JSON".to_owned()).source(error))?;
        let records = at(body, self.records).and_then(|records| serde_json::from_str(records.get()).ok());
        let text_at =
            |pointer| at(body, pointer).and_then(|value| serde_json::from_str::<Value>(value.get()).ok());
        Ok(RecordPage {
            records: records
                .ok_or_else(|| wrong(format!("the answer has no list of records at `{}`", self.records)))?,
            total: self.total.and_then(text_at).and_then(|total| total.as_u64()),
            next_token: self
                .next()
                .and_then(text_at)
                .and_then(|next| texts(&next).pop())
                .filter(|next| !next.is_empty()),
            rejects: Vec::new(),
            date: response.date(),
        })
    }

    fn next(&self) -> Option<&'static str> {
        match self.pages {
            Pages::Token { next, .. } | Pages::Linked { next, .. } => Some(next),
            Pages::One | Pages::Numbered { .. } | Pages::Offset { .. } => None,
        }
    }
}

/// Where a page begins: where the one before ended, if that is known, since pages may have fewer records than were asked
/// for.
fn records_before(request: &PageRequest) -> u64 {
    let ended = request.token.as_ref().and_then(|token| token.parse().ok());
    ended.unwrap_or_else(|| u64::from(request.number.saturating_sub(1)) * u64::from(request.size))
}

/// A value as a query has it: a list once for each of its values.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}
