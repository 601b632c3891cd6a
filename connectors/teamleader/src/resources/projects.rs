//! The new projects module: projects and the groups, tasks and materials in them.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]
#![expect(clippy::struct_field_names, reason = "the names are Teamleader's")]

use connector_core::stream::FilterKind::{Id, Ids, OneOf, Relations, SomeOf};
use connector_core::stream::Walk;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{CUSTOMER_TYPES, IDS, TERM, parent};
use super::types::{CustomField, Duration, Money, Relation};
use super::{PAGED, Resource, UNPAGED, filter, record};

pub(super) const PROJECTS: Resource = Resource {
    stream: "projects",
    singular: "project",
    path: "projects-v2/projects",
    description: "Projects of the new projects module",
    record: record::<Project>,
    entity: Some("nextgenProject"),
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
    details: true,
    info_includes: &["legacy_project", "custom_fields"],
    custom_field_contexts: &["project"],
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

pub(super) const PROJECT_GROUPS: Resource = Resource {
    stream: "project_groups",
    singular: "project_group",
    path: "projects-v2/projectGroups",
    description: "Groups of tasks and materials in projects",
    record: record::<ProjectGroup>,
    entity: Some("nextgenProjectGroup"),
    filters: &[IDS, filter("project_id", Id)],
    details: true,
    ..PAGED
};

pub(super) const TASKS: Resource = Resource {
    stream: "tasks",
    singular: "task",
    path: "projects-v2/tasks",
    description: "Tasks of the new projects module",
    record: record::<Task>,
    entity: Some("nextgenTask"),
    filters: &[IDS],
    details: true,
    custom_field_contexts: &["todo"],
    ..PAGED
};

pub(super) const MATERIALS: Resource = Resource {
    stream: "materials",
    singular: "material",
    path: "projects-v2/materials",
    description: "Materials of projects: what they use beside time",
    record: record::<Material>,
    entity: Some("nextgenMaterial"),
    filters: &[IDS],
    details: true,
    ..PAGED
};

pub(super) const PROJECT_LINES: Resource = Resource {
    stream: "project_lines",
    singular: "project_line",
    path: "projects-v2/projectLines",
    description: "Lines of projects: which tasks, materials and groups they have, in their order",
    record: record::<ProjectLine>,
    key: &["project_id", "line_type", "line_id"],
    parents: &[parent("projects", "project_id", "project_id")],
    filters: &[
        filter("project_id", Id).required(),
        filter("types", SomeOf(&["nextgenTask", "nextgenMaterial", "nextgenProjectGroup"])),
        filter("assignees", Relations(&["team", "user"])),
    ],
    beside: &["project_id"],
    info: false,
    // One request for each project; tasks, materials and groups name their project themselves.
    synced_by_default: false,
    ..UNPAGED
};

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
    /// Not part of the single record.
    time_estimated: Option<Duration>,
    time_tracked: Option<Duration>,
    amount_billed: Option<Money>,
    /// Not part of the single record.
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
    /// Part of the single record. `owners`, `owners_and_assignees` or `everyone`.
    update_rights: Option<String>,
    /// Part of the single record.
    task_external_budget_spent: Option<Money>,
    /// Part of the single record.
    material_external_budget_spent: Option<Money>,
    /// Part of the single record.
    purchase_order_number: Option<String>,
    /// Part of the single record.
    custom_user_rates: Option<Vec<CustomUserRate>>,
    /// Part of the single record.
    external_parties: Option<Vec<ExternalParty>>,
}

/// A user or a team, and who decided that.
#[derive(JsonSchema)]
struct Assignee {
    assignee: Option<Relation>,
    /// Such as `manual`, `auto_assigned` or `manual_and_auto_assigned`.
    assign_type: Option<String>,
}

/// What customers pay for an hour of a user in this project.
#[derive(JsonSchema)]
struct CustomUserRate {
    user: Option<Relation>,
    custom_rate: Option<Money>,
}

/// Somebody outside who takes part.
#[derive(JsonSchema)]
struct ExternalParty {
    id: Option<Uuid>,
    /// A company or a contact.
    customer: Option<Relation>,
    function: Option<String>,
    sub_function: Option<String>,
}

