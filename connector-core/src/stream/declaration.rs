//! What a connector says about a stream. The list capability, the table, the schema and the sync follow from it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::list::List;
use super::pointer::{self, DeclaredPointer};
use super::reading::{Child, Each, Parent, Window};
use crate::author::{Answers, Reader, RecordType};
use crate::call::{Call, CallContext};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::sync::Reject;

/// A readable collection of records.
pub struct Stream<S> {
    pub(crate) declaration: StreamDeclaration,
    pub(crate) read: ReadFn,
    pub(crate) get: Option<GetFn>,
    /// Whether it is read below the integration's address.
    pub(crate) needs_base_url: bool,
    /// Where in the answers of the app it finds what it needs.
    pub(crate) pointers: Vec<DeclaredPointer>,
    settings: std::marker::PhantomData<fn(S)>,
}

pub(crate) type ReadFn =
    Arc<dyn Fn(CallContext, PageRequest) -> BoxFuture<'static, Result<RecordPage>> + Send + Sync>;
pub(crate) type GetFn =
    Arc<dyn Fn(CallContext, String) -> BoxFuture<'static, Result<Box<RawValue>>> + Send + Sync>;

/// Everything about a stream but how to read a page.
#[derive(Debug, Clone)]
pub struct StreamDeclaration {
    /// Plural, `snake_case`: names the table and `list_<name>`.
    pub name: &'static str,
    /// Singular, `snake_case`: names `get_<singular>`.
    pub singular: &'static str,
    /// One line for people.
    pub description: &'static str,
    /// Fields of the primary key.
    pub key: &'static [&'static str],
    /// JSON Schema of a record.
    pub schema: SchemaSource,
    /// How the app hands out pages.
    pub paging: Paging,
    /// In which order a complete read walks, so that changes meanwhile lose nothing.
    pub walk: Walk,
    /// Filter that asks for what changed since an instant, inclusive; absent where every read is a full one.
    pub changed_since: Option<&'static str>,
    /// Filters that callers may use. The app may ignore others in silence, so they are refused.
    pub filters: &'static [Filter],
    /// Fields to sort by.
    pub sorts: &'static [&'static str],
    /// Optional parts of a record.
    pub includes: &'static [&'static str],
    /// Optional parts that are asked for unless the caller says otherwise.
    pub default_includes: &'static [&'static str],
    /// Filters that undo what the app hides by default, as JSON, unless the caller sets them.
    pub default_filter: &'static [(&'static str, &'static str)],
    /// Whether a sync without a list of streams reads it.
    pub synced_by_default: bool,
    /// Filter that asks for records by their ids.
    pub ids: Option<&'static str>,
    /// Dates that a run reads where the app cannot tell what changed; everything when absent.
    pub window: Option<Window>,
    /// Streams whose records this one hangs on, where it cannot be listed otherwise.
    pub parents: &'static [Parent],
    /// Whether every run reads the children of all parents, since there are few of them.
    pub reads_all_parents: bool,
    /// A filter that must be given, with all its values.
    pub each: Option<Each>,
    /// Whether the reader of single records has what the list lacks and users need: lines, prices, custom fields. A sync
    /// that is asked for details reads it for each record that is new or changed.
    pub details: bool,
    /// Lists deep inside a record that become tables where that is asked for.
    pub children: &'static [Child],
    /// Scopes that the credentials must have to read it. A refusal by the app names them.
    pub scopes: &'static [&'static str],
    /// What relations and webhooks of the app call a record: `company`.
    pub entity: Option<&'static str>,
    /// What definitions of custom fields call this stream, where its records have custom fields.
    pub custom_field_contexts: &'static [&'static str],
}

/// Where the JSON Schema of a stream's records comes from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SchemaSource {
    /// A Rust type, known to the connector's author.
    Type(fn(&mut SchemaGenerator) -> Schema),
    /// A schema that is known only when the program runs. References lead to places in itself.
    Given(Schema),
}

impl SchemaSource {
    /// The schema; what it refers to is in the generator, or in itself.
    pub fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        match self {
            Self::Type(schema) => schema(generator),
            Self::Given(schema) => schema.clone(),
        }
    }
}

impl From<fn(&mut SchemaGenerator) -> Schema> for SchemaSource {
    fn from(schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        Self::Type(schema)
    }
}

