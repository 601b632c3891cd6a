//! `subscriptions`

use super::documents::{ATTENTION, CONTENT, LINE_GROUPS, TAX, gross, net};
use super::shared::{ADDRESS, CURRENCIES, CUSTOMER, CUSTOMER_TYPES, PAYMENT_TERM};
use super::{Attribute, By, Kind, Resource, Test, attribute, filter, sort};
use crate::data::{Draw, text};

pub(crate) static SUBSCRIPTIONS: Resource = Resource {
    name: "subscriptions",
    entity: "subscription",
    has_info: true,
    filters: &[
        filter("ids", Test::Ids),
        filter("invoice_id", Test::Id("_invoices[].id")),
        filter("deal_id", Test::Id("_deal.id")),
        filter("department_id", Test::Id("department.id")),
        filter("customer", Test::Reference("invoicee.customer", CUSTOMER_TYPES)),
        filter("status", Test::AnyOf("status", &["active", "deactivated"], &[])),
    ],
    sorts: &[
        sort("title", By::Text(&["title"])),
        sort("created_at", By::Created),
        sort("status", By::Text(&["status"])),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("title", Kind::Text(text::deal_title)),
    attribute("note", Kind::Text(text::remark)).null(60),
    attribute("status", Kind::Chosen(&["active", "deactivated"], status)),
    attribute("department", Kind::Relation(&["department"])),
    attribute("invoicee", Kind::Object(INVOICEE)),
    attribute("project", Kind::Relation(&["project"])).null(85),
    attribute("starts_on", Kind::Date(|draw| draw.created)),
    attribute("ends_on", Kind::Date(|draw| draw.created + 86_400 * draw.between(90, 900))).null(60),
    attribute("next_renewal_date", Kind::Date(|draw| draw.updated + 86_400 * draw.between(1, 365)))
        .null_when(|draw| status(draw) == "deactivated"),
    attribute("billing_cycle", Kind::Object(BILLING_CYCLE)),
    attribute("total", Kind::Object(TOTAL)),
    attribute("web_url", Kind::Text(|draw| draw.web_url("subscription_detail.php"))),
    attribute("created_at", Kind::Created).null(2),
    attribute("purchase_order_number", Kind::Text(text::order_number)).null(70),
    attribute("delivery_information", Kind::Object(DELIVERY)).null(80),
    attribute("invoice_content", Kind::Choice(CONTENT)).null(50),
    attribute("_deal", Kind::Relation(&["deal"])).null(60).hidden(),
    attribute("_invoices", Kind::List(0, 3, &Kind::Relation(&["invoice"]))).hidden(),
    attribute("payment_term", PAYMENT_TERM).in_info(),
    attribute("grouped_lines", LINE_GROUPS).in_info(),
    attribute("invoice_generation", Kind::Object(GENERATION)).in_info(),
    attribute("custom_fields", Kind::CustomFields("subscription", 70)).in_info(),
    attribute("document_template", Kind::Relation(&["documentTemplate"])).in_info(),
    attribute("currency", Kind::Choice(CURRENCIES)).in_info(),
];

const INVOICEE: &[Attribute] = &[
    attribute("customer", Kind::Relation(CUSTOMER)),
    attribute("for_attention_of", Kind::Object(ATTENTION)).null(70),
];

/// Only that there is such an object is known, not what it holds.
const DELIVERY: &[Attribute] = &[attribute("address", Kind::Object(ADDRESS)).null(20)];

const BILLING_CYCLE: &[Attribute] = &[
    attribute("periodicity", Kind::Object(PERIODICITY)),
    attribute("days_in_advance", Kind::Integer(|draw| *draw.pick(&[0, 7, 14, 21, 28]))),
];

const PERIODICITY: &[Attribute] = &[
    attribute("unit", Kind::Choice(&["week", "month", "month", "year"])),
    attribute("period", Kind::Integer(|draw| draw.between(1, 2))),
];

const TOTAL: &[Attribute] = &[
    attribute("tax_exclusive", Kind::Money(net)),
    attribute("tax_inclusive", Kind::Money(gross)),
    attribute("taxes", Kind::List(1, 1, &Kind::Object(TAX))),
];

const GENERATION: &[Attribute] = &[
    attribute("action", Kind::Choice(&["draft", "book", "book_and_send"])),
    attribute("sending_methods", Kind::List(0, 2, &Kind::Object(SENDING_METHOD))),
    attribute("payment_method", Kind::Choice(&["direct_debit"])).null(50),
];

const SENDING_METHOD: &[Attribute] =
    &[attribute("method", Kind::Choice(&["email", "email", "peppol", "postal_service"]))];

const STATUS: u64 = 24;

fn status(draw: &mut Draw<'_>) -> &'static str {
    draw.settled(STATUS, &["active", "active", "active", "deactivated"])
}
