//! Invoices and credit notes.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]
#![expect(clippy::struct_field_names, reason = "the names are Teamleader's")]

use connector_core::stream::FilterKind::{Id, SomeOf, Text};
use connector_core::stream::{FilterKind, Walk};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{CUSTOMER, IDS, TERM, UPDATED_SINCE};
use super::lines::{Discount, LINES, LineGroup, Tax};
use super::types::{CustomField, ExchangeRate, Money, PaymentTerm, Relation};
use super::{PAGED, Resource, filter, record};

pub(super) const INVOICES: Resource = Resource {
    stream: "invoices",
    singular: "invoice",
    path: "invoices",
    description: "Invoices, drafts included",
    record: record::<Invoice>,
    entity: Some("invoice"),
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
    details: true,
    children: LINES,
    custom_field_contexts: &["invoice"],
    ..PAGED
};

pub(super) const CREDIT_NOTES: Resource = Resource {
    stream: "credit_notes",
    singular: "credit_note",
    path: "creditNotes",
    description: "Credit notes",
    record: record::<CreditNote>,
    entity: Some("creditNote"),
    changed_since: Some("updated_since"),
    filters: &[
        IDS,
        filter("department_id", Id),
        UPDATED_SINCE,
        filter("invoice_id", Id),
        filter("project_id", Id),
        CUSTOMER,
        filter("credit_note_date_after", FilterKind::Date),
        filter("credit_note_date_before", FilterKind::Date),
    ],
    details: true,
    children: LINES,
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
    /// Not part of the single record.
    web_url: Option<String>,
    file: Option<Relation>,
    deal: Option<Relation>,
    /// A project of either module.
    project: Option<Relation>,
    delivery_date: Option<Date>,
    subscription: Option<Relation>,
    /// Such as `goods`, `services` or `goods_and_services`.
    invoice_content: Option<String>,
    /// Part of the single record.
    discounts: Option<Vec<Discount>>,
    /// Part of the single record.
    grouped_lines: Option<Vec<LineGroup>>,
    /// Part of the single record.
    payment_term: Option<PaymentTerm>,
    /// Part of the single record.
    payments: Option<Vec<Payment>>,
    /// Part of the single record.
    note: Option<String>,
    /// Part of the single record. ISO 4217.
    currency: Option<String>,
    /// Part of the single record.
    expected_payment_method: Option<ExpectedPaymentMethod>,
    /// Part of the single record. Reminders pause since then.
    on_hold_since: Option<Date>,
    /// Part of the single record.
    custom_fields: Option<Vec<CustomField>>,
    /// Part of the single record.
    document_template: Option<Relation>,
    /// Part of the single record. How far the invoice came in the Peppol network.
    peppol_status: Option<String>,
}

/// Money that is given back for an invoice, in whole or in part.
#[derive(JsonSchema)]
pub(super) struct CreditNote {
    id: Uuid,
    department: Option<Relation>,
    /// Such as `2024/5`.
    credit_note_number: Option<String>,
    credit_note_date: Option<Date>,
    /// `booked`.
    status: Option<String>,
    invoice: Option<Relation>,
    paid: Option<bool>,
    paid_at: Option<Timestamp>,
    invoicee: Option<Invoicee>,
    total: Option<Total>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    /// Part of the single record.
    discounts: Option<Vec<Discount>>,
    /// Part of the single record.
    grouped_lines: Option<Vec<LineGroup>>,
    /// Part of the single record. ISO 4217.
    currency: Option<String>,
    /// Part of the single record.
    currency_exchange_rate: Option<ExchangeRate>,
    /// Part of the single record.
    document_template: Option<Relation>,
    /// Part of the single record. How far the credit note came in the Peppol network.
    peppol_status: Option<String>,
}

/// Who has to pay.
#[derive(JsonSchema)]
pub(super) struct Invoicee {
    name: Option<String>,
    vat_number: Option<String>,
    /// A company or a contact.
    customer: Option<Relation>,
    for_attention_of: Option<Attention>,
    /// Part of the single record.
    email: Option<String>,
    /// Part of the single record.
    national_identification_number: Option<String>,
}

/// Who should read it: a name or a contact.
#[derive(JsonSchema)]
struct Attention {
    name: Option<String>,
    contact: Option<Relation>,
}

/// What has to be paid. Which of the amounts there are depends on the document.
#[derive(JsonSchema)]
pub(super) struct Total {
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
    /// Part of the single record.
    tax_exclusive_before_discount: Option<Money>,
    /// Part of the single record.
    tax_inclusive_before_discount: Option<Money>,
    /// Part of the single record.
    withheld_taxes: Option<Vec<WithheldTax>>,
}

/// Tax that the customer keeps and pays to the state.
#[derive(JsonSchema)]
struct WithheldTax {
    /// Of the withholding tax rate.
    id: Option<Uuid>,
    taxable: Option<Money>,
    withheld: Option<Money>,
}

/// Money that came in.
#[derive(JsonSchema)]
struct Payment {
    paid_at: Option<Timestamp>,
    payment: Option<Money>,
}

/// How the money should come in.
#[derive(JsonSchema)]
struct ExpectedPaymentMethod {
    /// Such as `sepa_direct_debit`, `direct_debit` or `credit_card`.
    method: Option<String>,
    reference: Option<String>,
}