/// How an app hands out pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paging {
    /// Everything at once.
    None,
    /// By number, from 1.
    Number {
        /// Records in the largest page.
        largest: u32,
        /// Whether the app gives pages of any size up to that. A sync then asks for some that overlap, which tells when the
        /// list moves while it is read. Else every page is asked for as the largest.
        any_size: bool,
    },
    /// Each page names the next.
    Token {
        /// Records in the largest page.
        largest: u32,
    },
}

impl Paging {
    /// Records in the largest page; `None` where there are no pages.
    pub fn largest(self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Number { largest, .. } | Self::Token { largest } => Some(largest),
        }
    }
}

/// In which order a complete read walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Walk {
    /// Page after page in the app's own order, or in that of a field whose values do not change.
    Pages {
        /// Ascending sort, where the app has one that new records join at the end.
        sort: Option<&'static str>,
    },
    /// By the value of a sorted field: the next request asks for what lies beyond the last value. Deletes and updates
    /// cannot shift anything.
    Value {
        /// A field with an instant, to sort by.
        field: &'static str,
        /// Direction of the sort.
        direction: Direction,
        /// Filter that bounds the field.
        bound: &'static str,
    },
    /// Once, as it comes: nothing can be asked for again, and a record may come twice. Pages go by token.
    Feed {
        /// Whether it brings everything, so that what it does not bring is gone. Else it brings what is new or changed.
        complete: bool,
    },
}

/// Direction of a sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The smallest first.
    #[serde(rename = "asc")]
    Ascending,
    /// The largest first.
    #[serde(rename = "desc")]
    Descending,
}

/// A filter of a list and the values that it takes.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Name, as the app spells it.
    pub name: &'static str,
    /// Values that it takes.
    pub kind: FilterKind,
    /// Whether the app refuses a list without it.
    pub required: bool,
}

impl Filter {
    /// A filter that may be left out.
    pub const fn new(name: &'static str, kind: FilterKind) -> Self {
        Self { name, kind, required: false }
    }

    /// The same filter where the app insists on it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// The values that a filter takes.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum FilterKind {
    /// Any text.
    Text,
    /// A list of texts.
    Texts,
    /// An id.
    Id,
    /// An id or `null`, where `null` asks for records without one.
    IdOrNull,
    /// A list of ids.
    Ids,
    /// An id or a list of ids.
    IdOrIds,
    /// `true` or `false`.
    Boolean,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A day or `null`, where `null` asks for records without one.
    DateOrNull,
    /// An instant, RFC 3339.
    DateTime,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Several of these.
    SomeOf(&'static [&'static str]),
    /// A record of another stream, `{type, id}`, with one of these types.
    Relation(&'static [&'static str]),
    /// Several records of other streams.
    Relations(&'static [&'static str]),
    /// An object with one of these types and a text under another name: `{type, email}`.
    Typed(&'static [&'static str], &'static str),
    /// A comparison with a day: `{operator, value}`, `{operator: "between", start, end}` or `{operator: "is_empty"}`.
    DateOperator,
    /// An object of filters.
    Group(&'static [Filter]),
}

impl FilterKind {
    /// JSON Schema of the values.
    pub fn schema(self) -> Value {
        // Ids are not checked for a UUID version: apps use forms that RFC 9562 does not know.
        let id = json!({"type": "string", "minLength": 1});
        let relation = |types: &[&str]| {
            json!({
                "type": "object",
                "properties": {"type": {"enum": types}, "id": id},
                "required": ["type", "id"],
                "additionalProperties": false
            })
        };
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Self::Id => id,
            Self::IdOrNull => json!({"type": ["string", "null"], "minLength": 1}),
            Self::Ids => json!({"type": "array", "items": id}),
            Self::IdOrIds => json!({"anyOf": [id, {"type": "array", "items": id}]}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::Date => json!({"type": "string", "format": "date"}),
            Self::DateOrNull => json!({"type": ["string", "null"], "format": "date"}),
            Self::DateTime => json!({"type": "string", "format": "date-time"}),
            Self::OneOf(values) => json!({"enum": values}),
            Self::SomeOf(values) => json!({"type": "array", "items": {"enum": values}}),
            Self::Relation(types) => relation(types),
            Self::Relations(types) => json!({"type": "array", "items": relation(types)}),
            Self::Typed(types, name) => json!({
                "type": "object",
                "properties": {"type": {"enum": types}, name: {"type": "string"}},
                "required": ["type", name],
                "additionalProperties": false
            }),
            Self::DateOperator => {
                let day = Self::Date.schema();
                json!({
                    "type": "object",
                    "properties": {
                        "operator": {"enum": ["is_empty", "between", "equals", "before", "after"]},
                        "value": day,
                        "start": day,
                        "end": day
                    },
                    "required": ["operator"],
                    "additionalProperties": false
                })
            }
            Self::Group(filters) => group_schema(filters),
        }
    }
}

