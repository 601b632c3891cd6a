//! Lines of documents with prices: quotations, orders, invoices, credit notes, subscriptions.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]
#![expect(clippy::struct_field_names, reason = "the names are Teamleader's")]

use connector_core::stream::Child;
use schemars::JsonSchema;

use super::types::{Money, Relation};

/// The lines of a document as a table.
pub(super) const LINES: &[Child] = &[Child { name: "lines", path: &["grouped_lines", "line_items"] }];

/// Lines under one heading.
#[derive(JsonSchema)]
pub(super) struct LineGroup {
    section: Option<Section>,
    line_items: Option<Vec<LineItem>>,
}

/// The heading.
#[derive(JsonSchema)]
struct Section {
    title: Option<String>,
}

/// Something that is sold or bought. Which of the fields there are depends on the document.
#[derive(JsonSchema)]
struct LineItem {
    product: Option<Relation>,
    product_category: Option<Relation>,
    quantity: Option<f64>,
    description: Option<String>,
    extended_description: Option<String>,
    unit: Option<Relation>,
    unit_price: Option<UnitPrice>,
    tax: Option<Relation>,
    discount: Option<LineDiscount>,
    total: Option<LineTotal>,
    purchase_price: Option<Money>,
    /// How often it is delivered and paid.
    periodicity: Option<Periodicity>,
    withheld_tax: Option<Relation>,
}

/// The price of one.
#[derive(JsonSchema)]
struct UnitPrice {
    amount: Option<f64>,
    /// ISO 4217; most documents say it once for all lines.
    currency: Option<String>,
    /// `excluding`: the amount is without tax.
    tax: Option<String>,
}

/// What is taken off a line.
#[derive(JsonSchema)]
struct LineDiscount {
    value: Option<f64>,
    /// `percentage`.
    r#type: Option<String>,
}

/// What a line costs.
#[derive(JsonSchema)]
struct LineTotal {
    tax_exclusive: Option<Money>,
    tax_exclusive_before_discount: Option<Money>,
    tax_inclusive: Option<Money>,
    tax_inclusive_before_discount: Option<Money>,
}

/// Every so many weeks, months or years.
#[derive(JsonSchema)]
pub(super) struct Periodicity {
    /// Such as `week`, `month` or `year`.
    unit: Option<String>,
    period: Option<f64>,
}

/// What is taken off the whole document.
#[derive(JsonSchema)]
pub(super) struct Discount {
    /// `percentage`.
    r#type: Option<String>,
    value: Option<f64>,
    description: Option<String>,
}

/// The tax of one rate.
#[derive(JsonSchema)]
pub(super) struct Tax {
    rate: Option<f64>,
    taxable: Option<Money>,
    tax: Option<Money>,
}
