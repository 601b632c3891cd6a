//! Records of the address book and of sales: companies, contacts, deals.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::types::{
    Address, CustomField, Email, ExchangeRate, InvoicingPreferences, Money, PaymentTerm, Relation, Telephone,
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

/// A sales opportunity.
#[derive(JsonSchema)]
pub(super) struct Deal {
    id: Uuid,
    title: Option<String>,
    summary: Option<String>,
    reference: Option<String>,
    /// Such as `new`, `open`, `won` or `lost`.
    status: Option<String>,
    lead: Option<Lead>,
    department: Option<Relation>,
    estimated_value: Option<Money>,
    estimated_closing_date: Option<Date>,
    /// From 0 to 1.
    estimated_probability: Option<f64>,
    weighted_value: Option<Money>,
    purchase_order_number: Option<String>,
    current_phase: Option<Relation>,
    responsible_user: Option<Relation>,
    /// Part of the list with the include of the same name.
    second_responsible_user: Option<Relation>,
    closed_at: Option<Timestamp>,
    source: Option<Relation>,
    lost_reason: Option<LostReason>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    web_url: Option<String>,
    /// Part of the list with the include `custom_fields`.
    custom_fields: Option<Vec<CustomField>>,
    currency_exchange_rate: Option<ExchangeRate>,
    pipeline: Option<Relation>,
}

/// Who may buy.
#[derive(JsonSchema)]
struct Lead {
    /// A company or a contact.
    customer: Option<Relation>,
    contact_person: Option<Relation>,
}

/// Why nobody bought.
#[derive(JsonSchema)]
struct LostReason {
    reason: Option<Relation>,
    remark: Option<String>,
}
