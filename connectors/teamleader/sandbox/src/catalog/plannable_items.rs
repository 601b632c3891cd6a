//! `plannableItems`

use super::{Attribute, By, Kind, Order, Resource, Test, attribute, default_sort, filter, sort};
use crate::data::{Draw, text};

pub(crate) static PLANNABLE_ITEMS: Resource = Resource {
    name: "plannableItems",
    entity: "plannableItem",
    has_info: true,
    filters: &[
        filter("ids", Test::Ids),
        filter("status", Test::AnyOf("_status", &["active", "deactivated"], &[])),
        filter("term", Test::Term(&["_title"])),
        filter("start_date", Test::DateFrom("_end_date")),
        filter("end_date", Test::DateUntil("_start_date")),
        filter("project_ids", Test::AnyId("_project.id")),
        filter("assignees", Test::AnyReference("_assignee", &["team", "user"])),
        filter("work_type_ids", Test::AnyId("_work_type.id")),
        filter("completion_statuses", Test::AnyOf("_completion_status", &["to_do", "done"], &[])),
        filter("planned_time_statuses", Test::AnyOf("_planned_time_status", PLANNED, &[])),
        filter("types", Test::AnyOf("source.type", TYPES, &[])),
    ],
    sorts: &[
        default_sort("id", By::Text(&["id"]), Order::Ascending),
        sort("end_date", By::Text(&["_end_date"])),
        sort("total_duration", By::Number("total_duration.value")),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

// Nearly everything that can be asked about an item is told nowhere.
const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("source", Kind::Relation(SOURCES)),
    attribute("total_duration", Kind::Object(&[MINUTES, attribute("value", Kind::Integer(total))])),
    attribute("planned_duration", Kind::Object(&[MINUTES, attribute("value", Kind::Integer(planned))])),
    attribute("unplanned_duration", Kind::Object(&[MINUTES, attribute("value", Kind::Integer(unplanned))])),
    attribute("_title", Kind::Text(text::event_title)).hidden(),
    attribute("_status", Kind::Choice(&["active", "active", "active", "deactivated"])).hidden(),
    attribute("_start_date", Kind::Date(|draw| draw.created)).hidden(),
    attribute("_end_date", Kind::Date(|draw| draw.created + 86_400 * draw.between(1, 40))).hidden(),
    attribute("_project", Kind::Relation(&["nextgenProject"])).null(40).hidden(),
    attribute("_assignee", Kind::Relation(&["user", "user", "team"])).null(20).hidden(),
    attribute("_work_type", Kind::Relation(&["workType"])).null(20).hidden(),
    attribute("_completion_status", Kind::Choice(&["to_do", "done"])).hidden(),
    attribute("_planned_time_status", Kind::Chosen(PLANNED, planned_status)).hidden(),
];

const SOURCES: &[&str] = &["task", "nextgenTask"];

/// Those that the documentation names; what else can be a source is told by its reservations.
const TYPES: &[&str] = &["call", "closingDay", "dayOffType", "externalEvent", "meeting", "task"];

const PLANNED: &[&str] = &["unplanned", "partially_planned", "fully_planned", "overbooked"];

const MINUTES: Attribute = attribute("unit", Kind::Choice(&["minutes"]));

const TOTAL: u64 = 67;
const PLANNED_PART: u64 = 68;

fn total(draw: &mut Draw<'_>) -> i64 {
    60 * draw.settled_amount(TOTAL, 1, 40)
}

/// From nothing to half as much again as there is to do.
fn planned(draw: &mut Draw<'_>) -> i64 {
    total(draw) / 4 * draw.settled_amount(PLANNED_PART, 0, 6)
}

fn unplanned(draw: &mut Draw<'_>) -> i64 {
    (total(draw) - planned(draw)).max(0)
}

fn planned_status(draw: &mut Draw<'_>) -> &'static str {
    match (planned(draw), total(draw)) {
        (0, _) => "unplanned",
        (planned, total) if planned < total => "partially_planned",
        (planned, total) if planned == total => "fully_planned",
        _ => "overbooked",
    }
}
