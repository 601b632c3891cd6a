//! `quotations`

use super::documents::{DISCOUNT, LINE_DISCOUNT, LINE_TOTAL, TAX, gross, net};
use super::shared::{CURRENCIES, EXCHANGE_RATE};
use super::{Attribute, Include, Kind, Resource, Test, attribute, filter};
use crate::data::{Draw, text};

pub(crate) static QUOTATIONS: Resource = Resource {
    name: "quotations",
    entity: "quotation",
    has_info: true,
    scope: Some("deals"),
    includes: &[Include { name: "expiry", parts: &["expiry"] }],
    filters: &[filter("ids", Test::Ids)],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("deal", Kind::Relation(&["deal"])),
    attribute("currency_exchange_rate", EXCHANGE_RATE),
    attribute("total", Kind::Object(TOTAL)),
    attribute("created_at", Kind::Created).null_when(is_old),
    attribute("updated_at", Kind::Updated).null_when(is_old),
    attribute(
        "status",
        Kind::Choice(&["open", "open", "accepted", "accepted", "expired", "rejected", "closed"]),
    ),
    attribute("name", Kind::Text(text::deal_title)),
    attribute("expiry", Kind::Object(EXPIRY)).null(40).included("expiry"),
    attribute("grouped_lines", Kind::List(1, 2, &Kind::Object(LINE_GROUP))).in_info(),
    attribute("currency", Kind::Choice(CURRENCIES)).in_info(),
    attribute("text", Kind::Text(text::remark)).in_info(),
    attribute("discounts", Kind::List(0, 1, &Kind::Object(DISCOUNT))).in_info(),
    attribute("document_template", Kind::Relation(&["documentTemplate"])).in_info(),
];

const TOTAL: &[Attribute] = &[
    attribute("tax_exclusive", Kind::Money(net)),
    attribute("tax_inclusive", Kind::Money(gross)),
    attribute("taxes", Kind::List(1, 1, &Kind::Object(TAX))),
    attribute("purchase_price", Kind::Money(|draw| net(draw) / 2)).null(50),
];

const EXPIRY: &[Attribute] = &[
    attribute("expires_after", Kind::Date(|draw| draw.created + 86_400 * draw.between(14, 90))),
    attribute("action_after_expiry", Kind::Choice(&["lock", "none"])),
];

const LINE_GROUP: &[Attribute] = &[
    attribute("section", Kind::Object(&[attribute("title", Kind::Text(text::deal_title))])),
    attribute("line_items", Kind::List(1, 3, &Kind::Object(LINE))),
];

const LINE: &[Attribute] = &[
    attribute("product", Kind::Relation(&["product"])).null(50),
    attribute("quantity", Kind::Decimal(|draw| 25 * draw.between(1, 80))),
    attribute("description", Kind::Text(text::product_name)),
    attribute("extended_description", Kind::Text(text::remark)).null(70),
    attribute("unit", Kind::Relation(&["unitOfMeasure"])).null(60),
    attribute("unit_price", Kind::Object(UNIT_PRICE)),
    attribute("tax", Kind::Relation(&["taxRate"])),
    attribute("discount", Kind::Object(LINE_DISCOUNT)).null(85),
    attribute("total", Kind::Object(LINE_TOTAL)),
    attribute("purchase_price", Kind::Money(|draw| draw.between(100, 60_000))).null(60),
    attribute("periodicity", Kind::Object(PERIODICITY)).null(80),
];

const UNIT_PRICE: &[Attribute] = &[
    attribute("amount", Kind::Decimal(|draw| draw.between(100, 90_000))),
    attribute("tax", Kind::Choice(&["excluding"])),
    attribute("currency", Kind::Choice(&["EUR"])),
];

const PERIODICITY: &[Attribute] = &[
    attribute("unit", Kind::Choice(&["week", "month", "year"])),
    attribute("period", Kind::Integer(|draw| draw.between(1, 2))),
];

/// The first quotations are from before the service noted such times.
fn is_old(draw: &mut Draw<'_>) -> bool {
    draw.number % 20 == 1
}
