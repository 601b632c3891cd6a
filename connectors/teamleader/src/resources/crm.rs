//! The address book: companies, contacts, and the lists that belong to it.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::Direction::Ascending;
use connector_core::stream::FilterKind::{Boolean, Id, OneOf, Text, Texts, Typed};
use connector_core::stream::{Each, Walk};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{ACTIVE_OR_DEACTIVATED, IDS, TERM, UPDATED_SINCE};
use super::types::{
    Address, CustomField, Email, InvoicingPreferences, PaymentTerm, PurposedAddress, Relation, Telephone,
};
use super::{PAGED, Resource, UNPAGED, filter, record};

pub(super) const COMPANIES: Resource = Resource {
    stream: "companies",
    singular: "company",
    path: "companies",
    description: "Companies of the address book",
    record: record::<Company>,
    entity: Some("company"),
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
    details: true,
    info_includes: &["related_companies", "related_contacts"],
    custom_field_contexts: &["company"],
    ..PAGED
};

pub(super) const CONTACTS: Resource = Resource {
    stream: "contacts",
    singular: "contact",
    path: "contacts",
    description: "Contacts of the address book: people",
    record: record::<Contact>,
    entity: Some("contact"),
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
    details: true,
    custom_field_contexts: &["contact"],
    ..PAGED
};

pub(super) const BUSINESS_TYPES: Resource = Resource {
    stream: "business_types",
    singular: "business_type",
    path: "businessTypes",
    description: "Business types: legal forms of companies, by country",
    record: record::<NamedInCountry>,
    entity: Some("businessType"),
    filters: &[filter("country", Text)],
    beside: &["country"],
    info: false,
    ..UNPAGED
};

pub(super) const LEVEL_TWO_AREAS: Resource = Resource {
    stream: "level_two_areas",
    singular: "level_two_area",
    path: "levelTwoAreas",
    description: "Level two areas: provinces and the like, by country",
    record: record::<NamedInCountry>,
    entity: Some("area_level_two"),
    each: Some(Each { filter: "country", values: HOME_COUNTRIES }),
    filters: &[filter("country", Text).required(), filter("language", Text)],
    beside: &["country", "language"],
    info: false,
    ..UNPAGED
};

/// Teamleader does not list countries. These are the homes of the languages that it speaks.
const HOME_COUNTRIES: &[&str] =
    &["BE", "DE", "DK", "ES", "FI", "FR", "GB", "IT", "NL", "NO", "PL", "PT", "SE", "TR"];

pub(super) const TAGS: Resource = Resource {
    stream: "tags",
    singular: "tag",
    path: "tags",
    description: "Tags of companies and contacts",
    record: record::<Tag>,
    key: &["tag"],
    // New tags come in between, but no two are alike and none changes.
    walk: Walk::Pages { sort: Some("tag") },
    sorts: &["tag"],
    info: false,
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
    /// Part of the single record.
    addresses: Option<Vec<PurposedAddress>>,
    /// Part of the single record. Markdown.
    remarks: Option<String>,
    /// Part of the single record.
    related_companies: Option<Vec<Relation>>,
    /// Part of the single record.
    related_contacts: Option<Vec<RelatedContact>>,
}

/// A person who works for a company, and as what.
#[derive(JsonSchema)]
struct RelatedContact {
    r#type: Option<String>,
    id: Option<Uuid>,
    position: Option<String>,
    secondary_position: Option<String>,
    division: Option<String>,
    is_decision_maker: Option<bool>,
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
    /// Part of the single record.
    vat_number: Option<String>,
    /// Part of the single record.
    addresses: Option<Vec<PurposedAddress>>,
    /// Part of the single record.
    companies: Option<Vec<Employment>>,
    /// Part of the single record. Markdown.
    remarks: Option<String>,
}

/// What a person is in a company.
#[derive(JsonSchema)]
struct Employment {
    company: Option<Relation>,
    position: Option<String>,
    secondary_position: Option<String>,
    division: Option<String>,
    decision_maker: Option<bool>,
}

/// A legal form or an area, and the country that has it.
#[derive(JsonSchema)]
pub(super) struct NamedInCountry {
    id: Uuid,
    name: Option<String>,
    /// ISO 3166-1, two letters.
    country: Option<String>,
}

/// A tag is known by its text alone.
#[derive(JsonSchema)]
pub(super) struct Tag {
    tag: String,
}
