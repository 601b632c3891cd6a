//! `tasks`

use super::shared::{CUSTOMER, CUSTOMER_TYPES};
use super::{Attribute, By, Kind, Resource, Test, attribute, filter, sort};
use crate::data::{Draw, text};

pub(crate) static TASKS: Resource = Resource {
    name: "tasks",
    entity: "task",
    has_info: true,
    filters: &[
        filter("ids", Test::Ids),
        filter("user_id", Test::IdOrNull("assignee.id")),
        filter("milestone_id", Test::Id("milestone.id")),
        filter("completed", Test::Flag("completed")),
        filter("scheduled", Test::Flag("_scheduled")),
        filter("due_by", Test::DateUntil("due_on")),
        filter("due_from", Test::DateFrom("due_on")),
        filter("term", Test::Term(&["title", "description"])),
        filter("customer", Test::Reference("customer", CUSTOMER_TYPES)),
        // No documentation names this one.
        filter("deal_id", Test::Id("deal.id")),
    ],
    sorts: &[sort("created_at", By::Created), sort("due_on", By::Text(&["due_on"]))],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("title", Kind::Text(text::event_title)),
    attribute("description", Kind::Text(text::remark)).null(40),
    attribute("completed", Kind::Decided(is_completed)),
    attribute("completed_at", Kind::Time(|draw| draw.updated)).null_when(|draw| !is_completed(draw)),
    attribute("due_on", Kind::Date(|draw| draw.created + 86_400 * draw.between(1, 60))).null(8),
    attribute("estimated_duration", Kind::Object(MINUTES)).null(30),
    attribute("work_type", Kind::Relation(&["workType"])).null(20),
    attribute("assignee", Kind::Relation(&["user", "user", "user", "team"])).null(15),
    attribute("customer", Kind::Relation(CUSTOMER)).null(30),
    attribute("milestone", Kind::Relation(&["milestone"])).null(80),
    attribute("deal", Kind::Relation(&["deal"])).null(70),
    attribute("project", Kind::Relation(&["project"])).null(70),
    attribute("ticket", Kind::Relation(&["ticket"])).null(85),
    attribute("priority", Kind::Choice(&["A", "B", "B", "C", "D"])),
    attribute("added_at", Kind::Created).null(5).in_list(),
    attribute("_scheduled", Kind::Bool(40)).hidden(),
    attribute("custom_fields", Kind::CustomFields("todo", 40)).in_info(),
];

const MINUTES: &[Attribute] = &[
    attribute("unit", Kind::Choice(&["min"])),
    attribute("value", Kind::Integer(|draw| 15 * draw.between(1, 32))),
];

const COMPLETED: u64 = 64;

fn is_completed(draw: &mut Draw<'_>) -> bool {
    draw.settled(COMPLETED, &[true, true, false])
}
