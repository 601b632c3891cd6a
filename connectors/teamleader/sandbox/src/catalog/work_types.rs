//! `workTypes`

use super::{Attribute, Kind, Resource, Rows, Test, attribute, filter};
use crate::data::text;

pub(crate) static WORK_TYPES: Resource = Resource {
    name: "workTypes",
    entity: "workType",
    rows: Rows::AtMost(8),
    filters: &[filter("ids", Test::Ids), filter("term", Test::Term(&["name"]))],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] =
    &[attribute("id", Kind::Id), attribute("name", Kind::Text(|draw| text::listed(draw, NAMES)))];

const NAMES: &[&str] =
    &["Design", "Development", "Overleg", "Réunion", "Nazorg", "Reisetijd", "Montage", "\"Overig\""];
