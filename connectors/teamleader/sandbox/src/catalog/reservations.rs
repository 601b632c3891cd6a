//! `reservations`

use super::{Attribute, Kind, Resource, Test, attribute, filter};

pub(crate) static RESERVATIONS: Resource = Resource {
    name: "reservations",
    entity: "reservation",
    owner: Some("plannable_item"),
    filters: &[
        filter("plannable_item_ids", Test::AnyId("plannable_item.id")),
        filter("start_date", Test::DateFrom("date")),
        filter("end_date", Test::DateUntil("date")),
        filter("assignees", Test::AnyReference("assignee", &["team", "user"])),
        filter("sources", Test::AnyReference("origin", SOURCES)),
        filter("source_types", Test::AnyOf("origin.type", SOURCES, &[])),
        // What these look at is a matter of the item, not of the reservation.
        filter("project_ids", Test::Everything),
        filter("term", Test::Everything),
        filter("work_type_ids", Test::Everything),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("plannable_item", Kind::Parent(&["plannableItem"])),
    attribute("date", Kind::Date(|draw| draw.created + 86_400 * draw.between(0, 30))),
    attribute("duration", Kind::Object(DURATION)),
    attribute("assignee", Kind::Relation(&["user", "user", "team"])),
    attribute("origin", Kind::Relation(SOURCES)),
];

const DURATION: &[Attribute] = &[
    attribute("unit", Kind::Choice(&["minutes"])),
    attribute("value", Kind::Integer(|draw| 15 * draw.between(1, 32))),
];

const SOURCES: &[&str] = &["call", "closingDay", "dayOffType", "externalEvent", "meeting", "task"];
