//! Sales: deals, and the lists that they choose from.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::Direction::Descending;
use connector_core::stream::FilterKind::{DateOrNull, DateTime, Id, IdOrIds, Ids, SomeOf};
use connector_core::stream::{FilterKind, Walk};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{CUSTOMER, IDS, TERM, UPDATED_SINCE, parent};
use super::types::{CustomField, ExchangeRate, Money, Named, Relation};
use super::{PAGED, Resource, filter, record};

pub(super) const DEALS: Resource = Resource {
    stream: "deals",
    singular: "deal",
    path: "deals",
    description: "Deals: sales opportunities",
    record: record::<Deal>,
    entity: Some("deal"),
    // Not sortable by change; the creation has an upper bound only, so the walk goes back in time.
    walk: Walk::Value { field: "created_at", direction: Descending, bound: "created_before" },
    changed_since: Some("updated_since"),
    filters: &[
        IDS,
        TERM,
        CUSTOMER,
        filter("phase_id", Id),
        filter("estimated_closing_date", DateOrNull),
        filter("estimated_closing_date_from", FilterKind::Date),
        filter("estimated_closing_date_until", FilterKind::Date),
        filter("responsible_user_id", IdOrIds),
        UPDATED_SINCE,
        filter("created_before", DateTime),
        filter("status", SomeOf(&["open", "won", "lost"])),
        filter("pipeline_ids", Ids),
    ],
    sorts: &["created_at", "weighted_value"],
    includes: &["custom_fields", "second_responsible_user"],
    default_includes: &["custom_fields", "second_responsible_user"],
    details: true,
    // Definitions say `sale` where everything else says `deal`.
    custom_field_contexts: &["deal", "sale"],
    ..PAGED
};

pub(super) const DEAL_PIPELINES: Resource = Resource {
    stream: "deal_pipelines",
    singular: "deal_pipeline",
    path: "dealPipelines",
    description: "Pipelines that deals go through",
    record: record::<Named>,
    entity: Some("dealPipeline"),
    totals: true,
    filters: &[IDS, filter("status", SomeOf(&["open", "pending_deletion"])), TERM],
    default_filter: &[("status", r#"["open","pending_deletion"]"#)],
    info: false,
    ..PAGED
};

pub(super) const DEAL_PHASES: Resource = Resource {
    stream: "deal_phases",
    singular: "deal_phase",
    path: "dealPhases",
    description: "Phases of the pipelines",
    record: record::<DealPhase>,
    entity: Some("dealPhase"),
    // A phase does not name its pipeline: whoever asked for the phases of one knows.
    parents: &[parent("deal_pipelines", "deal_pipeline_id", "deal_pipeline_id")],
    filters: &[IDS, filter("deal_pipeline_id", Id)],
    info: false,
    ..PAGED
};

pub(super) const DEAL_SOURCES: Resource = Resource {
    stream: "deal_sources",
    singular: "deal_source",
    path: "dealSources",
    description: "Sources of deals: where customers come from",
    record: record::<Named>,
    entity: Some("dealSource"),
    // The only order there is; they are few and seldom renamed.
    walk: Walk::Pages { sort: Some("name") },
    filters: &[IDS, TERM],
    sorts: &["name"],
    info: false,
    ..PAGED
};

pub(super) const LOST_REASONS: Resource = Resource {
    stream: "lost_reasons",
    singular: "lost_reason",
    path: "lostReasons",
    description: "Reasons for which deals are lost",
    record: record::<Named>,
    entity: Some("lostReason"),
    // The only order there is; they are few and seldom renamed.
    walk: Walk::Pages { sort: Some("name") },
    filters: &[IDS],
    sorts: &["name"],
    info: false,
    ..PAGED
};

/// A sales opportunity.
#[derive(JsonSchema)]
pub(super) struct Deal {
    id: Uuid,
    title: Option<String>,
    summary: Option<String>,
    reference: Option<String>,
    /// Such as `new`, `open`, `won` or `lost`.
    status: Option<String>,
    lead: Option<Lead>,
    department: Option<Relation>,
    estimated_value: Option<Money>,
    estimated_closing_date: Option<Date>,
    /// From 0 to 1.
    estimated_probability: Option<f64>,
    weighted_value: Option<Money>,
    purchase_order_number: Option<String>,
    current_phase: Option<Relation>,
    responsible_user: Option<Relation>,
    /// Part of the list with the include of the same name.
    second_responsible_user: Option<Relation>,
    closed_at: Option<Timestamp>,
    source: Option<Relation>,
    lost_reason: Option<LostReason>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    web_url: Option<String>,
    /// Part of the list with the include `custom_fields`.
    custom_fields: Option<Vec<CustomField>>,
    currency_exchange_rate: Option<ExchangeRate>,
    pipeline: Option<Relation>,
    /// Part of the single record.
    phase_history: Option<Vec<PhaseChange>>,
    /// Part of the single record.
    quotations: Option<Vec<Relation>>,
}

/// When a deal came into a phase, and who moved it.
#[derive(JsonSchema)]
struct PhaseChange {
    phase: Option<Relation>,
    /// A text: it has been seen without an offset.
    started_at: Option<String>,
    started_by: Option<Relation>,
}

/// Who may buy.
#[derive(JsonSchema)]
struct Lead {
    /// A company or a contact.
    customer: Option<Relation>,
    contact_person: Option<Relation>,
}

/// Why nobody bought.
#[derive(JsonSchema)]
struct LostReason {
    reason: Option<Relation>,
    remark: Option<String>,
}

/// A step of a pipeline.
#[derive(JsonSchema)]
pub(super) struct DealPhase {
    id: Uuid,
    name: Option<String>,
    /// What Teamleader proposes to do, such as `create_call`.
    actions: Option<Vec<String>>,
    requires_attention_after: Option<Patience>,
    /// From 0 to 1.
    probability: Option<f64>,
}

/// How long a deal may stay in a phase.
#[derive(JsonSchema)]
struct Patience {
    amount: Option<f64>,
    /// `days` or `weeks`.
    unit: Option<String>,
}
