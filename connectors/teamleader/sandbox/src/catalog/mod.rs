//! The resources of the stand-in: one declaration each, from which data, lists, filters and checks follow.
//!
//! Adding a resource is adding a file with one `Resource` and naming it in [`RESOURCES`].

mod calendar_lists;
mod calls;
mod companies;
mod conformity;
mod contacts;
mod credit_notes;
mod custom_field_definitions;
mod days_off;
mod deal_lists;
mod deals;
mod departments;
mod document_templates;
mod documents;
mod email_tracking;
mod events;
mod expense_lists;
mod expenses;
mod files;
mod filter;
mod invoices;
mod invoicing_lists;
mod kind;
mod mail_templates;
mod meetings;
mod milestones;
mod nextgen_projects;
mod nextgen_work;
mod notes;
mod orders;
mod places;
mod plannable_items;
mod product_lists;
mod products;
mod project_lines;
mod project_parts;
mod projects;
mod quotations;
mod reservations;
mod shared;
mod subscriptions;
mod tags;
mod tasks;
mod teams;
mod tickets;
mod time_tracking;
mod users;
mod work_types;

pub(crate) use conformity::violations;
pub(crate) use custom_field_definitions::DEFINITIONS;
pub(crate) use filter::{Filter, Place, Test, filter};
pub(crate) use kind::{Absence, Attribute, Kind, Part, attribute};

/// In the order in which a reader meets them; nothing depends on it.
pub(crate) static RESOURCES: &[&Resource] = &[
    &departments::DEPARTMENTS,
    &users::USERS,
    &days_off::DAYS_OFF,
    &teams::TEAMS,
    &custom_field_definitions::CUSTOM_FIELD_DEFINITIONS,
    &work_types::WORK_TYPES,
    &document_templates::DOCUMENT_TEMPLATES,
    &notes::NOTES,
    &email_tracking::EMAIL_TRACKING,
    &days_off::CLOSING_DAYS,
    &days_off::DAY_OFF_TYPES,
    &contacts::CONTACTS,
    &companies::COMPANIES,
    &places::BUSINESS_TYPES,
    &tags::TAGS,
    &places::LEVEL_TWO_AREAS,
    &deals::DEALS,
    &deal_lists::LOST_REASONS,
    &deal_lists::DEAL_PIPELINES,
    &deal_lists::DEAL_PHASES,
    &deal_lists::DEAL_SOURCES,
    &quotations::QUOTATIONS,
    &orders::ORDERS,
    &meetings::MEETINGS,
    &calls::CALLS,
    &calendar_lists::CALL_OUTCOMES,
    &events::EVENTS,
    &calendar_lists::ACTIVITY_TYPES,
    &invoices::INVOICES,
    &credit_notes::CREDIT_NOTES,
    &subscriptions::SUBSCRIPTIONS,
    &invoicing_lists::TAX_RATES,
    &invoicing_lists::PAYMENT_TERMS,
    &invoicing_lists::WITHHOLDING_TAX_RATES,
    &invoicing_lists::COMMERCIAL_DISCOUNTS,
    &invoicing_lists::PAYMENT_METHODS,
    &expense_lists::BOOKKEEPING_SUBMISSIONS,
    &expenses::EXPENSES,
    &expense_lists::CREDIT_NOTE_PAYMENTS,
    &expense_lists::INVOICE_PAYMENTS,
    &expense_lists::RECEIPT_PAYMENTS,
    &product_lists::PRODUCT_CATEGORIES,
    &products::PRODUCTS,
    &product_lists::UNITS_OF_MEASURE,
    &product_lists::PRICE_LISTS,
    &projects::PROJECTS,
    &milestones::MILESTONES,
    &nextgen_projects::NEXTGEN_PROJECTS,
    &project_lines::PROJECT_LINES,
    &project_lines::PROJECT_GROUPS,
    &nextgen_work::NEXTGEN_TASKS,
    &nextgen_work::NEXTGEN_MATERIALS,
    &tasks::TASKS,
    &time_tracking::TIME_TRACKING,
    &plannable_items::PLANNABLE_ITEMS,
    &reservations::RESERVATIONS,
    &tickets::TICKETS,
    &tickets::TICKET_MESSAGES,
    &tickets::TICKET_STATUS,
    &files::FILES,
    &mail_templates::MAIL_TEMPLATES,
];

