//! Settings of the account: departments, custom field definitions, work types, closing days, webhooks.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::FilterKind::{OneOf, SomeOf};
use connector_core::stream::{FilterKind, Walk};
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{ACTIVE_OR_ARCHIVED, IDS, TERM};
use super::types::{Address, Email, Named, Telephone};
use super::{PAGED, Resource, UNPAGED, filter, record};

pub(super) const DEPARTMENTS: Resource = Resource {
    stream: "departments",
    singular: "department",
    path: "departments",
    description: "Departments: the legal entities of the account",
    record: record::<Department>,
    entity: Some("department"),
    filters: &[IDS, filter("status", SomeOf(ACTIVE_OR_ARCHIVED))],
    sorts: &["default_department", "name", "created_at"],
    default_filter: &[("status", r#"["active","archived"]"#)],
    details: true,
    ..UNPAGED
};

pub(super) const CUSTOM_FIELD_DEFINITIONS: Resource = Resource {
    stream: "custom_field_definitions",
    singular: "custom_field_definition",
    path: "customFieldDefinitions",
    description: "Definitions of custom fields",
    record: record::<CustomFieldDefinition>,
    entity: Some("customFieldDefinition"),
    // Contexts are few and tie; labels are nearly unique.
    walk: Walk::Pages { sort: Some("label") },
    filters: &[IDS, filter("context", OneOf(CUSTOM_FIELD_CONTEXTS))],
    sorts: &["label", "context"],
    ..PAGED
};

pub(super) const WORK_TYPES: Resource = Resource {
    stream: "work_types",
    singular: "work_type",
    path: "workTypes",
    description: "Work types: what kind of work a task or tracked time is",
    record: record::<Named>,
    entity: Some("workType"),
    filters: &[IDS, TERM],
    info: false,
    ..PAGED
};

pub(super) const CLOSING_DAYS: Resource = Resource {
    stream: "closing_days",
    singular: "closing_day",
    path: "closingDays",
    description: "Closing days: when the whole company is closed",
    record: record::<ClosingDay>,
    entity: Some("closingDay"),
    totals: true,
    // They are few. A window would save nothing, and the documentation describes each of the filters as the other.
    filters: &[filter("date_after", FilterKind::Date), filter("date_before", FilterKind::Date)],
    info: false,
    ..PAGED
};

pub(super) const WEBHOOKS: Resource = Resource {
    stream: "webhooks",
    singular: "webhook",
    path: "webhooks",
    description: "Webhooks that the integration registered in the account",
    record: record::<Webhook>,
    key: &["url"],
    info: false,
    // They are settings of this connection rather than data of the account.
    synced_by_default: false,
    ..UNPAGED
};

/// Records show further contexts; the filter takes these. `deal` finds the fields whose context reads `sale`.
const CUSTOM_FIELD_CONTEXTS: &[&str] =
    &["contact", "company", "deal", "project", "milestone", "product", "invoice", "subscription", "ticket"];

/// A legal entity of the account.
#[derive(JsonSchema)]
pub(super) struct Department {
    id: Uuid,
    name: Option<String>,
    vat_number: Option<String>,
    currency: Option<String>,
    emails: Option<Vec<Email>>,
    /// `active` or `archived`.
    status: Option<String>,
    /// Part of the single record.
    address: Option<Address>,
    /// Part of the single record.
    telephones: Option<Vec<Telephone>>,
    /// Part of the single record.
    website: Option<String>,
    /// Part of the single record.
    iban: Option<String>,
    /// Part of the single record.
    bic: Option<String>,
    /// Part of the single record. A code of the Italian tax office, such as `RF01`.
    fiscal_regime: Option<String>,
}

/// What a custom field means.
#[derive(JsonSchema)]
pub(super) struct CustomFieldDefinition {
    id: Uuid,
    /// The resource that has the field. Deals are `sale`, and there are contexts that no documentation names.
    context: Option<String>,
    /// Such as `single_line`, `date`, `money`, `multi_select` or `company`.
    r#type: Option<String>,
    label: Option<String>,
    group: Option<String>,
    required: Option<bool>,
    configuration: Option<Configuration>,
}

/// What a custom field takes.
#[derive(JsonSchema)]
struct Configuration {
    options: Option<Vec<SelectOption>>,
    extra_option_allowed: Option<bool>,
}

/// One choice of a select field.
#[derive(JsonSchema)]
struct SelectOption {
    id: Option<Uuid>,
    value: Option<String>,
}

/// A day on which the company is closed.
#[derive(JsonSchema)]
pub(super) struct ClosingDay {
    id: Uuid,
    date: Option<Date>,
}

/// An address that is called when something happens.
#[derive(JsonSchema)]
pub(super) struct Webhook {
    url: String,
    /// What it is called for, such as `invoice.booked`.
    types: Option<Vec<String>>,
}
