//! `meetings`

use super::shared::{ADDRESS, CUSTOMER};
use super::{Attribute, By, Include, Kind, Order, Resource, Test, attribute, default_sort, filter};
use crate::data::{Draw, text};

pub(crate) static MEETINGS: Resource = Resource {
    name: "meetings",
    entity: "meeting",
    has_info: true,
    includes: &[
        Include { name: "tracked_time", parts: &["tracked_time"] },
        Include { name: "estimated_time", parts: &["estimated_time"] },
    ],
    filters: &[
        filter("ids", Test::Ids),
        filter("employee_id", Test::Id("attendees[].id")),
        filter("start_date", Test::DateFrom("scheduled_at")),
        filter("end_date", Test::DateUntil("scheduled_at")),
        filter("milestone_id", Test::Id("milestone.id")),
        filter("term", Test::Term(&["title", "description"])),
        filter("recurrence_id", Test::Id("recurrence.id")),
        filter("group_id", Test::Id("group.id")),
    ],
    sorts: &[default_sort("scheduled_at", By::Text(&["scheduled_at"]), Order::Ascending)],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("title", Kind::Text(text::event_title)),
    attribute("description", Kind::Text(text::remark)).null(40),
    attribute("created_at", Kind::Created),
    attribute("scheduled_at", Kind::Time(scheduled_at)),
    attribute("duration", Kind::Object(MINUTES)),
    attribute("customer", Kind::Relation(CUSTOMER)).null(15),
    attribute("project", Kind::Relation(&["project", "nextgenProject"])).null(70),
    attribute("milestone", Kind::Relation(&["milestone"])).null(80),
    attribute("group", Kind::Relation(&["nextgenProjectGroup"])).null(85),
    attribute("attendees", Kind::List(0, 4, &Kind::Relation(&["user", "contact"]))),
    attribute("status", Kind::Choice(&["open", "done", "done"])),
    attribute("recurrence", Kind::Relation(&["meetingRecurrence"])).null(80),
    attribute("created_by", Kind::Relation(&["user"])).null(10),
    attribute("customer_meeting_room", Kind::Relation(&["customerMeetingRoom"])).null(95),
    attribute("tracked_time", Kind::Object(TRACKED)).included("tracked_time"),
    attribute("estimated_time", Kind::Object(ESTIMATED)).included("estimated_time"),
    attribute("deal", Kind::Relation(&["deal"])).null(70).in_info(),
    attribute("location", Kind::Written(&Kind::Anything, location)).null(30).in_info(),
    attribute("online_meeting_room", Kind::Relation(&["onlineMeetingRoom"])).null(90).in_info(),
    attribute("custom_fields", Kind::CustomFields("meeting", 40)).in_info(),
    attribute("workOrder", Kind::Relation(&["workOrder"])).null(95).in_info(),
];

const MINUTES: &[Attribute] = &[
    attribute("unit", Kind::Choice(&["min"])),
    attribute("value", Kind::Integer(|draw| 15 * draw.between(1, 16))),
];

const SECONDS: &[Attribute] = &[
    attribute("unit", Kind::Choice(&["s"])),
    attribute("value", Kind::Integer(|draw| 900 * draw.between(1, 16))),
];

const TRACKED: &[Attribute] = &[attribute("total", Kind::Object(MINUTES))];
const ESTIMATED: &[Attribute] = &[attribute("total", Kind::Object(SECONDS))];

const START: u64 = 61;

/// At a quarter of an hour, up to a month after the meeting was planned.
fn scheduled_at(draw: &mut Draw<'_>) -> i64 {
    let planned = draw.created + draw.settled_amount(START, 0, 2_600_000);
    planned - planned.rem_euclid(900)
}

/// Somewhere on the net, at an address, or in a room of the account.
fn location(draw: &mut Draw<'_>) {
    match draw.between(0, 2) {
        0 => draw.raw("{\"type\":\"virtual\"}"),
        1 => {
            draw.raw("{\"type\":\"address\",\"address\":");
            draw.object(ADDRESS);
            draw.raw("}");
        }
        _ => {
            draw.raw("{\"type\":\"calendarResource\",\"id\":");
            draw.related_id("calendarResource");
            draw.raw(",\"address\":");
            draw.object(ADDRESS);
            draw.raw("}");
        }
    }
}
