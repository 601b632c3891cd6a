//! `projects-v2/projects`

use super::shared::{CUSTOM_FIELDS, CUSTOMER, CUSTOMER_TYPES};
use super::{Attribute, By, Include, Kind, Order, Paging, Resource, Test};
use super::{attribute, default_sort, filter, sort};
use crate::data::text;

pub(crate) static NEXTGEN_PROJECTS: Resource = Resource {
    name: "projects-v2/projects",
    entity: "nextgenProject",
    has_info: true,
    scope: Some("projects"),
    paging: Paging::PagesWithTotals,
    includes: &[Include { name: "legacy_project", parts: &["legacy_project"] }, CUSTOM_FIELDS],
    filters: &[
        filter("ids", Test::Ids),
        filter("status", Test::ProjectStatus(FILTER_STATUS)),
        filter("quotation_ids", Test::AnyId("quotations[].id")),
        filter("deal_ids", Test::AnyId("deals[].id")),
        filter("term", Test::Term(&["title", "description"])),
        filter("customers", Test::AnyReference("customers[]", CUSTOMER_TYPES)),
    ],
    sorts: &[
        default_sort("project_key", By::Number("project_key"), Order::Descending),
        sort("amount_billed", By::Number("amount_billed.amount")),
        sort("amount_paid", By::Number("amount_paid.amount")),
        sort("amount_unbilled", By::Number("amount_unbilled.amount")),
        sort("cost", By::Number("cost.amount")),
        sort("customer", By::Text(&["customers[].id"])),
        sort("end_date", By::Text(&["end_date"])),
        sort("external_budget_spent", By::Number("external_budget_spent.amount")),
        sort("external_budget", By::Number("external_budget.amount")),
        sort("internal_budget", By::Number("internal_budget.amount")),
        sort("margin", By::Number("margin.amount")),
        sort("price", By::Number("price.amount")),
        sort("start_date", By::Text(&["start_date"])),
        sort("status", By::Text(&["status"])),
        sort("time_budget", By::Number("time_budget.value")),
        sort("time_estimated", By::Number("time_estimated.value")),
        sort("time_tracked", By::Number("time_tracked.value")),
        sort("title", By::Text(&["title"])),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const FILTER_STATUS: &[&str] = &["open", "planned", "running", "overdue", "over_budget", "closed"];

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("project_key", Kind::Integer(|draw| i64::from(draw.number) + 1)),
    attribute("title", Kind::Text(text::project_title)),
    attribute("description", Kind::Text(text::remark)).null(50),
    attribute("status", Kind::Choice(&["open", "open", "closed"])),
    attribute("billing_method", Kind::Choice(&["time_and_materials", "fixed_price", "non_billable"])),
    attribute("time_budget", Kind::Object(DURATION)).null(60),
    attribute("time_tracked", Kind::Object(DURATION)).null(10),
    attribute("amount_billed", AMOUNT).null(20),
    attribute("fixed_amount_billed", AMOUNT).null(60),
    attribute("amount_paid", AMOUNT).null(40),
    attribute("external_budget", AMOUNT).null(70),
    attribute("external_budget_spent", AMOUNT).null(70),
    attribute("internal_budget", AMOUNT).null(70),
    attribute("price", AMOUNT).null(20),
    attribute("fixed_price", AMOUNT).null(60),
    attribute("calculated_price", AMOUNT).null(30),
    attribute("cost", AMOUNT).null(30),
    attribute("margin", AMOUNT).null(30),
    attribute("margin_percentage", Kind::Decimal(|draw| draw.between(-2_000, 9_000))).null(30),
    attribute("start_date", Kind::Date(|draw| draw.created)).null(25),
    attribute("end_date", Kind::Date(|draw| draw.created + 86_400 * draw.between(10, 400))).null(40),
    attribute("company_entity", Kind::Relation(&["department"])).null(10),
    attribute("owners", Kind::List(0, 2, &Kind::Relation(&["user"]))),
    attribute("color", Kind::Choice(COLORS)),
    attribute("assignees", Kind::List(0, 3, &Kind::Object(ASSIGNEE))),
    attribute("customers", Kind::List(0, 2, &Kind::Relation(CUSTOMER))),
    attribute("deals", Kind::List(0, 1, &Kind::Relation(&["deal"]))),
    attribute("quotations", Kind::List(0, 1, &Kind::Relation(&["quotation"]))),
    attribute("amount_unbilled", AMOUNT).null(30).in_list(),
    attribute("time_estimated", Kind::Object(DURATION)).null(40).in_list(),
    attribute("legacy_project", Kind::Relation(&["project"])).null(70).included("legacy_project"),
    attribute("custom_fields", Kind::CustomFields("project", 70)).included("custom_fields"),
    attribute("update_rights", Kind::Choice(&["owners", "owners_and_assignees", "everyone"])).in_info(),
    attribute("task_external_budget_spent", AMOUNT).null(60).in_info(),
    attribute("material_external_budget_spent", AMOUNT).null(60).in_info(),
    attribute("purchase_order_number", Kind::Text(text::order_number)).null(70).in_info(),
    attribute("custom_user_rates", Kind::List(0, 2, &Kind::Object(USER_RATE))).in_info(),
    attribute("external_parties", Kind::List(0, 2, &Kind::Object(EXTERNAL_PARTY))).in_info(),
];

pub(super) const AMOUNT: Kind = Kind::Money(|draw| draw.between(0, 5_000_000));

pub(super) const DURATION: &[Attribute] = &[
    attribute("value", Kind::Integer(|draw| 900 * draw.between(0, 800))),
    attribute("unit", Kind::Choice(&["seconds"])),
];

pub(super) const COLORS: &[&str] = &[
    "#00B2B2", "#008A8C", "#992600", "#ED9E00", "#D157D3", "#A400B2", "#0071F2", "#004DA6", "#64788F",
    "#C0C0C4", "#82828C", "#1A1C20",
];

const ASSIGNEE: &[Attribute] = &[
    attribute("assignee", Kind::Relation(&["user", "user", "team"])),
    attribute("assign_type", Kind::Choice(&["manual", "auto_assigned", "manual_and_auto_assigned"])),
];

const USER_RATE: &[Attribute] = &[
    attribute("user", Kind::Relation(&["user"])),
    attribute("custom_rate", Kind::Money(|draw| draw.between(3_000, 20_000))),
];

const EXTERNAL_PARTY: &[Attribute] = &[
    attribute("id", Kind::Text(|draw| draw.related_id("externalParty"))),
    attribute("customer", Kind::Relation(CUSTOMER)),
    attribute("function", Kind::Text(text::position)).null(40),
    attribute("sub_function", Kind::Text(text::division)).null(70),
];
