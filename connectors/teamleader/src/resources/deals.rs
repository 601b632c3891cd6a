//! Sales: deals.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::Direction::Descending;
use connector_core::stream::FilterKind::{DateOrNull, DateTime, Id, IdOrIds, Ids, SomeOf};
use connector_core::stream::{FilterKind, Walk};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{CUSTOMER, IDS, TERM, UPDATED_SINCE};
use super::types::{CustomField, ExchangeRate, Money, Relation};
use super::{PAGED, Resource, filter, record};

pub(super) const DEALS: Resource = Resource {
    stream: "deals",
    singular: "deal",
    path: "deals",
    description: "Deals: sales opportunities",
    record: record::<Deal>,
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
    default_includes: &["custom_fields"],
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
