//! `expenses`: incoming invoices, incoming credit notes and receipts, which have no lists of their own.

use super::shared::{CURRENCIES, CUSTOMER, CUSTOMER_TYPES, HIDDEN_ID};
use super::{Attribute, By, Kind, Paging, Resource, Test, attribute, filter, sort};
use crate::data::{Draw, text};

pub(super) const SOURCES: &[&str] = &["incomingInvoice", "incomingCreditNote", "receipt"];

pub(crate) static EXPENSES: Resource = Resource {
    name: "expenses",
    entity: "expense",
    kinds: SOURCES,
    paging: Paging::PagesWithTotals,
    filters: &[
        filter("term", Test::Term(&["title", "document_number", "_supplier_name"])),
        filter("source_types", Test::AnyOf("source.type", SOURCES, &[])),
        filter("review_statuses", Test::AnyOf("review_status", &["pending", "approved", "refused"], &[])),
        filter("bookkeeping_statuses", Test::AnyOf("bookkeeping_status", &["sent", "not_sent"], &[])),
        filter("payment_statuses", Test::AnyOf("payment_status", PAYMENT_FILTER, &[])),
        filter("department_ids", Test::AnyId("company_entity.id")),
        filter("supplier", Test::Reference("supplier", CUSTOMER_TYPES)),
        filter("document_date", Test::Dates("document_date")),
        filter("paid_at", Test::Dates("paid_at")),
    ],
    sorts: &[
        sort("document_date", By::Text(&["document_date"])),
        sort("due_date", By::Text(&["due_date"])),
        sort("supplier_name", By::Text(&["_supplier_name"])),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

/// The filter knows a status that no row shows.
const PAYMENT_FILTER: &[&str] = &["unknown", "paid", "partially_paid", "credited", "not_paid"];

const ATTRIBUTES: &[Attribute] = &[
    attribute("source", Kind::Itself(SOURCES)),
    attribute("origin", Kind::Relation(&["user", "user", "peppolIncomingDocument"])),
    attribute("title", Kind::Text(text::product_name)),
    attribute("supplier", Kind::Relation(CUSTOMER)).null(15),
    attribute("document_number", Kind::Text(text::order_number)).null(10),
    attribute("document_date", Kind::Date(|draw| draw.created)).null(5),
    attribute("due_date", Kind::Date(|draw| draw.created + 30 * 86_400)).null(20),
    attribute("currency", Kind::Object(CURRENCY)),
    attribute("total", Kind::Object(TOTAL)),
    attribute("company_entity", Kind::Relation(&["department"])).null(10),
    attribute("file", Kind::Relation(&["file"])).null(20),
    attribute("payment_reference", Kind::Text(text::payment_reference)).null(50),
    attribute("review_status", Kind::Choice(&["pending", "approved", "approved", "refused"])),
    attribute("bookkeeping_status", Kind::Choice(&["not_sent", "sent"])),
    attribute("iban_number", Kind::Text(text::iban)).null(30),
    attribute("payment_status", Kind::Chosen(&["unknown", "paid", "partially_paid", "not_paid"], status)),
    attribute("paid_amount", Kind::Decimal(paid)).null_when(is_unpaid),
    attribute("paid_at", Kind::Time(|draw| draw.updated)).null_when(is_unpaid),
    attribute("_supplier_name", Kind::Text(text::company_name)).hidden(),
    HIDDEN_ID,
];

/// Once for the whole document; its amounts stand alone.
const CURRENCY: &[Attribute] = &[attribute("code", Kind::Choice(CURRENCIES))];

const TOTAL: &[Attribute] = &[
    attribute("tax_exclusive", Kind::Object(&[attribute("amount", Kind::Decimal(net))])).null(10),
    attribute("tax_inclusive", Kind::Object(&[attribute("amount", Kind::Decimal(gross))])).null(5),
];

const STATUS: u64 = 61;
const NET: u64 = 62;

fn status(draw: &mut Draw<'_>) -> &'static str {
    draw.settled(STATUS, &["unknown", "paid", "paid", "partially_paid", "not_paid"])
}

fn is_unpaid(draw: &mut Draw<'_>) -> bool {
    matches!(status(draw), "unknown" | "not_paid")
}

fn net(draw: &mut Draw<'_>) -> i64 {
    draw.settled_amount(NET, 100, 400_000)
}

fn gross(draw: &mut Draw<'_>) -> i64 {
    net(draw) * 121 / 100
}

fn paid(draw: &mut Draw<'_>) -> i64 {
    if status(draw) == "paid" { gross(draw) } else { gross(draw) / 2 }
}
