//! `deals`

use super::deal_lists::pipeline_of;
use super::shared::{CUSTOM_FIELDS, CUSTOMER, CUSTOMER_TYPES, EXCHANGE_RATE};
use super::{Attribute, By, Include, Kind, Order, Resource, Test};
use super::{attribute, default_sort, filter, sort};
use crate::data::{Draw, text};

pub(crate) static DEALS: Resource = Resource {
    name: "deals",
    entity: "deal",
    has_info: true,
    scope: Some("deals"),
    includes: &[
        CUSTOM_FIELDS,
        Include { name: "second_responsible_user", parts: &["second_responsible_user"] },
    ],
    filters: &[
        filter("ids", Test::Ids),
        filter("term", Test::Term(&["title", "reference"])),
        filter("customer", Test::Reference("lead.customer", CUSTOMER_TYPES)),
        filter("phase_id", Test::Id("current_phase.id")),
        filter("estimated_closing_date", Test::DateOrNull("estimated_closing_date")),
        filter("estimated_closing_date_from", Test::DateFrom("estimated_closing_date")),
        filter("estimated_closing_date_until", Test::DateUntil("estimated_closing_date")),
        filter("responsible_user_id", Test::IdOrIds("responsible_user.id")),
        filter("updated_since", Test::UpdatedSince),
        filter("created_before", Test::TimeUntil("created_at")),
        filter("status", Test::AnyOf("status", &["open", "won", "lost"], &[])),
        filter("pipeline_ids", Test::AnyId("pipeline.id")),
    ],
    sorts: &[
        default_sort("created_at", By::Created, Order::Descending),
        sort("weighted_value", By::Number("weighted_value.amount")),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("title", Kind::Text(text::deal_title)),
    attribute("summary", Kind::Text(text::remark)).null(60),
    attribute("reference", Kind::Text(|draw| draw.reference(""))),
    attribute("status", Kind::Chosen(&["open", "won", "lost"], status)),
    attribute("lead", Kind::Object(LEAD)),
    attribute("department", Kind::Relation(&["department"])),
    attribute("estimated_value", Kind::Money(value)).null(15),
    attribute("estimated_closing_date", Kind::Date(|draw| draw.created + 86_400 * draw.between(5, 120)))
        .null(40),
    attribute("estimated_probability", Kind::Decimal(probability)).null(20),
    attribute("weighted_value", Kind::Money(|draw| value(draw) * probability(draw) / 100)).null(15),
    attribute("purchase_order_number", Kind::Text(text::order_number)).null(70),
    attribute("current_phase", Kind::Written(&Kind::Relation(&["dealPhase"]), current_phase)),
    attribute("responsible_user", Kind::Relation(&["user"])).null(5),
    attribute("closed_at", Kind::Time(|draw| draw.updated)).null_when(|draw| status(draw) == "open"),
    attribute("source", Kind::Relation(&["dealSource"])).null(50),
    attribute("lost_reason", Kind::Object(LOST_REASON)).null_when(|draw| status(draw) != "lost"),
    attribute("created_at", Kind::Created),
    attribute("updated_at", Kind::Updated),
    attribute("web_url", Kind::Text(|draw| draw.web_url("sale_detail.php"))),
    attribute("currency_exchange_rate", EXCHANGE_RATE).null(30),
    attribute("pipeline", Kind::Written(&Kind::Relation(&["dealPipeline"]), pipeline)),
    attribute("custom_fields", Kind::CustomFields("sale", 70)).included("custom_fields"),
    attribute("second_responsible_user", Kind::Relation(&["user"]))
        .null(80)
        .included("second_responsible_user"),
    attribute("phase_history", Kind::List(1, 3, &Kind::Object(PHASE))).in_info(),
    attribute("quotations", Kind::List(0, 2, &Kind::Relation(&["quotation"]))).in_info(),
];

const LEAD: &[Attribute] = &[
    attribute("customer", Kind::Relation(CUSTOMER)),
    attribute("contact_person", Kind::Relation(&["contact"])).null(60),
];

const LOST_REASON: &[Attribute] = &[
    attribute("reason", Kind::Relation(&["lostReason"])).null(20),
    attribute("remark", Kind::Text(text::remark)).null(60),
];

const PHASE: &[Attribute] = &[
    attribute("phase", Kind::Relation(&["dealPhase"])),
    attribute("started_at", Kind::Time(|draw| draw.created + draw.between(0, 900_000))),
    attribute("started_by", Kind::Relation(&["user"])),
];

const STATUS: u64 = 11;
const VALUE: u64 = 12;
const PHASE_NUMBER: u64 = 13;

fn status(draw: &mut Draw<'_>) -> &'static str {
    draw.settled(STATUS, &["open", "open", "won", "won", "lost"])
}

fn phase(draw: &Draw<'_>) -> u32 {
    let phases = i64::try_from(draw.world.count("dealPhase")).unwrap_or(1).max(1);
    u32::try_from(draw.settled_amount(PHASE_NUMBER, 0, phases - 1)).unwrap_or_default()
}

fn current_phase(draw: &mut Draw<'_>) {
    let phase = phase(draw);
    draw.reference_to("dealPhase", phase);
}

/// The one that the phase belongs to.
fn pipeline(draw: &mut Draw<'_>) {
    let pipeline = pipeline_of(draw.world, phase(draw));
    draw.reference_to("dealPipeline", pipeline);
}

fn value(draw: &mut Draw<'_>) -> i64 {
    draw.settled_amount(VALUE, 25_000, 9_000_000)
}

/// In hundredths.
fn probability(draw: &mut Draw<'_>) -> i64 {
    match status(draw) {
        "won" => 100,
        "lost" => 0,
        _ => 10 * (1 + draw.settled_amount(VALUE, 0, 9)),
    }
}
