//! `userSchedules`: nothing tells what its rows look like, so they are plausible and promise nothing.

use super::{Attribute, Kind, Paging, Resource, Rows, Test, attribute, filter};

pub(crate) static USER_SCHEDULES: Resource = Resource {
    name: "userSchedules",
    entity: "userSchedule",
    scope: Some("users"),
    rows: Rows::AtMost(60),
    paging: Paging::PagesWithTotals,
    filters: &[
        filter("from", Test::DateFrom("ends_on")),
        filter("until", Test::DateUntil("starts_on")),
        filter("user_ids", Test::AnyId("user.id")),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("user", Kind::Relation(&["user"])),
    attribute("starts_on", Kind::Date(|draw| draw.created)),
    attribute("ends_on", Kind::Date(|draw| draw.created + 86_400 * draw.between(30, 300))),
    attribute("working_hours_per_week", Kind::Decimal(|draw| 10 * draw.between(160, 400))),
    attribute("days", Kind::List(1, 5, &Kind::Object(DAY))),
];

const DAY: &[Attribute] = &[
    attribute("day", Kind::Choice(&["monday", "tuesday", "wednesday", "thursday", "friday"])),
    attribute("starts_at", Kind::Choice(&["08:30", "09:00"])),
    attribute("ends_at", Kind::Choice(&["12:30", "17:00", "17:30"])),
];