/// JSON Schema of an object of filters.
pub(crate) fn group_schema(filters: &[Filter]) -> Value {
    let properties: Map<String, Value> =
        filters.iter().map(|filter| (filter.name.to_owned(), filter.kind.schema())).collect();
    let required: Vec<&str> =
        filters.iter().filter(|filter| filter.required).map(|filter| filter.name).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// What is asked of a connector's reader: one page.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// Filters by name.
    pub filter: Map<String, Value>,
    /// Sort, most significant first.
    pub sort: Vec<(String, Direction)>,
    /// Optional parts of a record.
    pub includes: Vec<String>,
    /// Number of the page, from 1; 1 where the app has no numbers.
    pub number: u32,
    /// Name of the page, where the previous page gave one.
    pub token: Option<String>,
    /// Records in a page.
    pub size: u32,
}

/// What a connector's reader answers.
#[derive(Debug, Default)]
pub struct RecordPage {
    /// The records as they were sent.
    pub records: Vec<Box<RawValue>>,
    /// Records in all pages, where the app tells.
    pub total: Option<u64>,
    /// Name of the next page, where the app gives names. Of a numbered page: what callers' next page is asked for with in
    /// the place of the next number.
    pub next_token: Option<String>,
    /// The app's clock when it answered.
    pub date: Option<Timestamp>,
    /// What came in the place of records and is none. Goes to the stream's rejects.
    pub rejects: Vec<Reject>,
}

