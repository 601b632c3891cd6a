//! Expenses: incoming invoices, incoming credit notes and receipts, which Teamleader lists together, and what hangs on
//! one of them.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::FilterKind::{DateOperator, Id, Ids, Relation as RelationTo, SomeOf};
use connector_core::stream::{Filter, Parent, Walk, Window};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{CUSTOMER_TYPES, TERM};
use super::types::{Money, Relation};
use super::{PAGED, Resource, UNPAGED, filter, record};

const SOURCE_TYPES: &[&str] = &["incomingInvoice", "incomingCreditNote", "receipt"];

pub(super) const EXPENSES: Resource = Resource {
    stream: "expenses",
    singular: "expense",
    path: "expenses",
    description: "Expenses: incoming invoices, incoming credit notes and receipts",
    record: record::<Expense>,
    key: &["source_type", "source_id"],
    totals: true,
    // What comes in is mostly dated today.
    walk: Walk::Pages { sort: Some("document_date") },
    // Documents whose date nobody has read yet are in no window.
    window: Some(Window { from: "document_date", until: None, back: 60, ahead: 0, full_every: 1 }),
    filters: &[
        TERM,
        filter("source_types", SomeOf(SOURCE_TYPES)),
        filter("review_statuses", SomeOf(&["pending", "approved", "refused"])),
        filter("bookkeeping_statuses", SomeOf(&["sent", "not_sent"])),
        filter("payment_statuses", SomeOf(&["unknown", "paid", "partially_paid", "credited", "not_paid"])),
        filter("department_ids", Ids),
        filter("supplier", RelationTo(CUSTOMER_TYPES)),
        filter("document_date", DateOperator),
        filter("paid_at", DateOperator),
    ],
    sorts: &["document_date", "due_date", "supplier_name"],
    info: false,
    ..PAGED
};

pub(super) const INCOMING_INVOICE_PAYMENTS: Resource = Resource {
    stream: "incoming_invoice_payments",
    singular: "incoming_invoice_payment",
    path: "incomingInvoices",
    description: "Payments of incoming invoices",
    parents: &[expense("incomingInvoice", "id", None, "incoming_invoice_id")],
    ..PAYMENTS
};

pub(super) const INCOMING_CREDIT_NOTE_PAYMENTS: Resource = Resource {
    stream: "incoming_credit_note_payments",
    singular: "incoming_credit_note_payment",
    path: "incomingCreditNotes",
    description: "Payments of incoming credit notes",
    parents: &[expense("incomingCreditNote", "id", None, "incoming_credit_note_id")],
    ..PAYMENTS
};

pub(super) const RECEIPT_PAYMENTS: Resource = Resource {
    stream: "receipt_payments",
    singular: "receipt_payment",
    path: "receipts",
    description: "Payments of receipts",
    parents: &[expense("receipt", "id", None, "receipt_id")],
    ..PAYMENTS
};

pub(super) const BOOKKEEPING_SUBMISSIONS: Resource = Resource {
    stream: "bookkeeping_submissions",
    singular: "bookkeeping_submission",
    path: "bookkeepingSubmissions",
    description: "Bookkeeping submissions: expenses that were mailed to the bookkeeping",
    record: record::<BookkeepingSubmission>,
    parents: &[
        expense("incomingInvoice", "subject", Some("incomingInvoice"), "subject"),
        expense("incomingCreditNote", "subject", Some("incomingCreditNote"), "subject"),
        expense("receipt", "subject", Some("receipt"), "subject"),
    ],
    filters: &[filter("subject", RelationTo(SOURCE_TYPES)).required()],
    info: false,
    // One request for each expense.
    synced_by_default: false,
    ..UNPAGED
};

const PAYMENTS: Resource = Resource {
    action: "listPayments",
    record: record::<ExpensePayment>,
    filters: PAYMENTS_OF,
    beside: &["id"],
    info: false,
    // One request for each expense; how much of it is paid, and when, is in the expense itself.
    synced_by_default: false,
    ..UNPAGED
};

const PAYMENTS_OF: &[Filter] = &[filter("id", Id).required()];

/// Expenses of one type as parents. They have no stream of their own, but are the sources of expenses.
const fn expense(
    source_type: &'static str,
    filter: &'static str,
    entity: Option<&'static str>,
    column: &'static str,
) -> Parent {
    Parent {
        stream: "expenses",
        id: "source_id",
        only: Some(("source_type", source_type)),
        filter,
        entity,
        column,
    }
}

/// A document of a supplier.
#[derive(JsonSchema)]
pub(super) struct Expense {
    /// An `incomingInvoice`, an `incomingCreditNote` or a `receipt`: the document itself.
    source: Relation,
    /// Where it came from.
    origin: Option<Relation>,
    title: Option<String>,
    /// A company or a contact.
    supplier: Option<Relation>,
    document_number: Option<String>,
    document_date: Option<Date>,
    due_date: Option<Date>,
    currency: Option<Currency>,
    total: Option<Total>,
    /// A department.
    company_entity: Option<Relation>,
    file: Option<Relation>,
    payment_reference: Option<String>,
    /// `pending`, `approved` or `refused`.
    review_status: Option<String>,
    /// `not_sent` or `sent`.
    bookkeeping_status: Option<String>,
    iban_number: Option<String>,
    /// Such as `unknown`, `paid`, `partially_paid`, `credited` or `not_paid`.
    payment_status: Option<String>,
    paid_amount: Option<f64>,
    paid_at: Option<Timestamp>,
}

/// The currency of all amounts of the document.
#[derive(JsonSchema)]
struct Currency {
    /// ISO 4217.
    code: Option<String>,
}

/// What the document costs.
#[derive(JsonSchema)]
struct Total {
    tax_exclusive: Option<Amount>,
    tax_inclusive: Option<Amount>,
}

/// An amount in the currency of the document.
#[derive(JsonSchema)]
struct Amount {
    amount: Option<f64>,
}

/// Money that was paid to a supplier.
#[derive(JsonSchema)]
pub(super) struct ExpensePayment {
    id: Uuid,
    payment: Option<Money>,
    paid_at: Option<Timestamp>,
    payment_method: Option<Relation>,
    remark: Option<String>,
}

/// A mail to the bookkeeping.
#[derive(JsonSchema)]
pub(super) struct BookkeepingSubmission {
    id: Uuid,
    subject: Option<Relation>,
    email_address: Option<String>,
    /// `sending`, `confirmed` or `failed`.
    status: Option<String>,
    created_at: Option<Timestamp>,
}