/// The whole story of one resource.
pub(crate) struct Resource {
    /// As in the path: `/{name}.list`. Lists with another action are called by what they list.
    pub(crate) name: &'static str,
    /// As in a `{type, id}` relation.
    pub(crate) entity: &'static str,
    /// Where rows are not known as `entity` but, in turn, as one of these: row 0 as the first, row 1 as the
    /// second, and so on.
    pub(crate) kinds: &'static [&'static str],
    /// The path of the list, where it is not `{name}.list`.
    pub(crate) list: Option<&'static str>,
    /// There is a `{name}.info`.
    pub(crate) has_info: bool,
    pub(crate) scope: Option<&'static str>,
    pub(crate) rows: Rows,
    pub(crate) paging: Paging,
    pub(crate) meta: Meta,
    /// The relation to the row that this one belongs to, when rows are asked for one such row at a time.
    pub(crate) owner: Option<&'static str>,
    pub(crate) includes: &'static [Include],
    pub(crate) filters: &'static [Filter],
    pub(crate) sorts: &'static [Sort],
    /// In the order of the answer. One of them is a [`Kind::Id`], hidden where the service shows no id.
    pub(crate) attributes: &'static [Attribute],
}

impl Resource {
    /// What most resources are: a paged list without info. Declarations say what is different.
    pub(crate) const PLAIN: Self = Self {
        name: "",
        entity: "",
        kinds: &[],
        list: None,
        has_info: false,
        scope: None,
        rows: Rows::AsAsked,
        paging: Paging::Pages,
        meta: Meta::None,
        owner: None,
        includes: &[],
        filters: &[],
        sorts: &[],
        attributes: &[],
    };

    /// The name of the attribute that holds the id.
    pub(crate) fn id_attribute(&self) -> &'static str {
        let id = self.attributes.iter().find(|attribute| matches!(attribute.kind, Kind::Id));
        id.map_or("id", |attribute| attribute.name)
    }
}

/// How many rows a fresh account has.
pub(crate) enum Rows {
    AsAsked,
    /// So many times as asked, for rows that belong to others.
    Times(usize),
    AtMost(usize),
    Exactly(usize),
}

impl Rows {
    pub(crate) fn count(&self, asked: usize) -> usize {
        match self {
            Rows::AsAsked => asked,
            Rows::Times(factor) => asked * factor,
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

/// What `meta` tells besides the page and the number of rows.
#[derive(PartialEq, Eq)]
pub(crate) enum Meta {
    None,
    /// The id of the row that is the default: the oldest.
    Default,
    /// Info tells whether the row may be changed.
    Updatable,
    /// The sum of the money at this path.
    Total(&'static str),
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
    /// The other order is not known.
    pub(crate) only: Option<Order>,
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
    Sort { field, by, default: None, only: None }
}

const fn default_sort(field: &'static str, by: By, order: Order) -> Sort {
    Sort { field, by, default: Some(order), only: None }
}

/// The list knows no other order.
const fn only_sort(field: &'static str, by: By, order: Order) -> Sort {
    Sort { field, by, default: Some(order), only: Some(order) }
}

/// The position of a resource in [`RESOURCES`].
pub(crate) fn position(name: &str) -> Option<usize> {
    RESOURCES.iter().position(|resource| resource.name == name)
}

/// The position of the resource that is listed at `path`, which has no leading slash.
pub(crate) fn position_of_list(path: &str) -> Option<usize> {
    let has_path = |resource: &&Resource| match resource.list {
        Some(list) => list == path,
        None => path.strip_suffix(".list") == Some(resource.name),
    };
    RESOURCES.iter().position(has_path)
}

/// Relations call some rows by another name than the one of their resource.
pub(crate) fn row_entity(entity: &str) -> &str {
    match entity {
        "todo" => "task",
        "priceunit" => "unitOfMeasure",
        entity => entity,
    }
}

/// The position of the resource whose rows relations call `entity`.
pub(crate) fn position_of_entity(entity: &str) -> Option<usize> {
    let entity = row_entity(entity);
    RESOURCES.iter().position(|resource| resource.entity == entity)
}
