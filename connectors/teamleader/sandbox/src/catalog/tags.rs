//! `tags`

use super::shared::HIDDEN_ID;
use super::{Attribute, By, Kind, Order, Resource, Rows, attribute, only_sort};
use crate::data::text;

pub(crate) static TAGS: Resource = Resource {
    name: "tags",
    entity: "tag",
    rows: Rows::AtMost(text::TAGS.len()),
    sorts: &[only_sort("tag", By::Text(&["tag"]), Order::Ascending)],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] =
    &[attribute("tag", Kind::Text(|draw| text::listed(draw, text::TAGS))), HIDDEN_ID];
