//! `dealPipelines`, `dealPhases`, `dealSources` and `lostReasons`: the lists that deals choose from.

use super::{Attribute, By, Kind, Meta, Order, Paging, Resource, Rows, Test, attribute, filter, only_sort};
use crate::data::{Draw, World, text};

pub(crate) static DEAL_PIPELINES: Resource = Resource {
    name: "dealPipelines",
    entity: "dealPipeline",
    scope: Some("deals"),
    rows: Rows::AtMost(PIPELINES.len()),
    paging: Paging::PagesWithTotals,
    meta: Meta::Default,
    filters: &[
        filter("ids", Test::Ids),
        filter("status", Test::AnyOf("_status", &["open", "pending_deletion"], &[])),
        filter("term", Test::Term(&["name"])),
    ],
    attributes: PIPELINE,
    ..Resource::PLAIN
};

pub(crate) static DEAL_PHASES: Resource = Resource {
    name: "dealPhases",
    entity: "dealPhase",
    scope: Some("deals"),
    rows: Rows::AtMost(12),
    // Also listed without a pipeline, and then nothing tells which one a phase belongs to.
    owner: Some("_parent"),
    filters: &[filter("ids", Test::Ids), filter("deal_pipeline_id", Test::Id("_parent.id"))],
    attributes: PHASE,
    ..Resource::PLAIN
};

pub(crate) static DEAL_SOURCES: Resource = Resource {
    name: "dealSources",
    entity: "dealSource",
    scope: Some("deals"),
    rows: Rows::AtMost(SOURCES.len()),
    filters: &[filter("ids", Test::Ids), filter("term", Test::Term(&["name"]))],
    sorts: &[only_sort("name", By::Text(&["name"]), Order::Ascending)],
    attributes: SOURCE,
    ..Resource::PLAIN
};

pub(crate) static LOST_REASONS: Resource = Resource {
    name: "lostReasons",
    entity: "lostReason",
    scope: Some("deals"),
    rows: Rows::AtMost(REASONS.len()),
    filters: &[filter("ids", Test::Ids)],
    sorts: &[only_sort("name", By::Text(&["name"]), Order::Ascending)],
    attributes: REASON,
    ..Resource::PLAIN
};

const PIPELINE: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(|draw| text::listed(draw, PIPELINES))),
    attribute("_status", Kind::Chosen(&["open", "pending_deletion"], pipeline_status)).hidden(),
];

const PHASE: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(|draw| text::listed(draw, PHASES))),
    attribute("actions", Kind::List(0, 2, &Kind::Choice(&["create_event", "create_call", "create_task"]))),
    attribute("requires_attention_after", Kind::Object(ATTENTION)),
    attribute("probability", Kind::Decimal(|draw| 5 * draw.between(0, 20))),
    attribute("_parent", Kind::Written(&Kind::Relation(&["dealPipeline"]), pipeline_of_phase)).hidden(),
];

const ATTENTION: &[Attribute] = &[
    attribute("amount", Kind::Integer(|draw| draw.between(1, 14))),
    attribute("unit", Kind::Choice(&["days", "weeks"])),
];

const SOURCE: &[Attribute] =
    &[attribute("id", Kind::Id), attribute("name", Kind::Text(|draw| text::listed(draw, SOURCES)))];

const REASON: &[Attribute] =
    &[attribute("id", Kind::Id), attribute("name", Kind::Text(|draw| text::listed(draw, REASONS)))];

const PIPELINES: &[&str] = &["Verkoop", "Récurrent", "Groß & Klein"];

const PHASES: &[&str] = &[
    "New",
    "Contacted",
    "Offerte verstuurd",
    "Négociation",
    "Verhandlung",
    "Accepted",
    "Nouveau",
    "Kontakt",
    "Wacht op klant",
    "\"Bijna\"",
    "Zgoda",
    "Facturé",
];

const SOURCES: &[&str] =
    &["Website", "Beurs", "Bouche-à-oreille", "Empfehlung", "Telefoon", "E-mail", "広告"];

const REASONS: &[&str] = &["Te duur", "Pas de budget", "Konkurrenz", "No answer", "Timing"];

/// The pipeline of the n-th phase: they have phases in turn.
pub(super) fn pipeline_of(world: &World, phase: u32) -> u32 {
    phase % u32::try_from(world.count("dealPipeline")).unwrap_or(1).max(1)
}

fn pipeline_of_phase(draw: &mut Draw<'_>) {
    let pipeline = pipeline_of(draw.world, draw.number);
    draw.reference_to("dealPipeline", pipeline);
}

/// The last pipeline is on its way out.
fn pipeline_status(draw: &mut Draw<'_>) -> &'static str {
    if draw.number % 3 == 2 { "pending_deletion" } else { "open" }
}
