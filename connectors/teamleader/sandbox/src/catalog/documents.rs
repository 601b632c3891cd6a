//! What invoices, credit notes and subscriptions have in common: lines, taxes, discounts.

use super::{Attribute, Kind, attribute};
use crate::data::{Draw, text};

pub(super) const LINE_GROUPS: Kind = Kind::List(1, 2, &Kind::Object(LINE_GROUP));

pub(super) const ATTENTION: &[Attribute] = &[
    attribute("name", Kind::Text(text::full_name)).null(20),
    attribute("contact", Kind::Relation(&["contact"])).null(40),
];

pub(super) const TAX: &[Attribute] = &[
    attribute("rate", Kind::Decimal(|_| 21)),
    attribute("taxable", Kind::Money(net)),
    attribute("tax", Kind::Money(|draw| gross(draw) - net(draw))),
];

pub(super) const DISCOUNT: &[Attribute] = &[
    attribute("type", Kind::Choice(&["percentage"])),
    attribute("value", Kind::Decimal(|draw| draw.between(100, 2_550))),
    attribute("description", Kind::Text(text::remark)),
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
    attribute("withheld_tax", Kind::Relation(&["withholdingTaxRate"])).null(97),
];

pub(super) const UNIT_PRICE: &[Attribute] = &[
    attribute("amount", Kind::Decimal(|draw| draw.between(100, 90_000))),
    attribute("tax", Kind::Choice(&["excluding"])),
];

pub(super) const LINE_DISCOUNT: &[Attribute] = &[
    attribute("value", Kind::Integer(|draw| draw.between(1, 50))),
    attribute("type", Kind::Choice(&["percentage"])),
];

pub(super) const LINE_TOTAL: &[Attribute] = &[
    attribute("tax_exclusive", Kind::Money(net)),
    attribute("tax_exclusive_before_discount", Kind::Money(net)),
    attribute("tax_inclusive", Kind::Money(gross)),
    attribute("tax_inclusive_before_discount", Kind::Money(gross)),
];

pub(super) const CONTENT: &[&str] = &["goods", "services", "goods_and_services"];

pub(super) const PEPPOL: &[&str] = &[
    "sending",
    "sending_failed",
    "sent",
    "application_acknowledged",
    "application_accepted",
    "application_rejected",
    "receiver_acknowledged",
    "receiver_accepted",
    "receiver_rejected",
    "receiver_is_processing",
    "receiver_awaits_feedback",
    "receiver_conditionally_accepted",
    "receiver_paid",
];

const NET: u64 = 22;

pub(super) fn net(draw: &mut Draw<'_>) -> i64 {
    draw.settled_amount(NET, 500, 2_500_000)
}

pub(super) fn gross(draw: &mut Draw<'_>) -> i64 {
    net(draw) + (net(draw) * 21 + 50) / 100
}
