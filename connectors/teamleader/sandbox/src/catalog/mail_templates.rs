//! `mailTemplates`

use super::shared::LANGUAGES;
use super::{Attribute, Kind, Paging, Resource, Rows, Test, attribute, filter};
use crate::data::text;

pub(crate) static MAIL_TEMPLATES: Resource = Resource {
    name: "mailTemplates",
    entity: "mailTemplate",
    rows: Rows::AtMost(24),
    paging: Paging::None,
    filters: &[
        filter("department_id", Test::Id("department.id")),
        filter("type", Test::OneOf("type", TYPES)).required(),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("department", Kind::Relation(&["department"])).null(25),
    attribute("name", Kind::Text(text::short_note)),
    attribute("content", Kind::Object(CONTENT)),
    attribute("language", Kind::Choice(LANGUAGES)),
    attribute("type", Kind::Choice(TYPES)),
];

const CONTENT: &[Attribute] = &[
    attribute("subject", Kind::Text(text::deal_title)),
    attribute("body", Kind::Text(|draw| draw.string("#LINK\n<link>\nMet vriendelijke groeten & tot ziens"))),
];

const TYPES: &[&str] = &["invoice", "quotation", "work_order", "credit_note"];
