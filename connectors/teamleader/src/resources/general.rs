//! Records of the account itself: departments, users, custom field definitions.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::FilterKind::{OneOf, SomeOf};
use connector_core::stream::Walk;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{ACTIVE_OR_DEACTIVATED, IDS, TERM};
use super::types::{Email, Relation, Telephone};
use super::{PAGED, Resource, UNPAGED, filter, record};

pub(super) const DEPARTMENTS: Resource = Resource {
    stream: "departments",
    singular: "department",
    path: "departments",
    description: "Departments: the legal entities of the account",
    record: record::<Department>,
    filters: &[IDS, filter("status", SomeOf(&["active", "archived"]))],
    sorts: &["default_department", "name", "created_at"],
    default_filter: &[("status", r#"["active","archived"]"#)],
    ..UNPAGED
};

pub(super) const USERS: Resource = Resource {
    stream: "users",
    singular: "user",
    path: "users",
    description: "Users of the account",
    record: record::<User>,
    // The only unique field of the four; people are seldom added while a list of them is read.
    walk: Walk::Pages { sort: Some("email") },
    filters: &[IDS, TERM, filter("status", SomeOf(ACTIVE_OR_DEACTIVATED))],
    sorts: &["first_name", "last_name", "email", "function"],
    // Without it the list shows active users only, and records point at users that do not exist.
    default_filter: &[("status", r#"["active","deactivated"]"#)],
    ..PAGED
};

pub(super) const CUSTOM_FIELD_DEFINITIONS: Resource = Resource {
    stream: "custom_field_definitions",
    singular: "custom_field_definition",
    path: "customFieldDefinitions",
    description: "Definitions of custom fields",
    record: record::<CustomFieldDefinition>,
    // Contexts are few and tie; labels are nearly unique.
    walk: Walk::Pages { sort: Some("label") },
    filters: &[IDS, filter("context", OneOf(CUSTOM_FIELD_CONTEXTS))],
    sorts: &["label", "context"],
    ..PAGED
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
}

/// A person who works with Teamleader.
#[derive(JsonSchema)]
pub(super) struct User {
    id: Uuid,
    account: Option<Relation>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    telephones: Option<Vec<Telephone>>,
    language: Option<String>,
    /// The person's job.
    function: Option<String>,
    /// `active` or `deactivated`.
    status: Option<String>,
    teams: Option<Vec<Relation>>,
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
