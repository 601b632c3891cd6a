//! Templates: of documents and of mails.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::Each;
use connector_core::stream::FilterKind::{Id, OneOf, SomeOf};
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{ACTIVE_OR_ARCHIVED, parent};
use super::types::Relation;
use super::{Resource, UNPAGED, filter, record};

pub(super) const DOCUMENT_TEMPLATES: Resource = Resource {
    stream: "document_templates",
    singular: "document_template",
    path: "documentTemplates",
    description: "Templates of documents: how invoices, quotations and orders look",
    record: record::<DocumentTemplate>,
    entity: Some("documentTemplate"),
    parents: &[parent("departments", "department_id", "department_id")],
    each: Some(Each { filter: "document_type", values: DOCUMENT_TYPES }),
    filters: &[
        filter("department_id", Id).required(),
        filter("document_type", OneOf(DOCUMENT_TYPES)).required(),
        filter("status", SomeOf(ACTIVE_OR_ARCHIVED)),
    ],
    default_filter: &[("status", r#"["active","archived"]"#)],
    info: false,
    ..UNPAGED
};

const DOCUMENT_TYPES: &[&str] = &[
    "delivery_note",
    "invoice",
    "order",
    "order_confirmation",
    "quotation",
    "timetracking_report",
    "workorder",
];

pub(super) const MAIL_TEMPLATES: Resource = Resource {
    stream: "mail_templates",
    singular: "mail_template",
    path: "mailTemplates",
    description: "Templates of mails that documents are sent with",
    record: record::<MailTemplate>,
    entity: Some("mailTemplate"),
    each: Some(Each { filter: "type", values: MAIL_TYPES }),
    filters: &[filter("department_id", Id), filter("type", OneOf(MAIL_TYPES)).required()],
    info: false,
    ..UNPAGED
};

const MAIL_TYPES: &[&str] = &["invoice", "quotation", "work_order", "credit_note"];

/// How a document looks.
#[derive(JsonSchema)]
pub(super) struct DocumentTemplate {
    id: Uuid,
    department: Option<Relation>,
    /// Such as `invoice` or `quotation`.
    document_type: Option<String>,
    is_default: Option<bool>,
    name: Option<String>,
    /// `active` or `archived`.
    status: Option<String>,
}

/// What a mail says.
#[derive(JsonSchema)]
pub(super) struct MailTemplate {
    id: Uuid,
    /// Templates for all departments have none.
    department: Option<Relation>,
    name: Option<String>,
    content: Option<MailContent>,
    language: Option<String>,
    /// `invoice`, `quotation`, `work_order` or `credit_note`.
    r#type: Option<String>,
}

/// The text of a mail, with marks such as `#LINK` that Teamleader fills in.
#[derive(JsonSchema)]
struct MailContent {
    subject: Option<String>,
    body: Option<String>,
}
