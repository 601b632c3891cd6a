//! `creditNotes`

use super::documents::{DISCOUNT, LINE_GROUPS, PEPPOL, TAX, gross, net};
use super::shared::{CURRENCIES, CUSTOMER, CUSTOMER_TYPES, EXCHANGE_RATE};
use super::{Attribute, Kind, Resource, Test, attribute, filter};
use crate::data::{Draw, text};

pub(crate) static CREDIT_NOTES: Resource = Resource {
    name: "creditNotes",
    entity: "creditNote",
    has_info: true,
    scope: Some("invoices"),
    filters: &[
        filter("ids", Test::Ids),
        filter("department_id", Test::Id("department.id")),
        filter("updated_since", Test::UpdatedSince),
        filter("invoice_id", Test::Id("invoice.id")),
        filter("project_id", Test::Id("_project.id")),
        filter("customer", Test::Reference("invoicee.customer", CUSTOMER_TYPES)),
        filter("credit_note_date_after", Test::DateFrom("credit_note_date")),
        filter("credit_note_date_before", Test::DateBefore("credit_note_date")),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("department", Kind::Relation(&["department"])),
    attribute("credit_note_number", Kind::Text(|draw| draw.reference(" "))).null(2),
    attribute("credit_note_date", Kind::Date(|draw| draw.created)).null(2),
    attribute("status", Kind::Choice(&["booked"])),
    attribute("invoice", Kind::Relation(&["invoice"])).null(20),
    attribute("paid", Kind::Decided(is_paid)),
    attribute("paid_at", Kind::Time(|draw| draw.updated)).null_when(|draw| !is_paid(draw)),
    attribute("invoicee", Kind::Object(INVOICEE)),
    attribute("total", Kind::Object(TOTAL)),
    attribute("created_at", Kind::Created),
    attribute("updated_at", Kind::Updated),
    attribute("_project", Kind::Relation(&["project"])).null(80).hidden(),
    attribute("discounts", Kind::List(0, 1, &Kind::Object(DISCOUNT))).in_info(),
    attribute("grouped_lines", LINE_GROUPS).in_info(),
    attribute("currency", Kind::Choice(CURRENCIES)).in_info(),
    attribute("currency_exchange_rate", EXCHANGE_RATE).in_info(),
    attribute("document_template", Kind::Relation(&["documentTemplate"])).in_info(),
    attribute("peppol_status", Kind::Choice(PEPPOL)).null(70).in_info(),
];

const INVOICEE: &[Attribute] = &[
    attribute("name", Kind::Text(text::company_name)),
    attribute("vat_number", Kind::Text(text::vat_number)).null(20),
    attribute("customer", Kind::Relation(CUSTOMER)),
    attribute("email", Kind::Text(text::email)).null(40).in_info(),
    attribute("national_identification_number", Kind::Text(text::national_number)).null(90).in_info(),
];

const TOTAL: &[Attribute] = &[
    attribute("tax_exclusive", Kind::Money(net)),
    attribute("tax_inclusive", Kind::Money(gross)),
    attribute("payable", Kind::Money(gross)),
    attribute("taxes", Kind::List(1, 1, &Kind::Object(TAX))),
];

const PAID: u64 = 23;

fn is_paid(draw: &mut Draw<'_>) -> bool {
    draw.settled(PAID, &[true, true, false])
}
