//! `products`

use super::shared::CUSTOMER_TYPES;
use super::{Attribute, Kind, Resource, Test, attribute, filter};
use crate::data::{Draw, text};

pub(crate) static PRODUCTS: Resource = Resource {
    name: "products",
    entity: "product",
    has_info: true,
    scope: Some("products"),
    filters: &[
        filter("ids", Test::Ids),
        filter("term", Test::Term(&["name", "code", "description"])),
        filter("updated_since", Test::UpdatedSince),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(text::product_name)).null(2),
    attribute("description", Kind::Text(text::remark)).null(50),
    attribute("code", Kind::Text(|draw| draw.numbered("ART-"))).null(15),
    attribute("unit", Kind::Relation(&["unitOfMeasure"])).null(30),
    attribute("added_at", Kind::Created),
    attribute("updated_at", Kind::Updated),
    attribute("stock", Kind::Object(STOCK)),
    attribute("configuration", Kind::Object(CONFIGURATION)).null(40),
    attribute("purchase_price", Kind::Money(purchase_price)).null(30).in_info(),
    attribute("selling_price", Kind::Money(|draw| purchase_price(draw) * 13 / 10)).null(10).in_info(),
    attribute("tax", Kind::Relation(&["taxRate"])).null(10).in_info(),
    attribute("suppliers", Kind::List(0, 2, &Kind::Object(SUPPLIER))).in_info(),
    attribute("custom_fields", Kind::CustomFields("product", 70)).in_info(),
    attribute("price_list_prices", Kind::List(0, 2, &Kind::Object(LIST_PRICE))).in_info(),
    attribute("product_category", Kind::Relation(&["productCategory"])).null(30).in_info(),
];

const STOCK: &[Attribute] = &[attribute("amount", Kind::Decimal(|draw| draw.between(-500, 50_000))).null(40)];

const CONFIGURATION: &[Attribute] = &[attribute("stock_threshold", Kind::Object(THRESHOLD)).null(60)];

const THRESHOLD: &[Attribute] = &[
    attribute("minimum", Kind::Integer(|draw| draw.between(1, 20))),
    attribute("action", Kind::Choice(&["notify"])),
];

const SUPPLIER: &[Attribute] = &[
    attribute("supplier", Kind::Relation(CUSTOMER_TYPES)),
    attribute("purchase_price", Kind::Money(purchase_price)).null(20),
    attribute("product_code", Kind::Text(text::order_number)),
    attribute("minimum_order_amount", Kind::Integer(|draw| draw.between(1, 10))),
    attribute("classification", Kind::Choice(&["primary", "secondary"])),
];

const LIST_PRICE: &[Attribute] = &[
    attribute("price_list", Kind::Relation(&["priceList"])),
    attribute("price", Kind::Money(|draw| purchase_price(draw) * 12 / 10)),
];

const PRICE: u64 = 63;

fn purchase_price(draw: &mut Draw<'_>) -> i64 {
    draw.settled_amount(PRICE, 50, 250_000)
}
