//! What invoices are made under: tax rates, terms and methods of payment, discounts.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::Filter;
use connector_core::stream::FilterKind::{Id, SomeOf};
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{ACTIVE_OR_ARCHIVED, IDS};
use super::types::Relation;
use super::{PAGED, Resource, UNPAGED, filter, record};

const DEPARTMENT: Filter = filter("department_id", Id);

pub(super) const TAX_RATES: Resource = Resource {
    stream: "tax_rates",
    singular: "tax_rate",
    path: "taxRates",
    description: "Tax rates of the departments",
    record: record::<TaxRate>,
    entity: Some("taxRate"),
    filters: &[DEPARTMENT],
    sorts: &["department_id", "rate", "description"],
    info: false,
    ..PAGED
};

pub(super) const WITHHOLDING_TAX_RATES: Resource = Resource {
    stream: "withholding_tax_rates",
    singular: "withholding_tax_rate",
    path: "withholdingTaxRates",
    description: "Rates of the tax that customers withhold",
    record: record::<TaxRate>,
    entity: Some("withholdingTaxRate"),
    filters: &[DEPARTMENT],
    info: false,
    ..UNPAGED
};

pub(super) const PAYMENT_TERMS: Resource = Resource {
    stream: "payment_terms",
    singular: "payment_term",
    path: "paymentTerms",
    description: "Payment terms: when invoices must be paid",
    record: record::<PaymentTerm>,
    entity: Some("paymentTerm"),
    info: false,
    ..UNPAGED
};

pub(super) const PAYMENT_METHODS: Resource = Resource {
    stream: "payment_methods",
    singular: "payment_method",
    path: "paymentMethods",
    description: "Payment methods, archived ones too",
    record: record::<PaymentMethod>,
    entity: Some("paymentMethod"),
    filters: &[IDS, filter("status", SomeOf(ACTIVE_OR_ARCHIVED))],
    default_filter: &[("status", r#"["active","archived"]"#)],
    info: false,
    ..PAGED
};

pub(super) const COMMERCIAL_DISCOUNTS: Resource = Resource {
    stream: "commercial_discounts",
    singular: "commercial_discount",
    path: "commercialDiscounts",
    description: "Commercial discounts of the departments",
    record: record::<CommercialDiscount>,
    key: &["department_id", "name"],
    filters: &[DEPARTMENT],
    info: false,
    ..UNPAGED
};

/// A rate of a tax, as one department uses it.
#[derive(JsonSchema)]
pub(super) struct TaxRate {
    id: Uuid,
    description: Option<String>,
    /// 0.21 for 21 %.
    rate: Option<f64>,
    department: Option<Relation>,
}

/// When an invoice must be paid.
#[derive(JsonSchema)]
pub(super) struct PaymentTerm {
    id: Uuid,
    /// `cash`, `end_of_month` or `after_invoice_date`.
    r#type: Option<String>,
    days: Option<i64>,
}

/// A way to pay.
#[derive(JsonSchema)]
pub(super) struct PaymentMethod {
    id: Uuid,
    name: Option<String>,
    /// `active` or `archived`.
    status: Option<String>,
}

/// A discount with a name. Accounts did not always get ids for them.
#[derive(JsonSchema)]
pub(super) struct CommercialDiscount {
    department: Relation,
    name: String,
    id: Option<Uuid>,
}
