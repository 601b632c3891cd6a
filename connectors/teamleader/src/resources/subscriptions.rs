//! Subscriptions: invoices that are made again and again.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::FilterKind::{Id, SomeOf};
use connector_core::stream::Walk;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde_json::Value;
use uuid::Uuid;

use super::filters::{ACTIVE_OR_DEACTIVATED, CUSTOMER, IDS};
use super::invoicing::{Invoicee, Total};
use super::lines::{LINES, LineGroup, Periodicity};
use super::types::{CustomField, PaymentTerm, Relation};
use super::{PAGED, Resource, filter, record};

pub(super) const SUBSCRIPTIONS: Resource = Resource {
    stream: "subscriptions",
    singular: "subscription",
    path: "subscriptions",
    description: "Subscriptions, deactivated ones too",
    record: record::<Subscription>,
    entity: Some("subscription"),
    // Old ones have no date of creation; those that come have one.
    walk: Walk::Pages { sort: Some("created_at") },
    filters: &[
        IDS,
        filter("invoice_id", Id),
        filter("deal_id", Id),
        filter("department_id", Id),
        CUSTOMER,
        filter("status", SomeOf(ACTIVE_OR_DEACTIVATED)),
    ],
    sorts: &["title", "created_at", "status"],
    default_filter: &[("status", r#"["active","deactivated"]"#)],
    details: true,
    children: LINES,
    custom_field_contexts: &["subscription"],
    ..PAGED
};

/// What a customer pays for regularly.
#[derive(JsonSchema)]
pub(super) struct Subscription {
    id: Uuid,
    title: Option<String>,
    /// Markdown.
    note: Option<String>,
    /// `active` or `deactivated`.
    status: Option<String>,
    department: Option<Relation>,
    invoicee: Option<Invoicee>,
    project: Option<Relation>,
    starts_on: Option<Date>,
    ends_on: Option<Date>,
    next_renewal_date: Option<Date>,
    billing_cycle: Option<BillingCycle>,
    total: Option<Total>,
    web_url: Option<String>,
    created_at: Option<Timestamp>,
    purchase_order_number: Option<String>,
    delivery_information: Option<Value>,
    /// Such as `goods`, `services` or `goods_and_services`.
    invoice_content: Option<String>,
    /// Part of the single record.
    payment_term: Option<PaymentTerm>,
    /// Part of the single record.
    grouped_lines: Option<Vec<LineGroup>>,
    /// Part of the single record.
    invoice_generation: Option<InvoiceGeneration>,
    /// Part of the single record.
    custom_fields: Option<Vec<CustomField>>,
    /// Part of the single record.
    document_template: Option<Relation>,
    /// Part of the single record. ISO 4217.
    currency: Option<String>,
}

/// How often an invoice is made, and when.
#[derive(JsonSchema)]
struct BillingCycle {
    periodicity: Option<Periodicity>,
    days_in_advance: Option<i64>,
}

/// What happens to an invoice once it is made.
#[derive(JsonSchema)]
struct InvoiceGeneration {
    /// `draft`, `book` or `book_and_send`.
    action: Option<String>,
    sending_methods: Option<Vec<SendingMethod>>,
    /// Such as `direct_debit`.
    payment_method: Option<String>,
}

/// A way to send an invoice.
#[derive(JsonSchema)]
struct SendingMethod {
    /// Such as `email`, `peppol` or `postal_service`.
    method: Option<String>,
}
