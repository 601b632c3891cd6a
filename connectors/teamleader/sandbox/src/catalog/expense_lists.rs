//! What is asked for one expense: its payments, by what it is, and its way to the bookkeeper.

use super::expenses::SOURCES;
use super::{Attribute, Kind, Meta, Paging, Resource, Test, attribute, filter};
use crate::data::text;

pub(crate) static BOOKKEEPING_SUBMISSIONS: Resource = Resource {
    name: "bookkeepingSubmissions",
    entity: "bookkeepingSubmission",
    paging: Paging::None,
    owner: Some("subject"),
    filters: &[filter("subject", Test::Reference("subject", SOURCES)).required()],
    attributes: SUBMISSION,
    ..Resource::PLAIN
};

pub(crate) static INVOICE_PAYMENTS: Resource = Resource {
    name: "incomingInvoices.payments",
    entity: "incomingInvoicePayment",
    list: Some("incomingInvoices.listPayments"),
    attributes: &payment(&["incomingInvoice"]),
    ..PAYMENTS
};

pub(crate) static CREDIT_NOTE_PAYMENTS: Resource = Resource {
    name: "incomingCreditNotes.payments",
    entity: "incomingCreditNotePayment",
    list: Some("incomingCreditNotes.listPayments"),
    attributes: &payment(&["incomingCreditNote"]),
    ..PAYMENTS
};

pub(crate) static RECEIPT_PAYMENTS: Resource = Resource {
    name: "receipts.payments",
    entity: "receiptPayment",
    list: Some("receipts.listPayments"),
    attributes: &payment(&["receipt"]),
    ..PAYMENTS
};

const PAYMENTS: Resource = Resource {
    paging: Paging::None,
    meta: Meta::Total("payment.amount"),
    owner: Some("_parent"),
    filters: &[filter("id", Test::Id("_parent.id")).in_body().required()],
    ..Resource::PLAIN
};

const fn payment(parent: &'static [&'static str]) -> [Attribute; 6] {
    [
        attribute("id", Kind::Id),
        attribute("payment", Kind::Money(|draw| draw.between(100, 90_000))),
        attribute("paid_at", Kind::Time(|draw| draw.created)),
        attribute("payment_method", Kind::Relation(&["paymentMethod"])).null(30),
        attribute("remark", Kind::Text(text::remark)).null(70),
        attribute("_parent", Kind::Parent(parent)).hidden(),
    ]
}

const SUBMISSION: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("subject", Kind::Parent(SOURCES)),
    attribute("email_address", Kind::Text(text::email)),
    attribute("status", Kind::Choice(&["confirmed", "confirmed", "sending", "failed"])),
    attribute("created_at", Kind::Created),
];
