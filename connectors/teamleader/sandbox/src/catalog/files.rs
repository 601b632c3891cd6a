//! `files`: what is attached to something.

use super::{Attribute, By, Kind, Order, Resource, Sort, Test, attribute, filter};
use crate::data::Draw;

pub(crate) static FILES: Resource = Resource {
    name: "files",
    entity: "file",
    has_info: true,
    owner: Some("subject"),
    filters: &[filter("subject", Test::Reference("subject", SUBJECTS)).required()],
    sorts: &[Sort { field: "updated_at", by: By::Updated, default: None, only: Some(Order::Descending) }],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const SUBJECTS: &[&str] = &[
    "company",
    "contact",
    "deal",
    "invoice",
    "creditNote",
    "product",
    "project",
    "nextgenProject",
    "ticket",
];

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("subject", Kind::Parent(SUBJECTS)),
    attribute("name", Kind::Text(name)),
    attribute("mime_type", Kind::Chosen(MIME_TYPES, |draw| format(draw).1)),
    attribute("size", Kind::Integer(|draw| draw.between(0, 200_000))),
    attribute("updated_at", Kind::Updated),
    attribute("uploaded_by", Kind::Relation(&["user"])).null(10),
    attribute("folder", Kind::Choice(&["General", "Documents", "Facturen", "Photos d'équipe"])),
];

const MIME_TYPES: &[&str] = &["application/pdf", "image/png", "image/jpeg", "text/plain"];

const FORMATS: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("txt", "text/plain"),
];

const FORMAT: u64 = 73;

fn format(draw: &mut Draw<'_>) -> (&'static str, &'static str) {
    draw.settled(FORMAT, FORMATS)
}

fn name(draw: &mut Draw<'_>) {
    let stem = *draw.pick(&["Offerte", "réunion d'équipe", "meeting-report", "Plan \"v2\"", "見積書"]);
    let name = format!("{stem} {}.{}", draw.number + 1, format(draw).0);
    draw.string(&name);
}
