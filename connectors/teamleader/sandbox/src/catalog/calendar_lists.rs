//! `activityTypes` and `callOutcomes`: the lists that events and calls choose from.

use super::{Attribute, Kind, Resource, Rows, Test, attribute, filter};
use crate::data::text;

pub(crate) static ACTIVITY_TYPES: Resource = Resource {
    name: "activityTypes",
    entity: "activityType",
    rows: Rows::AtMost(ACTIVITIES.len()),
    filters: &[filter("ids", Test::Ids)],
    attributes: ACTIVITY_TYPE,
    ..Resource::PLAIN
};

pub(crate) static CALL_OUTCOMES: Resource = Resource {
    name: "callOutcomes",
    entity: "callOutcome",
    rows: Rows::AtMost(OUTCOMES.len()),
    attributes: CALL_OUTCOME,
    ..Resource::PLAIN
};

const ACTIVITY_TYPE: &[Attribute] =
    &[attribute("id", Kind::Id), attribute("name", Kind::Text(|draw| text::listed(draw, ACTIVITIES)))];

const CALL_OUTCOME: &[Attribute] =
    &[attribute("id", Kind::Id), attribute("name", Kind::Text(|draw| text::listed(draw, OUTCOMES)))];

const ACTIVITIES: &[&str] = &["Meeting", "Telefoon", "Tâche", "Besuch", "Lunch"];

const OUTCOMES: &[&str] = &["Reached", "Geen antwoord", "Rappeler", "Falsche Nummer", "Voicemail"];
