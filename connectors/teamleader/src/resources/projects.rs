//! Records of the two projects modules: an account has the old one, the new one, or both while it moves.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]
#![expect(clippy::struct_field_names, reason = "the names are Teamleader's")]

use connector_core::stream::FilterKind::{Id, Ids, OneOf, Relations};
use connector_core::stream::Walk;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{CUSTOMER, CUSTOMER_TYPES, IDS, TERM, UPDATED_SINCE};
use super::types::{CustomField, Duration, Money, Relation};
use super::{PAGED, Resource, filter, record};

pub(super) const LEGACY_PROJECTS: Resource = Resource {
    stream: "legacy_projects",
    singular: "legacy_project",
    path: "projects",
    description: "Projects of the old projects module",
    record: record::<LegacyProject>,
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
    ..PAGED
};

pub(super) const PROJECTS: Resource = Resource {
    stream: "projects",
    singular: "project",
    path: "projects-v2/projects",
    description: "Projects of the new projects module",
    record: record::<Project>,
    totals: true,
    // Counts up from 1 and never changes.
    walk: Walk::Pages { sort: Some("project_key") },
    filters: &[
        IDS,
        filter("status", OneOf(&["open", "planned", "running", "overdue", "over_budget", "closed"])),
        filter("quotation_ids", Ids),
        filter("deal_ids", Ids),
        TERM,
        filter("customers", Relations(CUSTOMER_TYPES)),
    ],
    sorts: PROJECT_SORTS,
    includes: &["legacy_project", "custom_fields"],
    default_includes: &["custom_fields"],
    ..PAGED
};

const PROJECT_SORTS: &[&str] = &[
    "amount_billed",
    "amount_paid",
    "amount_unbilled",
    "cost",
    "customer",
    "end_date",
    "external_budget_spent",
    "external_budget",
    "internal_budget",
    "margin",
    "price",
    "project_key",
    "start_date",
    "status",
    "time_budget",
    "time_estimated",
    "time_tracked",
    "title",
];

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
    created_at: Option<Timestamp>,
    source: Option<Relation>,
    actuals: Option<Actuals>,
    budget: Option<Budget>,
}

/// What a project of the old module brought and cost.
#[derive(JsonSchema)]
struct Actuals {
    billable_amount: Option<Money>,
    costs: Option<Money>,
    result: Option<Money>,
    profit_percentage: Option<f64>,
}

/// What a project of the old module may cost.
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

/// A project of the new module. Amounts are absent for users who may not see them.
#[derive(JsonSchema)]
pub(super) struct Project {
    id: Uuid,
    /// Counts the projects of the account.
    project_key: Option<i64>,
    title: Option<String>,
    description: Option<String>,
    /// `open` or `closed`.
    status: Option<String>,
    /// `time_and_materials`, `fixed_price` or `non_billable`.
    billing_method: Option<String>,
    time_budget: Option<Duration>,
    time_estimated: Option<Duration>,
    time_tracked: Option<Duration>,
    amount_billed: Option<Money>,
    amount_unbilled: Option<Money>,
    fixed_amount_billed: Option<Money>,
    amount_paid: Option<Money>,
    external_budget: Option<Money>,
    external_budget_spent: Option<Money>,
    internal_budget: Option<Money>,
    price: Option<Money>,
    fixed_price: Option<Money>,
    calculated_price: Option<Money>,
    cost: Option<Money>,
    margin: Option<Money>,
    margin_percentage: Option<f64>,
    start_date: Option<Date>,
    end_date: Option<Date>,
    company_entity: Option<Relation>,
    owners: Option<Vec<Relation>>,
    /// Such as `#00B2B2`.
    color: Option<String>,
    assignees: Option<Vec<Assignee>>,
    customers: Option<Vec<Relation>>,
    deals: Option<Vec<Relation>>,
    quotations: Option<Vec<Relation>>,
    /// Part of the list with the include of the same name.
    legacy_project: Option<Relation>,
    /// Part of the list with the include `custom_fields`.
    custom_fields: Option<Vec<CustomField>>,
}

/// A user or a team, and who decided that.
#[derive(JsonSchema)]
struct Assignee {
    assignee: Option<Relation>,
    /// Such as `manual` or `auto_assigned`.
    assign_type: Option<String>,
}
