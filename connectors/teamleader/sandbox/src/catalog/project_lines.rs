//! `projects-v2/projectLines` and `projects-v2/projectGroups`: what a project is made of.

use super::nextgen_projects::{AMOUNT, COLORS, DURATION};
use super::project_parts::{self as parts, ASSIGNEES, GROUP, IN_GROUP, PARTS, PROJECT};
use super::shared::HIDDEN_ID;
use super::{Attribute, Kind, Paging, Resource, Rows, Test, attribute, filter};
use crate::data::{Draw, text};

pub(crate) static PROJECT_LINES: Resource = Resource {
    name: "projects-v2/projectLines",
    entity: "projectLine",
    scope: Some("projects"),
    // One line for every task, material and group, of which there are as many as asked.
    rows: Rows::Times(PARTS.len()),
    paging: Paging::None,
    owner: Some("_parent"),
    filters: &[
        filter("project_id", Test::Id("_parent.id")).in_body().required(),
        filter("types", Test::AnyOf("line.type", PARTS, &[])),
        filter("assignees", Test::AnyReference("_assignees[].assignee", &["team", "user"])),
    ],
    attributes: LINE,
    ..Resource::PLAIN
};

pub(crate) static PROJECT_GROUPS: Resource = Resource {
    name: "projects-v2/projectGroups",
    entity: GROUP,
    has_info: true,
    scope: Some("projects"),
    owner: Some("project"),
    filters: &[filter("ids", Test::Ids), filter("project_id", Test::Id("project.id"))],
    attributes: GROUP_ATTRIBUTES,
    ..Resource::PLAIN
};

const LINE: &[Attribute] = &[
    attribute("line", Kind::Itself(PARTS)),
    attribute("group", Kind::Written(&IN_GROUP, |draw| of_line(draw, parts::group))).null(0),
    attribute("_parent", Kind::Written(&PROJECT, |draw| of_line(draw, parts::project))).hidden(),
    attribute("_assignees", Kind::Written(&ASSIGNEES, |draw| of_line(draw, parts::assignees))).hidden(),
    HIDDEN_ID,
];

/// The lines are the first task, the first material, the first group, the second task, and so on.
fn of_line(draw: &mut Draw<'_>, write: fn(&mut Draw<'_>, &str, u32)) {
    let turns = u32::try_from(PARTS.len()).unwrap_or(1);
    let part = PARTS[(draw.number % turns) as usize];
    write(draw, part, draw.number / turns);
}

const GROUP_ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("project", Kind::Written(&PROJECT, |draw| parts::project(draw, GROUP, draw.number))),
    attribute("title", Kind::Text(text::short_note)),
    attribute("color", Kind::Choice(COLORS)),
    attribute(
        "billing_method",
        Kind::Choice(&["time_and_materials", "fixed_price", "parent_fixed_price", "non_billable"]),
    ),
    attribute("billing_status", Kind::Choice(BILLING_STATUS)),
    attribute("amount_billed", AMOUNT).null(30),
    attribute("fixed_amount_billed", AMOUNT).null(60),
    attribute("external_budget", AMOUNT).null(70),
    attribute("external_budget_spent", AMOUNT).null(70),
    attribute("internal_budget", AMOUNT).null(70),
    attribute("price", AMOUNT).null(20),
    attribute("fixed_price", AMOUNT).null(60),
    attribute("calculated_price", AMOUNT).null(30),
    attribute("cost", AMOUNT).null(30),
    attribute("margin", AMOUNT).null(30),
    attribute("margin_percentage", Kind::Decimal(|draw| draw.between(-2_000, 9_000))).null(30),
    attribute("assignees", Kind::Written(&ASSIGNEES, |draw| parts::assignees(draw, GROUP, draw.number))),
    attribute("start_date", Kind::Date(|draw| draw.created)).null(40),
    attribute("end_date", Kind::Date(|draw| draw.created + 86_400 * draw.between(10, 200))).null(50),
    attribute("time_estimated", Kind::Object(DURATION)).null(50),
    attribute("time_tracked", Kind::Object(DURATION)).null(30),
    attribute("description", Kind::Text(text::remark)).null(50).in_info(),
];

pub(super) const BILLING_STATUS: &[&str] =
    &["not_billable", "not_billed", "partially_billed", "fully_billed"];
