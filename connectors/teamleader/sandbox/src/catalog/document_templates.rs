//! `documentTemplates`

use super::{Attribute, Kind, Paging, Resource, Rows, Test, attribute, filter};
use crate::data::text;

pub(crate) static DOCUMENT_TEMPLATES: Resource = Resource {
    name: "documentTemplates",
    entity: "documentTemplate",
    rows: Rows::AtMost(40),
    paging: Paging::None,
    owner: Some("department"),
    filters: &[
        filter("department_id", Test::Id("department.id")).required(),
        filter("document_type", Test::OneOf("document_type", TYPES)).required(),
        filter("status", Test::AnyOf("status", &["active", "archived"], &[])),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("department", Kind::Parent(&["department"])),
    attribute("document_type", Kind::Choice(TYPES)),
    attribute("is_default", Kind::Bool(25)),
    attribute("name", Kind::Text(text::short_note)),
    attribute("status", Kind::Choice(&["active", "active", "active", "archived"])),
];

const TYPES: &[&str] = &[
    "delivery_note",
    "invoice",
    "order",
    "order_confirmation",
    "quotation",
    "timetracking_report",
    "workorder",
];
