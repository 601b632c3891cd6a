//! `events`

use super::{Attribute, By, Kind, Order, Resource, Test, attribute, default_sort, filter};
use crate::data::{Draw, text};

pub(crate) static EVENTS: Resource = Resource {
    name: "events",
    entity: "event",
    has_info: true,
    scope: Some("events"),
    filters: &[
        filter("ids", Test::Ids),
        filter("user_id", Test::Id("attendees[].id")),
        filter("activity_type_id", Test::Id("activity_type.id")),
        filter("ends_after", Test::TimeFrom("ends_at")),
        filter("starts_before", Test::TimeUntil("starts_at")),
        filter("term", Test::Term(&["title", "description"])),
        filter("attendee", Test::Reference("attendees[]", &["contact"])),
        filter("link", Test::Reference("links[]", LINKED)),
        filter("task_id", Test::Id("task.id")),
        filter("done", Test::Flag("_done")),
    ],
    sorts: &[default_sort("starts_at", By::Text(&["starts_at"]), Order::Ascending)],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const LINKED: &[&str] = &["contact", "company", "deal"];

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("creator", Kind::Relation(&["user"])),
    attribute("task", Kind::Relation(&["task"])).null(80),
    attribute("activity_type", Kind::Relation(&["activityType"])),
    attribute("title", Kind::Text(text::event_title)),
    attribute("description", Kind::Text(text::remark)).null(50),
    attribute("starts_at", Kind::Time(starts_at)),
    attribute("ends_at", Kind::Time(|draw| starts_at(draw) + 900 * draw.between(1, 12))),
    attribute("location", Kind::Text(text::city)).null(60),
    attribute("attendees", Kind::List(0, 3, &Kind::Relation(&["user", "contact"]))),
    attribute("links", Kind::List(0, 2, &Kind::Relation(LINKED))),
    attribute("_done", Kind::Bool(60)).hidden(),
];

const START: u64 = 31;

/// At a quarter of an hour, up to a month after the event was planned.
fn starts_at(draw: &mut Draw<'_>) -> i64 {
    let planned = draw.created + draw.settled_amount(START, 0, 2_600_000);
    planned - planned.rem_euclid(900)
}
