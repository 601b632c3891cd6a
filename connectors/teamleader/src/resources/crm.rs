//! Records of the address book: companies, contacts.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::Direction::Ascending;
use connector_core::stream::FilterKind::{Boolean, Id, OneOf, Text, Texts, Typed};
use connector_core::stream::Walk;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{ACTIVE_OR_DEACTIVATED, IDS, TERM, UPDATED_SINCE};
use super::types::{Address, CustomField, Email, InvoicingPreferences, PaymentTerm, Relation, Telephone};
use super::{PAGED, Resource, filter, record};

pub(super) const COMPANIES: Resource = Resource {
    stream: "companies",
    singular: "company",
    path: "companies",
    description: "Companies of the address book",
    record: record::<Company>,
    walk: Walk::Value { field: "updated_at", direction: Ascending, bound: "updated_since" },
    changed_since: Some("updated_since"),
    filters: &[
        filter("email", Typed(&["primary"], "email")),
        IDS,
        TERM,
        UPDATED_SINCE,
        filter("tags", Texts),
        filter("vat_number", Text),
        filter("national_identification_number", Text),
        filter("status", OneOf(ACTIVE_OR_DEACTIVATED)),
        filter("marketing_mails_consent", Boolean),
    ],
    sorts: &["name", "added_at", "updated_at"],
    includes: &["custom_fields", "price_list"],
    default_includes: &["custom_fields"],
    ..PAGED
};

pub(super) const CONTACTS: Resource = Resource {
    stream: "contacts",
    singular: "contact",
    path: "contacts",
    description: "Contacts of the address book: people",
    record: record::<Contact>,
    walk: Walk::Value { field: "updated_at", direction: Ascending, bound: "updated_since" },
    changed_since: Some("updated_since"),
    filters: &[
        filter("email", Typed(&["primary"], "email")),
        IDS,
        filter("company_id", Id),
        TERM,
        UPDATED_SINCE,
        filter("tags", Texts),
        filter("status", OneOf(ACTIVE_OR_DEACTIVATED)),
        filter("marketing_mails_consent", Boolean),
    ],
    sorts: &["added_at", "name", "updated_at"],
    includes: &["custom_fields", "price_list"],
    default_includes: &["custom_fields"],
    ..PAGED
};

/// A company of the address book.
#[derive(JsonSchema)]
pub(super) struct Company {
    id: Uuid,
    name: Option<String>,
    /// `active` or `deactivated`.
    status: Option<String>,
    business_type: Option<Relation>,
    vat_number: Option<String>,
    national_identification_number: Option<String>,
    emails: Option<Vec<Email>>,
    telephones: Option<Vec<Telephone>>,
    website: Option<String>,
    primary_address: Option<Address>,
    iban: Option<String>,
    bic: Option<String>,
    language: Option<String>,
    preferred_currency: Option<String>,
    payment_term: Option<PaymentTerm>,
    invoicing_preferences: Option<InvoicingPreferences>,
    responsible_user: Option<Relation>,
    added_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    web_url: Option<String>,
    tags: Option<Vec<String>>,
    marketing_mails_consent: Option<bool>,
    /// Part of the list with the include `custom_fields`.
    custom_fields: Option<Vec<CustomField>>,
    /// Part of the list with the include `price_list`.
    price_list: Option<Relation>,
}

/// A person of the address book.
#[derive(JsonSchema)]
pub(super) struct Contact {
    id: Uuid,
    first_name: Option<String>,
    last_name: Option<String>,
    /// `active` or `deactivated`.
    status: Option<String>,
    salutation: Option<String>,
    emails: Option<Vec<Email>>,
    telephones: Option<Vec<Telephone>>,
    website: Option<String>,
    primary_address: Option<Address>,
    /// Such as `female`, `male`, `non_binary`, `prefers_not_to_say` or `unknown`.
    gender: Option<String>,
    birthdate: Option<Date>,
    iban: Option<String>,
    bic: Option<String>,
    national_identification_number: Option<String>,
    language: Option<String>,
    payment_term: Option<PaymentTerm>,
    invoicing_preferences: Option<InvoicingPreferences>,
    tags: Option<Vec<String>>,
    added_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    web_url: Option<String>,
    marketing_mails_consent: Option<bool>,
    /// Part of the list with the include `custom_fields`.
    custom_fields: Option<Vec<CustomField>>,
    /// Part of the list with the include `price_list`.
    price_list: Option<Relation>,
}
