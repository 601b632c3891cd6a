//! The resources of the stand-in: one declaration each, from which data, lists, filters and checks follow.
//!
//! Adding a resource is adding a file with one `Resource` and naming it in [`RESOURCES`].

mod companies;
mod conformity;
mod contacts;
mod custom_field_definitions;
mod deals;
mod departments;
mod events;
mod filter;
mod invoices;
mod kind;
mod nextgen_projects;
mod projects;
mod shared;
mod users;

pub(crate) use conformity::violations;
pub(crate) use custom_field_definitions::DEFINITIONS;
pub(crate) use filter::{Filter, Test, filter};
pub(crate) use kind::{Absence, Attribute, Kind, Part, attribute};

/// In the order in which a reader meets them; nothing depends on it.
pub(crate) static RESOURCES: [&Resource; 10] = [
    &departments::DEPARTMENTS,
    &users::USERS,
    &custom_field_definitions::CUSTOM_FIELD_DEFINITIONS,
    &companies::COMPANIES,
    &contacts::CONTACTS,
    &deals::DEALS,
    &invoices::INVOICES,
    &events::EVENTS,
    &projects::PROJECTS,
    &nextgen_projects::NEXTGEN_PROJECTS,
];

/// The whole story of one resource.
pub(crate) struct Resource {
    /// As in the path: `/{name}.list`.
    pub(crate) name: &'static str,
    /// As in a `{type, id}` relation.
    pub(crate) entity: &'static str,
    pub(crate) scope: Option<&'static str>,
    pub(crate) rows: Rows,
    pub(crate) paging: Paging,
    pub(crate) includes: &'static [Include],
    pub(crate) filters: &'static [Filter],
    pub(crate) sorts: &'static [Sort],
    /// In the order of the answer; `id` first.
    pub(crate) attributes: &'static [Attribute],
}

/// How many rows a fresh account has.
pub(crate) enum Rows {
    AsAsked,
    AtMost(usize),
    Exactly(usize),
}

impl Rows {
    pub(crate) fn count(&self, asked: usize) -> usize {
        match self {
            Rows::AsAsked => asked,
            Rows::AtMost(most) => asked.min(*most),
            Rows::Exactly(count) => *count,
        }
    }
}

#[derive(PartialEq, Eq)]
pub(crate) enum Paging {
    /// `page` is ignored and everything is returned.
    None,
    Pages,
    /// Also knows `includes=pagination`.
    PagesWithTotals,
}

/// A name accepted in `includes` and the parts of a row that it adds.
pub(crate) struct Include {
    pub(crate) name: &'static str,
    pub(crate) parts: &'static [&'static str],
}

/// A field accepted in `sort`.
pub(crate) struct Sort {
    pub(crate) field: &'static str,
    pub(crate) by: By,
    /// This is the order of the list when none is asked.
    pub(crate) default: Option<Order>,
}

pub(crate) enum By {
    /// The time of creation, also where no attribute shows it.
    Created,
    /// The time of the last update, also where no attribute shows it.
    Updated,
    Text(&'static [&'static str]),
    /// Text whose digits count as numbers.
    Numbered(&'static str),
    Number(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

const fn sort(field: &'static str, by: By) -> Sort {
    Sort { field, by, default: None }
}

const fn default_sort(field: &'static str, by: By, order: Order) -> Sort {
    Sort { field, by, default: Some(order) }
}

/// The position of a resource in [`RESOURCES`].
pub(crate) fn position(name: &str) -> Option<usize> {
    RESOURCES.iter().position(|resource| resource.name == name)
}

/// The position of the resource whose rows relations call `entity`.
pub(crate) fn position_of_entity(entity: &str) -> Option<usize> {
    RESOURCES.iter().position(|resource| resource.entity == entity)
}
