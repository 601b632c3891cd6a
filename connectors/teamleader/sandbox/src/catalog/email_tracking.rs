//! `emailTracking`

use super::{Attribute, Kind, Resource, Rows, Test, attribute, filter};
use crate::data::text;

pub(crate) static EMAIL_TRACKING: Resource = Resource {
    name: "emailTracking",
    entity: "emailTracking",
    rows: Rows::Times(2),
    owner: Some("subject"),
    filters: &[filter("subject", Test::Reference("subject", SUBJECTS)).required()],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("title", Kind::Text(text::deal_title)),
    attribute("content", Kind::Text(text::email_body)),
    attribute("subject", Kind::Parent(TRACKED)),
    attribute("added_at", Kind::Created),
    attribute("attachments", Kind::List(0, 2, &Kind::Relation(&["file"]))),
];

const SUBJECTS: &[&str] = &[
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

/// Most mails go to contacts and along deals.
const TRACKED: &[&str] = &[
    "contact",
    "contact",
    "contact",
    "contact",
    "company",
    "company",
    "deal",
    "deal",
    "deal",
    "invoice",
    "creditNote",
    "subscription",
    "product",
    "quotation",
    "nextgenProject",
];
