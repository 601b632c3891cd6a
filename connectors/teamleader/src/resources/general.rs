//! Records of the account itself: departments, users, custom field definitions.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use schemars::JsonSchema;
use uuid::Uuid;

use super::types::{Email, Relation, Telephone};

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
