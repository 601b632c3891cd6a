//! `orders`

use super::documents::{LINE_DISCOUNT, LINE_TOTAL, TAX, UNIT_PRICE, gross, net};
use super::shared::{CUSTOM_FIELDS, CUSTOMER, PAYMENT_TERM};
use super::{Attribute, Kind, Resource, Test, attribute, filter};
use crate::data::text;

pub(crate) static ORDERS: Resource = Resource {
    name: "orders",
    entity: "order",
    has_info: true,
    scope: Some("orders"),
    includes: &[CUSTOM_FIELDS],
    filters: &[filter("ids", Test::Ids)],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(text::deal_title)),
    attribute("order_date", Kind::Date(|draw| draw.created)).null(10),
    attribute("order_number", Kind::Integer(|draw| i64::from(draw.number) + 1)).null(10),
    attribute("delivery_date", Kind::Date(|draw| draw.created + 86_400 * draw.between(3, 90))).null(50),
    attribute("payment_term", PAYMENT_TERM).null(30),
    attribute("total", Kind::Object(TOTAL)),
    attribute("web_url", Kind::Text(|draw| draw.web_url("order_detail.php"))),
    attribute("supplier", Kind::Relation(CUSTOMER)).null(40),
    attribute("department", Kind::Relation(&["department"])).null(10),
    attribute("deal", Kind::Relation(&["deal"])).null(50),
    attribute("project", Kind::Relation(&["project"])).null(60),
    attribute("assignee", Kind::Relation(&["user"])).null(20),
    // The context is a guess: orders are what projects buy outside.
    attribute("custom_fields", Kind::CustomFields("pro_external_cost", 40)).included("custom_fields"),
    attribute("grouped_lines", Kind::List(1, 2, &Kind::Object(LINE_GROUP))).in_info(),
];

const TOTAL: &[Attribute] = &[
    attribute("tax_exclusive", Kind::Money(net)),
    attribute("tax_inclusive", Kind::Money(gross)),
    attribute("purchase_price_tax_exclusive", Kind::Money(|draw| net(draw) / 2)).null(40),
    attribute("purchase_price_tax_inclusive", Kind::Money(|draw| gross(draw) / 2)).null(40),
    attribute("taxes", Kind::List(1, 1, &Kind::Object(TAX))),
];

const LINE_GROUP: &[Attribute] = &[
    attribute("section", Kind::Object(&[attribute("title", Kind::Text(text::deal_title))])),
    attribute("line_items", Kind::List(1, 3, &Kind::Object(LINE))),
];

const LINE: &[Attribute] = &[
    attribute("product", Kind::Relation(&["product"])).null(50),
    attribute("quantity", Kind::Integer(|draw| draw.between(1, 20))),
    attribute("description", Kind::Text(text::product_name)),
    attribute("extended_description", Kind::Text(text::remark)).null(70),
    attribute("unit", Kind::Relation(&["unitOfMeasure"])).null(60),
    attribute("unit_price", Kind::Object(UNIT_PRICE)),
    attribute("tax", Kind::Relation(&["taxRate"])),
    attribute("discount", Kind::Object(LINE_DISCOUNT)).null(85),
    attribute("total", Kind::Object(LINE_TOTAL)),
    attribute("product_category", Kind::Relation(&["productCategory"])).null(50),
];
