//! The old projects module: projects and their milestones.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::FilterKind::{Id, OneOf};
use connector_core::stream::{FilterKind, Walk, Window};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{CUSTOMER, IDS, TERM, UPDATED_SINCE};
use super::types::{CustomField, Money, Relation};
use super::{PAGED, Resource, filter, record};

pub(super) const LEGACY_PROJECTS: Resource = Resource {
    stream: "legacy_projects",
    singular: "legacy_project",
    path: "projects",
    description: "Projects of the old projects module",
    record: record::<LegacyProject>,
    entity: Some("project"),
    walk: Walk::Pages { sort: Some("created_at") },
    changed_since: Some("updated_since"),
    filters: &[
        CUSTOMER,
        filter("status", OneOf(&["active", "on_hold", "done", "cancelled"])),
        filter("participant_id", Id),
        TERM,
        UPDATED_SINCE,
    ],
    sorts: &["due_on", "title", "created_at"],
    details: true,
    custom_field_contexts: &["project"],
    ..PAGED
};

pub(super) const MILESTONES: Resource = Resource {
    stream: "milestones",
    singular: "milestone",
    path: "milestones",
    description: "Milestones of the old projects module",
    record: record::<Milestone>,
    entity: Some("milestone"),
    // New ones are mostly due last.
    walk: Walk::Pages { sort: Some("due_on") },
    // Budgets and results move long after the day on which a milestone was due.
    window: Some(Window { from: "due_after", until: None, back: 60, ahead: 0, full_every: 1 }),
    filters: &[
        IDS,
        filter("project_id", Id),
        filter("status", OneOf(&["open", "closed"])),
        filter("due_before", FilterKind::Date),
        filter("due_after", FilterKind::Date),
        TERM,
    ],
    sorts: &["starts_on", "due_on"],
    details: true,
    custom_field_contexts: &["milestone"],
    ..PAGED
};

/// A project of the old module.
#[derive(JsonSchema)]
pub(super) struct LegacyProject {
    id: Uuid,
    reference: Option<String>,
    title: Option<String>,
    description: Option<String>,
    /// `active`, `on_hold`, `done` or `cancelled`.
    status: Option<String>,
    customer: Option<Relation>,
    starts_on: Option<Date>,
    due_on: Option<Date>,
    /// Not part of the single record.
    created_at: Option<Timestamp>,
    source: Option<Relation>,
    actuals: Option<Actuals>,
    budget: Option<Budget>,
    /// Part of the single record.
    milestones: Option<Vec<Relation>>,
    /// Part of the single record.
    participants: Option<Vec<Participant>>,
    /// Part of the single record.
    purchase_order_number: Option<String>,
    /// Part of the single record.
    custom_fields: Option<Vec<CustomField>>,
}

/// A user who works on a project.
#[derive(JsonSchema)]
struct Participant {
    participant: Option<Relation>,
    /// `decision_maker` or `member`.
    role: Option<String>,
}

/// What a project brought and cost.
#[derive(JsonSchema)]
struct Actuals {
    billable_amount: Option<Money>,
    costs: Option<Money>,
    result: Option<Money>,
    profit_percentage: Option<f64>,
}

/// What a project may cost.
#[derive(JsonSchema)]
struct Budget {
    provided: Option<Money>,
    spent: Option<Spent>,
    remaining: Option<Money>,
    allocated: Option<Money>,
    forecasted: Option<Money>,
}

/// What it was spent on.
#[derive(JsonSchema)]
struct Spent {
    total: Option<Money>,
    time: Option<Money>,
    materials: Option<Money>,
}

/// A part of a project of the old module.
#[derive(JsonSchema)]
pub(super) struct Milestone {
    id: Uuid,
    project: Option<Relation>,
    starts_on: Option<Date>,
    due_on: Option<Date>,
    name: Option<String>,
    responsible_user: Option<Relation>,
    /// `open` or `closed`.
    status: Option<String>,
    /// `time_and_materials`, `fixed_price` or `non_invoiceable`.
    invoicing_method: Option<String>,
    depends_on: Option<Relation>,
    dependency_for: Option<Vec<Relation>>,
    actuals: Option<MilestoneActuals>,
    budget: Option<MilestoneBudget>,
    /// Part of the single record.
    description: Option<String>,
    /// Part of the single record.
    custom_fields: Option<Vec<CustomField>>,
}

/// What a milestone brought and cost.
#[derive(JsonSchema)]
struct MilestoneActuals {
    billable_amount: Option<Money>,
    costs: Option<Money>,
    result: Option<Money>,
}

/// What a milestone may cost.
#[derive(JsonSchema)]
struct MilestoneBudget {
    provided: Option<Money>,
    spent: Option<Money>,
    remaining: Option<Money>,
    allocated: Option<Money>,
    forecasted: Option<Money>,
}
