//! `timeTracking`

use super::{Attribute, By, Include, Kind, Meta, Order, Resource, Test, attribute, default_sort, filter};
use crate::data::{Draw, text};

pub(crate) static TIME_TRACKING: Resource = Resource {
    name: "timeTracking",
    entity: "timeTracking",
    has_info: true,
    meta: Meta::Updatable,
    includes: &[
        Include { name: "materials", parts: &["materials"] },
        Include { name: "relates_to", parts: &["relates_to"] },
    ],
    filters: &[
        filter("ids", Test::Ids),
        filter("user_id", Test::Id("user.id")),
        filter("started_after", Test::TimeFrom("_started_at")),
        filter("started_before", Test::TimeUntil("_started_at")),
        filter("ended_after", Test::TimeFrom("_ended_at")),
        filter("ended_before", Test::TimeUntil("_ended_at")),
        filter("subject", Test::Reference("subject", SUBJECTS)),
        filter("subject_types", Test::AnyOf("subject.type", SUBJECTS, &[])),
        filter("relates_to", Test::Reference("relates_to[]", RELATED)),
    ],
    sorts: &[default_sort("starts_on", By::Text(&["_started_at"]), Order::Ascending)],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

// Some accounts note the day alone. What is filtered and sorted by is there all the same.
const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("user", Kind::Relation(&["user"])),
    attribute("work_type", Kind::Relation(&["workType"])).null(10),
    attribute("started_on", Kind::Date(started_at)),
    attribute("started_at", Kind::Time(started_at)).null_when(has_day_alone),
    attribute("ended_at", Kind::Time(ended_at)).null_when(has_day_alone),
    attribute("duration", Kind::Integer(duration)),
    attribute("description", Kind::Text(text::remark)).null(30),
    attribute("subject", Kind::Relation(SUBJECTS)).null(10),
    attribute("invoiceable", Kind::Bool(70)),
    attribute("billing_info", Kind::Object(BILLING)).null(60),
    attribute("hourly_rate", Kind::Money(|draw| draw.between(3_000, 15_000))).null(30),
    attribute("materials", Kind::List(0, 2, &Kind::Object(MATERIAL))).included("materials"),
    attribute("relates_to", Kind::List(0, 2, &Kind::Relation(RELATED))).included("relates_to"),
    attribute("_started_at", Kind::Time(started_at)).hidden(),
    attribute("_ended_at", Kind::Time(ended_at)).hidden(),
    attribute("locked", Kind::Bool(10)).in_info(),
];

const SUBJECTS: &[&str] = &["company", "contact", "event", "todo", "milestone", "ticket"];

const RELATED: &[&str] =
    &["contact", "company", "project", "milestone", "ticket", "nextgenProject", "nextgenProjectGroup"];

const BILLING: &[Attribute] = &[
    attribute("type", Kind::Choice(&["invoice", "invoice", "prepaid"])),
    attribute("invoice", Kind::Relation(&["invoice"])).null(30),
];

const MATERIAL: &[Attribute] = &[
    attribute("product", Kind::Relation(&["product"])).null(30),
    attribute("description", Kind::Text(text::product_name)),
    attribute("unit_price", Kind::Money(|draw| draw.between(100, 50_000))),
    attribute("quantity", Kind::Integer(|draw| draw.between(1, 10))),
];

const DURATION: u64 = 65;
const DAY_ALONE: u64 = 66;

/// Time is noted just after it was spent.
fn started_at(draw: &mut Draw<'_>) -> i64 {
    draw.created - duration(draw)
}

fn ended_at(draw: &mut Draw<'_>) -> i64 {
    draw.created
}

fn duration(draw: &mut Draw<'_>) -> i64 {
    300 * draw.settled_amount(DURATION, 1, 96)
}

fn has_day_alone(draw: &mut Draw<'_>) -> bool {
    draw.settled_amount(DAY_ALONE, 0, 9) == 0
}
