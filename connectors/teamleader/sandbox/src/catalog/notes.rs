//! `notes`

use super::{Attribute, Kind, Resource, Rows, Test, attribute, filter};
use crate::data::text;

pub(crate) static NOTES: Resource = Resource {
    name: "notes",
    entity: "note",
    rows: Rows::Times(2),
    owner: Some("subject"),
    filters: &[filter("subject", Test::Reference("subject", SUBJECTS)).required()],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("content", Kind::Text(text::remark)),
    attribute("subject", Kind::Parent(NOTED)),
    attribute("added_at", Kind::Created),
];

const SUBJECTS: &[&str] = &[
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

/// People write most of their notes at companies and deals.
const NOTED: &[&str] = &[
    "company",
    "company",
    "company",
    "company",
    "company",
    "deal",
    "deal",
    "deal",
    "contact",
    "contact",
    "creditNote",
    "invoice",
    "nextgenProject",
    "product",
    "project",
    "quotation",
    "subscription",
];