/// Tasks and materials under one title.
#[derive(JsonSchema)]
pub(super) struct ProjectGroup {
    id: Uuid,
    project: Option<Relation>,
    title: Option<String>,
    /// Such as `#00B2B2`.
    color: Option<String>,
    /// `time_and_materials`, `fixed_price`, `parent_fixed_price` or `non_billable`.
    billing_method: Option<String>,
    /// `not_billable`, `not_billed`, `partially_billed` or `fully_billed`.
    billing_status: Option<String>,
    amount_billed: Option<Money>,
    fixed_amount_billed: Option<Money>,
    external_budget: Option<Money>,
    external_budget_spent: Option<Money>,
    internal_budget: Option<Money>,
    price: Option<Money>,
    fixed_price: Option<Money>,
    calculated_price: Option<Money>,
    cost: Option<Money>,
    margin: Option<Money>,
    margin_percentage: Option<f64>,
    assignees: Option<Vec<Assignee>>,
    start_date: Option<Date>,
    end_date: Option<Date>,
    time_estimated: Option<Duration>,
    time_tracked: Option<Duration>,
    /// Part of the single record.
    description: Option<String>,
}

/// Work that a project needs.
#[derive(JsonSchema)]
pub(super) struct Task {
    id: Uuid,
    project: Option<Relation>,
    group: Option<Relation>,
    work_type: Option<Relation>,
    /// What `work_type` was called before.
    task_type: Option<Relation>,
    /// `to_do`, `in_progress`, `on_hold` or `done`.
    status: Option<String>,
    title: Option<String>,
    /// Such as `user_rate`, `work_type_rate`, `custom_rate`, `fixed_price` or `non_billable`.
    billing_method: Option<String>,
    /// `not_billable`, `not_billed`, `partially_billed` or `fully_billed`.
    billing_status: Option<String>,
    custom_rate: Option<Money>,
    amount_billed: Option<Money>,
    external_budget: Option<Money>,
    external_budget_spent: Option<Money>,
    internal_budget: Option<Money>,
    price: Option<Money>,
    unit_price: Option<Money>,
    fixed_price: Option<Money>,
    cost: Option<Money>,
    unit_cost: Option<Money>,
    margin: Option<Money>,
    margin_percentage: Option<f64>,
    assignees: Option<Vec<Assignee>>,
    start_date: Option<Date>,
    end_date: Option<Date>,
    time_estimated: Option<Duration>,
    time_tracked: Option<Duration>,
    /// Part of the single record.
    description: Option<String>,
    /// Part of the single record.
    custom_fields: Option<Vec<CustomField>>,
}

/// Something that a project uses up.
#[derive(JsonSchema)]
pub(super) struct Material {
    id: Uuid,
    project: Option<Relation>,
    group: Option<Relation>,
    title: Option<String>,
    /// `to_do`, `in_progress`, `on_hold` or `done`.
    status: Option<String>,
    /// `fixed_price`, `unit_price` or `non_billable`.
    billing_method: Option<String>,
    /// `not_billable`, `not_billed`, `partially_billed` or `fully_billed`.
    billing_status: Option<String>,
    quantity: Option<f64>,
    quantity_estimated: Option<f64>,
    unit_price: Option<Money>,
    unit_cost: Option<Money>,
    unit: Option<Relation>,
    amount_billed: Option<Money>,
    external_budget: Option<Money>,
    external_budget_spent: Option<Money>,
    internal_budget: Option<Money>,
    price: Option<Money>,
    fixed_price: Option<Money>,
    cost: Option<Money>,
    margin: Option<Money>,
    margin_percentage: Option<f64>,
    assignees: Option<Vec<Assignee>>,
    start_date: Option<Date>,
    end_date: Option<Date>,
    product: Option<Relation>,
    /// Part of the single record.
    description: Option<String>,
}

/// A task, a material or a group, and the group that it is in.
#[derive(JsonSchema)]
pub(super) struct ProjectLine {
    line: Relation,
    group: Option<Relation>,
}
