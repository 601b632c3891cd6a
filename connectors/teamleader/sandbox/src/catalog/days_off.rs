//! `users.daysOff`, `dayOffTypes` and `closingDays`

use super::{Attribute, Kind, Paging, Resource, Rows, Test, attribute, filter};
use crate::data::{Draw, text};

pub(crate) static DAYS_OFF: Resource = Resource {
    name: "users.daysOff",
    entity: "dayOff",
    list: Some("users.listDaysOff"),
    scope: Some("users"),
    rows: Rows::AtMost(150),
    paging: Paging::PagesWithTotals,
    owner: Some("user"),
    filters: &[
        filter("id", Test::Id("user.id")).in_body().required(),
        filter("starts_after", Test::DateFrom("starts_at")),
        filter("ends_before", Test::DateUntil("ends_at")),
    ],
    attributes: DAY_OFF,
    ..Resource::PLAIN
};

pub(crate) static DAY_OFF_TYPES: Resource = Resource {
    name: "dayOffTypes",
    entity: "dayOffType",
    rows: Rows::AtMost(6),
    paging: Paging::None,
    attributes: DAY_OFF_TYPE,
    ..Resource::PLAIN
};

pub(crate) static CLOSING_DAYS: Resource = Resource {
    name: "closingDays",
    entity: "closingDay",
    rows: Rows::AtMost(60),
    paging: Paging::PagesWithTotals,
    // The documentation describes each of the two as the other.
    filters: &[filter("date_before", Test::DateUntil("date")), filter("date_after", Test::DateFrom("date"))],
    attributes: CLOSING_DAY,
    ..Resource::PLAIN
};

const DAY_OFF: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("starts_at", Kind::Time(starts_at)),
    attribute("ends_at", Kind::Time(|draw| starts_at(draw) + 9 * 3_600 + 86_400 * draw.between(0, 14))),
    attribute("user", Kind::Parent(&["user"])),
    attribute("leave_type", Kind::Relation(&["dayOffType"])),
    attribute("status", Kind::Choice(&["approved", "approved", "not_approved", "pending"])),
];

const DAY_OFF_TYPE: &[Attribute] =
    &[attribute("id", Kind::Id), attribute("name", Kind::Text(|draw| text::listed(draw, TYPES)))];

const CLOSING_DAY: &[Attribute] =
    &[attribute("id", Kind::Id), attribute("date", Kind::Date(|draw| draw.created))];

const TYPES: &[&str] = &["Vakantie", "Maladie", "Elternzeit", "Ziekte < 1 dag", "Educatief verlof", "🌴"];

/// Nine o'clock, up to two months after it was asked for.
fn starts_at(draw: &mut Draw<'_>) -> i64 {
    let day = draw.created.div_euclid(86_400) + draw.settled_amount(START, 1, 60);
    day * 86_400 + 9 * 3_600
}

const START: u64 = 51;
