//! `calls`

use super::shared::{CUSTOMER, CUSTOMER_TYPES};
use super::{Attribute, Kind, Paging, Resource, Test, attribute, filter};
use crate::data::{Draw, text};

pub(crate) static CALLS: Resource = Resource {
    name: "calls",
    entity: "call",
    has_info: true,
    paging: Paging::PagesWithTotals,
    filters: &[
        filter("scheduled_after", Test::DateFrom("scheduled_at")),
        filter("scheduled_before", Test::DateUntil("scheduled_at")),
        filter("relates_to", Test::Reference("participant.customer", CUSTOMER_TYPES)),
        filter("call_outcome_id", Test::Id("outcome.id")),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("added_at", Kind::Created).null(5),
    attribute("participant", Kind::Object(PARTICIPANT)).null(5),
    attribute("description", Kind::Text(text::remark)).null(40),
    attribute("outcome", Kind::Relation(&["callOutcome"])).null_when(is_open),
    attribute("outcome_summary", Kind::Text(text::remark)).null_when(is_open),
    attribute("assignee", Kind::Relation(&["user"])).null(10),
    attribute("scheduled_at", Kind::Time(scheduled_at)),
    attribute("status", Kind::Chosen(&["open", "completed"], status)),
    attribute("deal", Kind::Relation(&["deal"])).null(70),
    attribute("completed_at", Kind::Time(|draw| scheduled_at(draw) + 600)).null_when(is_open).in_info(),
    attribute("custom_fields", Kind::CustomFields("callback", 40)).in_info(),
];

const PARTICIPANT: &[Attribute] = &[
    attribute("customer", Kind::Relation(CUSTOMER)).null(10),
    attribute("contact", Kind::Relation(&["contact"])).null(50),
];

const STATUS: u64 = 62;
const START: u64 = 63;

fn status(draw: &mut Draw<'_>) -> &'static str {
    draw.settled(STATUS, &["open", "completed", "completed"])
}

fn is_open(draw: &mut Draw<'_>) -> bool {
    status(draw) == "open"
}

/// At a quarter of an hour, up to a week after the call was planned.
fn scheduled_at(draw: &mut Draw<'_>) -> i64 {
    let planned = draw.created + draw.settled_amount(START, 0, 600_000);
    planned - planned.rem_euclid(900)
}
