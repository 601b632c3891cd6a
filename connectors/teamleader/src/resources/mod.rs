//! What is read from Teamleader: one row of a table for each resource, and the types of their records.

mod calendar;
mod crm;
mod deals;
mod expenses;
mod files;
mod filters;
mod general;
mod invoicing;
mod legacy_projects;
mod lines;
mod notes;
mod products;
mod projects;
mod quotations;
mod subscriptions;
mod table;
mod tasks;
mod templates;
mod terms;
mod tickets;
pub(crate) mod types;
mod users;

use connector_core::stream::{Child, Each, Filter, FilterKind, Paging, Parent, Stream, Walk, Window};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::client;
use crate::settings::Settings;

pub(crate) use table::RESOURCES;

/// The whole story of a resource: what it is called, how it is read and what its records look like.
///
/// Teamleader ignores filters, sorts and includes that it does not know, and answers as if they were not there. So a
/// row lists exactly those that its documentation names, and the framework refuses all others.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "four facts about a list, and none follows from another")]
pub(crate) struct Resource {
    /// Names the table and `list_<stream>`.
    pub(crate) stream: &'static str,
    /// Names `get_<singular>`.
    pub(crate) singular: &'static str,
    /// What stands before `.list` and `.info` in the address.
    pub(crate) path: &'static str,
    /// What stands after the path: `list`, or what the few other lists are called.
    pub(crate) action: &'static str,
    /// What relations and webhooks call a record, where they know it.
    pub(crate) entity: Option<&'static str>,
    pub(crate) description: &'static str,
    pub(crate) record: fn(&mut SchemaGenerator) -> Schema,
    pub(crate) key: &'static [&'static str],
    pub(crate) paging: Paging,
    /// Whether the list counts its matches when asked to.
    pub(crate) totals: bool,
    pub(crate) walk: Walk,
    pub(crate) changed_since: Option<&'static str>,
    pub(crate) window: Option<Window>,
    pub(crate) parents: &'static [Parent],
    pub(crate) each: Option<Each>,
    pub(crate) filters: &'static [Filter],
    /// Filters that are sent beside `filter` and not in it.
    pub(crate) beside: &'static [&'static str],
    pub(crate) sorts: &'static [&'static str],
    pub(crate) includes: &'static [&'static str],
    pub(crate) default_includes: &'static [&'static str],
    /// Asks for what the list hides unless told otherwise.
    pub(crate) default_filter: &'static [(&'static str, &'static str)],
    /// Whether single records can be read.
    pub(crate) info: bool,
    /// Whether `.info` has what users need and the list lacks.
    pub(crate) details: bool,
    /// Optional parts of the single record. They are always asked for: they cost no further request.
    pub(crate) info_includes: &'static [&'static str],
    pub(crate) children: &'static [Child],
    /// What custom field definitions call it.
    pub(crate) custom_field_contexts: &'static [&'static str],
    pub(crate) synced_by_default: bool,
}

/// What most rows have in common: records with an `id`, in pages of at most 100, readable one by one.
///
/// 100 is documented for `calls.list` only; it is the size that clients of the other lists have always used.
const PAGED: Resource = Resource {
    stream: "",
    singular: "",
    path: "",
    action: "list",
    entity: None,
    description: "",
    record: record::<()>,
    key: &["id"],
    paging: Paging::Number { largest: 100, any_size: true },
    totals: false,
    walk: Walk::Pages { sort: None },
    changed_since: None,
    window: None,
    parents: &[],
    each: None,
    filters: &[],
    beside: &[],
    sorts: &[],
    includes: &[],
    default_includes: &[],
    default_filter: &[],
    info: true,
    details: false,
    info_includes: &[],
    children: &[],
    custom_field_contexts: &[],
    synced_by_default: true,
};

/// The same for lists that have no pages: they ignore `page` and answer with everything, each time.
const UNPAGED: Resource = Resource { paging: Paging::None, ..PAGED };

/// A filter of a row.
const fn filter(name: &'static str, kind: FilterKind) -> Filter {
    Filter::new(name, kind)
}

/// The schema of a record as Teamleader may send it.
///
/// Fields that the user may not see are left out, so only keys are required. That is what a schema for reading says;
/// one for writing would require every field that has no default.
pub(crate) fn record<R: JsonSchema>(_: &mut SchemaGenerator) -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    settings.into_generator().into_root_schema_for::<R>()
}

/// The rows of the table as streams.
pub(crate) fn streams() -> impl Iterator<Item = Stream<Settings>> {
    RESOURCES.iter().map(stream)
}

fn stream(resource: &'static Resource) -> Stream<Settings> {
    let read = move |call, request| client::list(call, resource, request);
    let stream =
        Stream::with_schema(resource.stream, resource.singular, resource.record, read).declare(|stream| {
            stream.description = resource.description;
            stream.key = resource.key;
            stream.paging = resource.paging;
            stream.walk = resource.walk;
            stream.changed_since = resource.changed_since;
            stream.filters = resource.filters;
            stream.sorts = resource.sorts;
            stream.includes = resource.includes;
            stream.default_includes = resource.default_includes;
            stream.default_filter = resource.default_filter;
            stream.entity = resource.entity;
            stream.ids = resource.filters.iter().map(|filter| filter.name).find(|name| *name == "ids");
            stream.window = resource.window;
            stream.parents = resource.parents;
            // Lists over few parents are in the default set, and those over many are not.
            stream.reads_all_parents = resource.synced_by_default;
            stream.each = resource.each;
            stream.details = resource.details;
            stream.children = resource.children;
            stream.custom_field_contexts = resource.custom_field_contexts;
            stream.synced_by_default = resource.synced_by_default;
        });
    if resource.info { stream.get(move |call, id| client::info(call, resource, id)) } else { stream }
}

#[cfg(test)]
mod tests;