impl<S: Send + Sync + 'static> Stream<S> {
    /// A stream of records of type `R`, read page by page by `read`.
    pub fn new<R, F, Shape>(name: &'static str, singular: &'static str, read: F) -> Self
    where
        R: RecordType,
        F: Reader<S, Shape>,
        F::Future: Answers<RecordPage> + Send + 'static,
    {
        let of_type: fn(&mut SchemaGenerator) -> Schema = SchemaGenerator::subschema_for::<R>;
        Self::with_schema(name, singular, of_type, read)
    }

    /// A stream of records of type `R` that the app lists in a usual way.
    pub fn list<R: RecordType>(name: &'static str, singular: &'static str, list: List) -> Self {
        let read = move |call: Call<S>, request: PageRequest| list.read((*call).clone(), request);
        let stream =
            Self::new::<R, _, _>(name, singular, read).declare(|stream| stream.paging = list.paging());
        Self { needs_base_url: true, pointers: list.pointers(), ..stream }
    }

    /// The same for streams that come out of a table, where the record type is a value of the table, or is known only when
    /// the program runs.
    pub fn with_schema<F, Shape>(
        name: &'static str,
        singular: &'static str,
        schema: impl Into<SchemaSource>,
        read: F,
    ) -> Self
    where
        F: Reader<S, Shape>,
        F::Future: Answers<RecordPage> + Send + 'static,
    {
        let declaration = StreamDeclaration {
            name,
            singular,
            description: "",
            key: &["id"],
            schema: schema.into(),
            paging: Paging::None,
            walk: Walk::Pages { sort: None },
            changed_since: None,
            filters: &[],
            sorts: &[],
            includes: &[],
            default_includes: &[],
            default_filter: &[],
            synced_by_default: true,
            ids: None,
            window: None,
            parents: &[],
            reads_all_parents: false,
            each: None,
            details: false,
            children: &[],
            scopes: &[],
            entity: None,
            custom_field_contexts: &[],
        };
        Self {
            declaration,
            read: Arc::new(move |context, request| Box::pin(read.read(Call::new(context), request).answer())),
            get: None,
            needs_base_url: false,
            pointers: Vec::new(),
            settings: std::marker::PhantomData,
        }
    }

    /// One line for people, which follows "Lists" and "Reads".
    pub fn description(self, description: &'static str) -> Self {
        self.declare(|stream| stream.description = description)
    }

    /// Fields that tell its records apart, where it is not `id`.
    ///
    /// ```
    /// # use connector_core::stream::{Filter, FilterKind, List, Stream};
    /// # #[derive(schemars::JsonSchema)]
    /// # struct Line { order: String, number: u32 }
    /// # fn lines() -> Stream<()> {
    /// Stream::list::<Line>("lines", "line", List::at("lines").numbered("page", 50))
    ///     .key(&["order", "number"])
    ///     .filters([Filter::new("status", FilterKind::OneOf(&["open", "done"]))])
    ///     .only_when_named()
    /// # }
    /// ```
    pub fn key(self, fields: &'static [&'static str]) -> Self {
        self.declare(|stream| stream.key = fields)
    }

    /// Filters that callers of the list may use, as the app spells them. Others are refused.
    pub fn filters(self, filters: impl IntoIterator<Item = Filter>) -> Self {
        self.declare(|stream| {
            let filters: Vec<Filter> = stream.filters.iter().copied().chain(filters).collect();
            // They live as long as the program, as every declaration does.
            stream.filters = filters.leak();
        })
    }

    /// Fields that callers of the list may sort by. Its reader finds them in [`PageRequest::sort`].
    pub fn sorts(self, fields: &'static [&'static str]) -> Self {
        self.declare(|stream| stream.sorts = fields)
    }

    /// Leaves it out of a sync that does not name it.
    pub fn only_when_named(self) -> Self {
        self.declare(|stream| stream.synced_by_default = false)
    }

    /// Scopes that the credentials must have to read it.
    pub fn scopes(self, scopes: &'static [&'static str]) -> Self {
        self.declare(|stream| stream.scopes = scopes)
    }

    /// The filter that asks for what changed since an instant, inclusive: a sync reads only that.
    pub fn changed_since(self, filter: &'static str) -> Self {
        let filters = [Filter::new(filter, FilterKind::DateTime)];
        self.filters(filters).declare(|stream| stream.changed_since = Some(filter))
    }

    /// Adds the capability `get_<singular>` for `GET path/<id>`, with the record at a JSON pointer of the answer: `""`
    /// where the answer is the record.
    pub fn get_at(mut self, path: &'static str, record: &'static str) -> Self {
        self.pointers.push(DeclaredPointer { what: "single record", pointer: record });
        Self { needs_base_url: true, ..self }.get(move |call, id| async move {
            let answer = call.get(path).segment(&id).raw().await?;
            pointer::at(&answer, record).map(ToOwned::to_owned).ok_or_else(|| {
                ConnectorError::new(
                    ErrorCode::InvalidResponse,
                    format!("the answer has no record at `{record}`"),
                )
            })
        })
    }

    /// Changes what else is declared: the order of a read, parents, a window of dates, and all of [`StreamDeclaration`].
    pub fn declare(mut self, change: impl FnOnce(&mut StreamDeclaration)) -> Self {
        change(&mut self.declaration);
        self
    }

    /// Adds the capability `get_<singular>`, which reads one record by its id.
    pub fn get<F, Fut>(mut self, get: F) -> Self
    where
        F: Fn(Call<S>, String) -> Fut + Send + Sync + 'static,
        Fut: Answers<Box<RawValue>> + Send + 'static,
    {
        self.get = Some(Arc::new(move |context, id| Box::pin(get(Call::new(context), id).answer())));
        self
    }
}

impl StreamDeclaration {
    /// Records in the largest page; `None` where there are no pages.
    pub fn largest_page(&self) -> Option<u32> {
        self.paging.largest()
    }

    /// Columns that records may leave to the request that asked for them.
    pub(crate) fn given_columns(&self) -> Vec<String> {
        let mut columns = Vec::new();
        for parent in self.parents {
            match parent.entity {
                Some(_) => {
                    columns.extend([format!("{}_type", parent.column), format!("{}_id", parent.column)]);
                }
                None => columns.push(parent.column.to_owned()),
            }
        }
        columns.extend(self.each.map(|each| each.filter.to_owned()));
        columns
    }

    /// The request for the first page with the declared defaults.
    pub fn first_page(&self, size: u32) -> PageRequest {
        let parse = |json: &str| serde_json::from_str(json).unwrap_or(Value::Null);
        PageRequest {
            filter: self
                .default_filter
                .iter()
                .map(|(name, json)| ((*name).to_owned(), parse(json)))
                .collect(),
            sort: Vec::new(),
            includes: self.default_includes.iter().map(|include| (*include).to_owned()).collect(),
            number: 1,
            token: None,
            size: match self.paging {
                Paging::None => size,
                Paging::Number { largest, any_size: false } => largest,
                Paging::Number { largest, .. } | Paging::Token { largest } => size.clamp(1, largest),
            },
        }
    }
}
