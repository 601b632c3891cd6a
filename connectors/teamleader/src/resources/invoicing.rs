//! Records of invoicing: invoices.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]
#![expect(clippy::struct_field_names, reason = "the names are Teamleader's")]

use connector_core::stream::FilterKind::{Id, SomeOf, Text};
use connector_core::stream::{FilterKind, Walk};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{CUSTOMER, IDS, TERM, UPDATED_SINCE};
use super::lines::Tax;
use super::types::{ExchangeRate, Money, Relation};
use super::{PAGED, Resource, filter, record};

pub(super) const INVOICES: Resource = Resource {
    stream: "invoices",
    singular: "invoice",
    path: "invoices",
    description: "Invoices, drafts included",
    record: record::<Invoice>,
    // A number is given once, when a draft is booked, and the next is higher. Dates can be set back, and a day
    // with many invoices is one big tie. Drafts have neither.
    walk: Walk::Pages { sort: Some("invoice_number") },
    changed_since: Some("updated_since"),
    filters: &[
        IDS,
        TERM,
        filter("invoice_number", Text),
        filter("department_id", Id),
        filter("deal_id", Id),
        filter("project_id", Id),
        filter("subscription_id", Id),
        filter("status", SomeOf(&["draft", "outstanding", "matched"])),
        UPDATED_SINCE,
        filter("purchase_order_number", Text),
        filter("payment_reference", Text),
        filter("invoice_date_after", FilterKind::Date),
        filter("invoice_date_before", FilterKind::Date),
        CUSTOMER,
    ],
    sorts: &["invoice_number", "invoice_date"],
    includes: &["late_fees", "totals.due_incasso_inclusive", "totals.fixed_late_fee", "totals.interest"],
    ..PAGED
};

/// An invoice or a draft of one.
#[derive(JsonSchema)]
pub(super) struct Invoice {
    id: Uuid,
    department: Option<Relation>,
    /// Such as `2024 / 17`; drafts have none.
    invoice_number: Option<String>,
    invoice_date: Option<Date>,
    /// `draft`, `outstanding` or `matched`.
    status: Option<String>,
    due_on: Option<Date>,
    paid: Option<bool>,
    paid_at: Option<Timestamp>,
    sent: Option<bool>,
    purchase_order_number: Option<String>,
    payment_reference: Option<String>,
    invoicee: Option<Invoicee>,
    total: Option<Total>,
    currency_exchange_rate: Option<ExchangeRate>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    web_url: Option<String>,
    file: Option<Relation>,
    deal: Option<Relation>,
    project: Option<Relation>,
    delivery_date: Option<Date>,
}

/// Who has to pay.
#[derive(JsonSchema)]
struct Invoicee {
    name: Option<String>,
    vat_number: Option<String>,
    /// A company or a contact.
    customer: Option<Relation>,
    for_attention_of: Option<Attention>,
}

/// Who should read it: a name or a contact.
#[derive(JsonSchema)]
struct Attention {
    name: Option<String>,
    contact: Option<Relation>,
}

/// What has to be paid.
#[derive(JsonSchema)]
struct Total {
    tax_exclusive: Option<Money>,
    tax_inclusive: Option<Money>,
    payable: Option<Money>,
    taxes: Option<Vec<Tax>>,
    due: Option<Money>,
    /// Part of the list with the include `totals.due_incasso_inclusive`.
    due_incasso_inclusive: Option<Money>,
    /// Part of the list with the include `totals.fixed_late_fee`.
    fixed_late_fee: Option<Money>,
    /// Part of the list with the include `totals.interest`.
    interest: Option<Money>,
}
