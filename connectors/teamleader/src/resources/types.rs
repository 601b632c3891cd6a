//! Parts that records of several resources have.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use schemars::JsonSchema;
use serde_json::Value;
use uuid::Uuid;

/// A record of another resource. Teamleader adds types at any time.
#[derive(JsonSchema)]
pub(crate) struct Relation {
    r#type: Option<String>,
    id: Option<Uuid>,
}

/// A record that is no more than a name.
#[derive(JsonSchema)]
pub(super) struct Named {
    id: Uuid,
    name: Option<String>,
}

/// An amount of money.
#[derive(JsonSchema)]
pub(super) struct Money {
    amount: Option<f64>,
    /// ISO 4217.
    currency: Option<String>,
}

/// The value of a custom field.
#[derive(JsonSchema)]
pub(super) struct CustomField {
    definition: Option<Relation>,
    /// A text, a number, a boolean, an array of texts or a relation, as the definition says; empty fields are null, ""
    /// or [].
    value: Option<Value>,
}

/// An e-mail address with its purpose: primary, invoicing.
#[derive(JsonSchema)]
pub(super) struct Email {
    r#type: Option<String>,
    email: Option<String>,
}

/// A telephone number with its kind: phone, mobile, fax.
#[derive(JsonSchema)]
pub(crate) struct Telephone {
    r#type: Option<String>,
    number: Option<String>,
}

/// A postal address.
#[derive(JsonSchema)]
pub(super) struct Address {
    line_1: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    /// ISO 3166-1, two letters.
    country: Option<String>,
    /// A province or the like.
    area_level_two: Option<Relation>,
    /// Part of the addresses of single records.
    addressee: Option<String>,
}

/// An address with its purpose: primary, invoicing, delivery, visiting.
#[derive(JsonSchema)]
pub(super) struct PurposedAddress {
    r#type: Option<String>,
    address: Option<Address>,
}

/// When an invoice must be paid.
#[derive(JsonSchema)]
pub(super) struct PaymentTerm {
    /// `cash`, `end_of_month` or `after_invoice_date`.
    r#type: Option<String>,
    days: Option<i64>,
}

/// How a customer wants invoices.
#[derive(JsonSchema)]
pub(super) struct InvoicingPreferences {
    electronic_invoicing_address: Option<String>,
}

/// What one unit of a currency was worth.
#[derive(JsonSchema)]
pub(super) struct ExchangeRate {
    from: Option<String>,
    to: Option<String>,
    rate: Option<f64>,
}

/// An amount of time. Endpoints spell the unit differently.
#[derive(JsonSchema)]
pub(crate) struct Duration {
    value: Option<f64>,
    unit: Option<String>,
}
