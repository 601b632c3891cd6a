//! Papers of sales: quotations and orders.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]
#![expect(clippy::struct_field_names, reason = "the names are Teamleader's")]

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::IDS;
use super::lines::{Discount, LINES, LineGroup, Tax};
use super::types::{CustomField, ExchangeRate, Money, PaymentTerm, Relation};
use super::{PAGED, Resource, record};

pub(super) const QUOTATIONS: Resource = Resource {
    stream: "quotations",
    singular: "quotation",
    path: "quotations",
    description: "Quotations: what a deal would cost",
    record: record::<Quotation>,
    entity: Some("quotation"),
    filters: &[IDS],
    includes: &["expiry"],
    default_includes: &["expiry"],
    details: true,
    info_includes: &["expiry"],
    children: LINES,
    ..PAGED
};

pub(super) const ORDERS: Resource = Resource {
    stream: "orders",
    singular: "order",
    path: "orders",
    description: "Orders: what is bought from suppliers",
    record: record::<Order>,
    entity: Some("order"),
    filters: &[IDS],
    includes: &["custom_fields"],
    default_includes: &["custom_fields"],
    details: true,
    info_includes: &["custom_fields"],
    children: LINES,
    ..PAGED
};

/// An offer to a customer.
#[derive(JsonSchema)]
pub(super) struct Quotation {
    id: Uuid,
    name: Option<String>,
    deal: Option<Relation>,
    /// Such as `open`, `accepted`, `expired`, `rejected` or `closed`.
    status: Option<String>,
    currency_exchange_rate: Option<ExchangeRate>,
    total: Option<QuotationTotal>,
    /// Old quotations have none.
    created_at: Option<Timestamp>,
    /// Old quotations have none.
    updated_at: Option<Timestamp>,
    /// Part of the list with the include of the same name.
    expiry: Option<Expiry>,
    /// Part of the single record.
    currency: Option<String>,
    /// Part of the single record.
    text: Option<String>,
    /// Part of the single record.
    grouped_lines: Option<Vec<LineGroup>>,
    /// Part of the single record.
    discounts: Option<Vec<Discount>>,
    /// Part of the single record.
    document_template: Option<Relation>,
}

/// What a quotation comes to.
#[derive(JsonSchema)]
struct QuotationTotal {
    tax_exclusive: Option<Money>,
    tax_inclusive: Option<Money>,
    taxes: Option<Vec<Tax>>,
    purchase_price: Option<Money>,
}

/// How long an offer holds.
#[derive(JsonSchema)]
struct Expiry {
    expires_after: Option<Date>,
    /// `lock` or `none`.
    action_after_expiry: Option<String>,
}

/// Something that is bought for a customer or a project.
#[derive(JsonSchema)]
pub(super) struct Order {
    id: Uuid,
    name: Option<String>,
    order_number: Option<i64>,
    order_date: Option<Date>,
    delivery_date: Option<Date>,
    /// Seen, and not documented.
    status: Option<String>,
    payment_term: Option<PaymentTerm>,
    total: Option<OrderTotal>,
    web_url: Option<String>,
    /// A company or a contact.
    supplier: Option<Relation>,
    department: Option<Relation>,
    deal: Option<Relation>,
    project: Option<Relation>,
    assignee: Option<Relation>,
    /// Part of the list with the include `custom_fields`.
    custom_fields: Option<Vec<CustomField>>,
    /// Part of the single record.
    grouped_lines: Option<Vec<LineGroup>>,
}

/// What an order comes to.
#[derive(JsonSchema)]
struct OrderTotal {
    tax_exclusive: Option<Money>,
    tax_inclusive: Option<Money>,
    purchase_price_tax_exclusive: Option<Money>,
    purchase_price_tax_inclusive: Option<Money>,
    taxes: Option<Vec<Tax>>,
}
