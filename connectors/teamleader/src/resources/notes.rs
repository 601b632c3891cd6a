//! What was written about a record: notes and tracked mails.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::FilterKind;
use jiff::Timestamp;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::subject;
use super::types::Relation;
use super::{PAGED, Resource, filter, record};

pub(super) const NOTES: Resource = Resource {
    stream: "notes",
    singular: "note",
    path: "notes",
    description: "Notes on companies, contacts, deals, invoices, projects and what else can have them",
    record: record::<Note>,
    entity: Some("note"),
    parents: &[
        subject("companies", "company"),
        subject("contacts", "contact"),
        subject("deals", "deal"),
        subject("quotations", "quotation"),
        subject("invoices", "invoice"),
        subject("credit_notes", "creditNote"),
        subject("subscriptions", "subscription"),
        subject("products", "product"),
        subject("legacy_projects", "project"),
        subject("projects", "nextgenProject"),
    ],
    filters: &[filter("subject", FilterKind::Relation(NOTE_SUBJECTS)).required()],
    info: false,
    // One request for each record that may have notes: 20,000 companies take 100 minutes.
    synced_by_default: false,
    ..PAGED
};

const NOTE_SUBJECTS: &[&str] = &[
    "company",
    "contact",
    "creditNote",
    "deal",
    "invoice",
    "nextgenProject",
    "product",
    "project",
    "quotation",
    "subscription",
];

pub(super) const EMAIL_TRACKING: Resource = Resource {
    stream: "email_tracking",
    singular: "tracked_email",
    path: "emailTracking",
    description: "Mails that were tracked with companies, contacts, deals, invoices and what else can have them",
    record: record::<TrackedEmail>,
    parents: &[
        subject("companies", "company"),
        subject("contacts", "contact"),
        subject("deals", "deal"),
        subject("quotations", "quotation"),
        subject("invoices", "invoice"),
        subject("credit_notes", "creditNote"),
        subject("subscriptions", "subscription"),
        subject("products", "product"),
        subject("projects", "nextgenProject"),
    ],
    filters: &[filter("subject", FilterKind::Relation(EMAIL_SUBJECTS)).required()],
    info: false,
    // As expensive as notes.
    synced_by_default: false,
    ..PAGED
};

const EMAIL_SUBJECTS: &[&str] = &[
    "contact",
    "company",
    "deal",
    "invoice",
    "creditNote",
    "subscription",
    "product",
    "quotation",
    "nextgenProject",
];

/// A note on a record.
#[derive(JsonSchema)]
pub(super) struct Note {
    id: Uuid,
    subject: Option<Relation>,
    /// Markdown.
    content: Option<String>,
    added_at: Option<Timestamp>,
}

/// A mail about a record.
#[derive(JsonSchema)]
pub(super) struct TrackedEmail {
    id: Uuid,
    subject: Option<Relation>,
    title: Option<String>,
    /// HTML.
    content: Option<String>,
    added_at: Option<Timestamp>,
    /// Files.
    attachments: Option<Vec<Relation>>,
}
