//! Records of the two projects modules: an account has the old one, the new one, or both while it moves.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]
#![expect(clippy::struct_field_names, reason = "the names are Teamleader's")]

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::types::{CustomField, Duration, Money, Relation};

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
