//! `invoices`

use super::documents::{ATTENTION, CONTENT, DISCOUNT, LINE_GROUPS, PEPPOL, TAX, gross, net};
use super::shared::{CURRENCIES, CUSTOMER, CUSTOMER_TYPES, EXCHANGE_RATE, PAYMENT_TERM};
use super::{Attribute, By, Include, Kind, Order, Resource, Test};
use super::{attribute, default_sort, filter, sort};
use crate::data::{Draw, text};

pub(crate) static INVOICES: Resource = Resource {
    name: "invoices",
    entity: "invoice",
    has_info: true,
    scope: Some("invoices"),
    includes: &[
        Include { name: "late_fees", parts: &[DUE_INCASSO, FIXED_LATE_FEE, INTEREST] },
        Include { name: DUE_INCASSO, parts: &[DUE_INCASSO] },
        Include { name: FIXED_LATE_FEE, parts: &[FIXED_LATE_FEE] },
        Include { name: INTEREST, parts: &[INTEREST] },
    ],
    filters: &[
        filter("ids", Test::Ids),
        filter("term", Test::Term(&["invoice_number", "invoicee.name", "purchase_order_number"])),
        filter("invoice_number", Test::Equals("invoice_number")),
        filter("department_id", Test::Id("department.id")),
        filter("deal_id", Test::Id("deal.id")),
        filter("project_id", Test::Id("project.id")),
        filter("subscription_id", Test::Id("subscription.id")),
        filter("status", Test::AnyOf("status", &["draft", "outstanding", "matched"], &[])),
        filter("updated_since", Test::UpdatedSince),
        filter("purchase_order_number", Test::Equals("purchase_order_number")),
        filter("payment_reference", Test::Equals("payment_reference")),
        filter("invoice_date_after", Test::DateFrom("invoice_date")),
        filter("invoice_date_before", Test::DateUntil("invoice_date")),
        filter("customer", Test::Reference("invoicee.customer", CUSTOMER_TYPES)),
    ],
    sorts: &[
        default_sort("invoice_number", By::Numbered("invoice_number"), Order::Descending),
        sort("invoice_date", By::Text(&["invoice_date"])),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const DUE_INCASSO: &str = "totals.due_incasso_inclusive";
const FIXED_LATE_FEE: &str = "totals.fixed_late_fee";
const INTEREST: &str = "totals.interest";

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("department", Kind::Relation(&["department"])),
    attribute("invoice_number", Kind::Text(|draw| draw.reference(" "))).null_when(is_draft),
    attribute("invoice_date", Kind::Date(|draw| draw.created)).null_when(is_draft),
    attribute("status", Kind::Chosen(&["draft", "outstanding", "matched"], status)),
    attribute("due_on", Kind::Date(|draw| draw.created + 30 * 86_400)).null_when(is_draft),
    attribute("paid", Kind::Decided(|draw| !is_unpaid(draw))),
    attribute("paid_at", Kind::Time(|draw| draw.updated)).null_when(is_unpaid),
    attribute("sent", Kind::Decided(|draw| !is_draft(draw))),
    attribute("purchase_order_number", Kind::Text(text::order_number)).null(60),
    attribute("payment_reference", Kind::Text(text::payment_reference)).null(30),
    attribute("invoicee", Kind::Object(INVOICEE)),
    attribute("total", Kind::Object(TOTAL)),
    attribute("currency_exchange_rate", EXCHANGE_RATE),
    attribute("created_at", Kind::Created),
    attribute("updated_at", Kind::Updated),
    attribute("file", Kind::Relation(&["file"])).null_when(is_draft),
    attribute("deal", Kind::Relation(&["deal"])).null(60),
    attribute("project", Kind::Relation(&["project"])).null(80),
    attribute("delivery_date", Kind::Date(|draw| draw.created)).null(80),
    attribute("subscription", Kind::Relation(&["subscription"])).null(85),
    attribute("invoice_content", Kind::Choice(CONTENT)).null(50),
    attribute("web_url", Kind::Text(|draw| draw.web_url("invoice_detail.php"))).in_list(),
    attribute("discounts", Kind::List(0, 1, &Kind::Object(DISCOUNT))).in_info(),
    attribute("grouped_lines", LINE_GROUPS).in_info(),
    attribute("payment_term", PAYMENT_TERM).null(10).in_info(),
    attribute("payments", Kind::Written(&Kind::List(0, 1, &Kind::Object(PAYMENT)), payments)).in_info(),
    attribute("note", Kind::Text(text::remark)).null(60).in_info(),
    attribute("currency", Kind::Choice(CURRENCIES)).in_info(),
    attribute("expected_payment_method", Kind::Object(EXPECTED_METHOD)).null(80).in_info(),
    attribute("on_hold_since", Kind::Date(|draw| draw.updated)).null(95).in_info(),
    attribute("custom_fields", Kind::CustomFields("invoice", 70)).in_info(),
    attribute("document_template", Kind::Relation(&["documentTemplate"])).in_info(),
    attribute("peppol_status", Kind::Choice(PEPPOL)).null(70).in_info(),
];

const INVOICEE: &[Attribute] = &[
    attribute("name", Kind::Text(text::company_name)),
    attribute("vat_number", Kind::Text(text::vat_number)).null(20),
    attribute("customer", Kind::Relation(CUSTOMER)),
    attribute("for_attention_of", Kind::Object(ATTENTION)).null(70),
    attribute("email", Kind::Text(text::email)).null(40).in_info(),
    attribute("national_identification_number", Kind::Text(text::national_number)).null(90).in_info(),
];

const TOTAL: &[Attribute] = &[
    attribute("tax_exclusive", Kind::Money(net)),
    attribute("tax_inclusive", Kind::Money(gross)),
    attribute("payable", Kind::Money(gross)),
    attribute("taxes", Kind::List(1, 1, &Kind::Object(TAX))),
    attribute("due", Kind::Money(|draw| if is_unpaid(draw) { gross(draw) } else { 0 })),
    attribute("due_incasso_inclusive", Kind::Money(gross)).included(DUE_INCASSO),
    attribute("fixed_late_fee", Kind::Money(|_| 4_000)).included(FIXED_LATE_FEE),
    attribute("interest", Kind::Money(|draw| net(draw) / 50)).included(INTEREST),
    attribute("tax_exclusive_before_discount", Kind::Money(net)).in_info(),
    attribute("tax_inclusive_before_discount", Kind::Money(gross)).in_info(),
    attribute("withheld_taxes", Kind::List(0, 1, &Kind::Object(WITHHELD))).in_info(),
];

const WITHHELD: &[Attribute] = &[
    attribute("id", Kind::Text(|draw| draw.related_id("withholdingTaxRate"))),
    attribute("taxable", Kind::Money(net)),
    attribute("withheld", Kind::Money(|draw| net(draw) / 10)),
];

const PAYMENT: &[Attribute] =
    &[attribute("paid_at", Kind::Time(|draw| draw.updated)), attribute("payment", Kind::Money(gross))];

const EXPECTED_METHOD: &[Attribute] = &[
    attribute("method", Kind::Choice(&["sepa_direct_debit", "direct_debit", "credit_card"])),
    attribute("reference", Kind::Text(text::order_number)).null(50),
];

const STATUS: u64 = 21;

fn status(draw: &mut Draw<'_>) -> &'static str {
    draw.settled(STATUS, &["draft", "outstanding", "outstanding", "matched", "matched", "matched", "matched"])
}

fn is_draft(draw: &mut Draw<'_>) -> bool {
    status(draw) == "draft"
}

fn is_unpaid(draw: &mut Draw<'_>) -> bool {
    status(draw) != "matched"
}

fn payments(draw: &mut Draw<'_>) {
    draw.raw("[");
    if !is_unpaid(draw) {
        draw.object(PAYMENT);
    }
    draw.raw("]");
}
