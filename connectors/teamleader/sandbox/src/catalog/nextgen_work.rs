//! `projects-v2/tasks` and `projects-v2/materials`

use super::nextgen_projects::{AMOUNT, DURATION};
use super::project_lines::BILLING_STATUS;
use super::project_parts::{self as parts, ASSIGNEES, IN_GROUP, MATERIAL, PROJECT, TASK};
use super::{Attribute, Kind, Resource, Test, attribute, filter};
use crate::data::{Draw, text};

pub(crate) static NEXTGEN_TASKS: Resource = Resource {
    name: "projects-v2/tasks",
    entity: TASK,
    has_info: true,
    scope: Some("projects"),
    filters: &[filter("ids", Test::Ids)],
    attributes: TASK_ATTRIBUTES,
    ..Resource::PLAIN
};

pub(crate) static NEXTGEN_MATERIALS: Resource = Resource {
    name: "projects-v2/materials",
    entity: MATERIAL,
    has_info: true,
    scope: Some("projects"),
    filters: &[filter("ids", Test::Ids)],
    attributes: MATERIAL_ATTRIBUTES,
    ..Resource::PLAIN
};

const TASK_ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("project", Kind::Written(&PROJECT, |draw| parts::project(draw, TASK, draw.number))),
    attribute("group", Kind::Written(&IN_GROUP, |draw| parts::group(draw, TASK, draw.number))).null(0),
    attribute("work_type", Kind::Written(&Kind::Relation(&["workType"]), work_type)).null(0),
    // The old name of the same.
    attribute("task_type", Kind::Written(&Kind::Relation(&["workType"]), work_type)).null(0),
    attribute("status", Kind::Choice(STATUS)),
    attribute("title", Kind::Text(text::short_note)),
    attribute("billing_method", Kind::Choice(TASK_BILLING)),
    attribute("billing_status", Kind::Choice(BILLING_STATUS)),
    attribute("custom_rate", AMOUNT).null(80),
    attribute("amount_billed", AMOUNT).null(40),
    attribute("external_budget", AMOUNT).null(70),
    attribute("external_budget_spent", AMOUNT).null(70),
    attribute("internal_budget", AMOUNT).null(70),
    attribute("price", AMOUNT).null(20),
    attribute("unit_price", AMOUNT).null(50),
    attribute("fixed_price", AMOUNT).null(60),
    attribute("cost", AMOUNT).null(30),
    attribute("unit_cost", AMOUNT).null(50),
    attribute("margin", AMOUNT).null(30),
    attribute("margin_percentage", Kind::Decimal(|draw| draw.between(-2_000, 9_000))).null(30),
    attribute("assignees", Kind::Written(&ASSIGNEES, |draw| parts::assignees(draw, TASK, draw.number))),
    attribute("start_date", Kind::Date(|draw| draw.created)).null(40),
    attribute("end_date", Kind::Date(|draw| draw.created + 86_400 * draw.between(1, 90))).null(40),
    attribute("time_estimated", Kind::Object(DURATION)).null(40),
    attribute("time_tracked", Kind::Object(DURATION)).null(20),
    attribute("description", Kind::Text(text::remark)).null(50).in_info(),
    attribute("custom_fields", Kind::CustomFields("todo", 50)).in_info(),
];

const MATERIAL_ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("project", Kind::Written(&PROJECT, |draw| parts::project(draw, MATERIAL, draw.number))),
    attribute("group", Kind::Written(&IN_GROUP, |draw| parts::group(draw, MATERIAL, draw.number))).null(0),
    attribute("title", Kind::Text(text::product_name)),
    attribute("status", Kind::Choice(STATUS)),
    attribute("billing_method", Kind::Choice(&["fixed_price", "unit_price", "non_billable"])),
    attribute("billing_status", Kind::Choice(BILLING_STATUS)),
    attribute("quantity", Kind::Decimal(|draw| draw.between(50, 10_000))).null(10),
    attribute("quantity_estimated", Kind::Decimal(|draw| draw.between(50, 10_000))).null(40),
    attribute("unit_price", AMOUNT).null(20),
    attribute("unit_cost", AMOUNT).null(30),
    attribute("unit", Kind::Relation(&["priceunit"])).null(40),
    attribute("amount_billed", AMOUNT).null(40),
    attribute("external_budget", AMOUNT).null(70),
    attribute("external_budget_spent", AMOUNT).null(70),
    attribute("internal_budget", AMOUNT).null(70),
    attribute("price", AMOUNT).null(20),
    attribute("fixed_price", AMOUNT).null(60),
    attribute("cost", AMOUNT).null(30),
    attribute("margin", AMOUNT).null(30),
    attribute("margin_percentage", Kind::Decimal(|draw| draw.between(-2_000, 9_000))).null(30),
    attribute("assignees", Kind::Written(&ASSIGNEES, |draw| parts::assignees(draw, MATERIAL, draw.number))),
    attribute("start_date", Kind::Date(|draw| draw.created)).null(50),
    attribute("end_date", Kind::Date(|draw| draw.created + 86_400 * draw.between(1, 90))).null(50),
    attribute("product", Kind::Relation(&["product"])).null(40),
    attribute("description", Kind::Text(text::remark)).null(50).in_info(),
];

const STATUS: &[&str] = &["to_do", "in_progress", "on_hold", "done"];

const TASK_BILLING: &[&str] =
    &["user_rate", "work_type_rate", "custom_rate", "fixed_price", "parent_fixed_price", "non_billable"];

const WORK_TYPE: u64 = 71;

/// Three of ten tasks have none.
fn work_type(draw: &mut Draw<'_>) {
    let count = i64::try_from(draw.world.count("workType")).unwrap_or(1).max(1);
    match u32::try_from(draw.settled_amount(WORK_TYPE, 0, count * 10 / 7)) {
        Ok(number) if i64::from(number) < count => draw.reference_to("workType", number),
        _ => draw.raw("null"),
    }
}
