//! Files that people put to records.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::FilterKind::Relation as Subject;
use jiff::Timestamp;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::subject;
use super::types::Relation;
use super::{PAGED, Resource, filter, record};

pub(super) const FILES: Resource = Resource {
    stream: "files",
    singular: "file",
    path: "files",
    description: "Files of companies, contacts, deals, invoices, projects and what else can have them",
    record: record::<File>,
    entity: Some("file"),
    parents: &[
        subject("companies", "company"),
        subject("contacts", "contact"),
        subject("deals", "deal"),
        subject("invoices", "invoice"),
        subject("credit_notes", "creditNote"),
        subject("products", "product"),
        subject("legacy_projects", "project"),
        subject("projects", "nextgenProject"),
        subject("tickets", "ticket"),
    ],
    filters: &[filter("subject", Subject(SUBJECTS)).required()],
    // Descending only.
    sorts: &["updated_at"],
    // One request for each record that may have files: hours for a big account.
    synced_by_default: false,
    ..PAGED
};

const SUBJECTS: &[&str] = &[
    "company",
    "contact",
    "creditNote",
    "deal",
    "invoice",
    "nextgenProject",
    "product",
    "project",
    "ticket",
];

/// A file. What is in it comes by the capability `download_file`.
#[derive(JsonSchema)]
pub(super) struct File {
    id: Uuid,
    subject: Option<Relation>,
    name: Option<String>,
    /// Such as `application/pdf`.
    mime_type: Option<String>,
    /// In bytes.
    size: Option<i64>,
    updated_at: Option<Timestamp>,
    uploaded_by: Option<Relation>,
    folder: Option<String>,
}
