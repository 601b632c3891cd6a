//! Products, and what they are sorted, measured and priced by.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]
#![expect(clippy::struct_field_names, reason = "the names are Teamleader's")]

use connector_core::stream::FilterKind::Id;
use jiff::Timestamp;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{IDS, TERM, UPDATED_SINCE};
use super::types::{CustomField, Money, Named, Relation};
use super::{PAGED, Resource, UNPAGED, filter, record};

pub(super) const PRODUCTS: Resource = Resource {
    stream: "products",
    singular: "product",
    path: "products",
    description: "Products and services of the catalogue",
    record: record::<Product>,
    entity: Some("product"),
    changed_since: Some("updated_since"),
    filters: &[IDS, TERM, UPDATED_SINCE],
    details: true,
    info_includes: &["suppliers"],
    custom_field_contexts: &["product"],
    ..PAGED
};

pub(super) const PRODUCT_CATEGORIES: Resource = Resource {
    stream: "product_categories",
    singular: "product_category",
    path: "productCategories",
    description: "Product categories with their ledger accounts",
    record: record::<ProductCategory>,
    entity: Some("productCategory"),
    filters: &[filter("department_id", Id)],
    info: false,
    ..UNPAGED
};

pub(super) const UNITS_OF_MEASURE: Resource = Resource {
    stream: "units_of_measure",
    singular: "unit_of_measure",
    path: "unitsOfMeasure",
    description: "Units of measure: what products are counted in",
    record: record::<Named>,
    entity: Some("unitOfMeasure"),
    info: false,
    ..UNPAGED
};

pub(super) const PRICE_LISTS: Resource = Resource {
    stream: "price_lists",
    singular: "price_list",
    path: "priceLists",
    description: "Price lists: other prices for some customers",
    record: record::<PriceList>,
    entity: Some("priceList"),
    filters: &[IDS],
    info: false,
    ..UNPAGED
};

/// Something that is sold.
#[derive(JsonSchema)]
pub(super) struct Product {
    id: Uuid,
    name: Option<String>,
    /// Markdown.
    description: Option<String>,
    code: Option<String>,
    unit: Option<Relation>,
    added_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    /// For accounts that keep stock.
    stock: Option<Stock>,
    configuration: Option<Configuration>,
    /// Part of the single record.
    purchase_price: Option<Money>,
    /// Part of the single record.
    selling_price: Option<Money>,
    /// Part of the single record. A tax rate.
    tax: Option<Relation>,
    /// Part of the single record.
    suppliers: Option<Vec<Supplier>>,
    /// Part of the single record.
    custom_fields: Option<Vec<CustomField>>,
    /// Part of the single record.
    price_list_prices: Option<Vec<PriceListPrice>>,
    /// Part of the single record.
    product_category: Option<Relation>,
}

/// How many there are.
#[derive(JsonSchema)]
struct Stock {
    amount: Option<f64>,
}

/// How a product is looked after.
#[derive(JsonSchema)]
struct Configuration {
    stock_threshold: Option<StockThreshold>,
}

/// What happens when few are left.
#[derive(JsonSchema)]
struct StockThreshold {
    minimum: Option<f64>,
    /// `notify`.
    action: Option<String>,
}

/// Who sells it to us.
#[derive(JsonSchema)]
struct Supplier {
    /// A company or a contact.
    supplier: Option<Relation>,
    purchase_price: Option<Money>,
    product_code: Option<String>,
    minimum_order_amount: Option<f64>,
    /// `primary` or `secondary`.
    classification: Option<String>,
}

/// The price on a price list.
#[derive(JsonSchema)]
struct PriceListPrice {
    price_list: Option<Relation>,
    price: Option<Money>,
}

/// Products that are booked alike.
#[derive(JsonSchema)]
pub(super) struct ProductCategory {
    id: Uuid,
    name: Option<String>,
    ledgers: Option<Vec<Ledger>>,
}

/// The account that a department books them on.
#[derive(JsonSchema)]
struct Ledger {
    department: Option<Relation>,
    ledger_account_number: Option<String>,
}

/// Prices for some customers.
#[derive(JsonSchema)]
pub(super) struct PriceList {
    id: Uuid,
    name: Option<String>,
    /// Such as `manual`, `based_on_price_list` or `based_on_purchase_price`.
    calculation_method: Option<String>,
}
