//! `milestones`: parts of legacy projects.

use super::{Attribute, By, Kind, Order, Resource, Test, attribute, default_sort, filter, sort};
use crate::data::{Draw, text};

pub(crate) static MILESTONES: Resource = Resource {
    name: "milestones",
    entity: "milestone",
    has_info: true,
    scope: Some("projects"),
    owner: Some("project"),
    filters: &[
        filter("ids", Test::Ids),
        filter("project_id", Test::Id("project.id")),
        filter("status", Test::OneOf("status", &["open", "closed"])),
        filter("due_before", Test::DateUntil("due_on")),
        filter("due_after", Test::DateFrom("due_on")),
        filter("term", Test::Term(&["name"])),
    ],
    sorts: &[
        default_sort("due_on", By::Text(&["due_on"]), Order::Ascending),
        sort("starts_on", By::Text(&["starts_on"])),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("project", Kind::Parent(&["project"])),
    attribute("starts_on", Kind::Date(|draw| draw.created)).null(20),
    attribute("due_on", Kind::Date(|draw| draw.created + 86_400 * draw.between(5, 200))),
    attribute("name", Kind::Text(text::short_note)),
    attribute("responsible_user", Kind::Relation(&["user"])),
    attribute("status", Kind::Choice(&["open", "closed"])),
    attribute("invoicing_method", Kind::Choice(&["time_and_materials", "fixed_price", "non_invoiceable"])),
    attribute("depends_on", Kind::Relation(&["milestone"])).null(75),
    attribute("dependency_for", Kind::List(0, 2, &Kind::Relation(&["milestone"]))),
    attribute("actuals", Kind::Object(ACTUALS)),
    attribute("budget", Kind::Object(BUDGET)),
    attribute("description", Kind::Text(text::remark)).in_info(),
    attribute("custom_fields", Kind::CustomFields("milestone", 70)).in_info(),
];

const ACTUALS: &[Attribute] = &[
    attribute("billable_amount", Kind::Money(billable)),
    attribute("costs", Kind::Money(costs)),
    attribute("result", Kind::Money(|draw| billable(draw) - costs(draw))),
];

const BUDGET: &[Attribute] = &[
    attribute("provided", Kind::Money(billable)),
    attribute("spent", Kind::Money(costs)),
    attribute("remaining", Kind::Money(|draw| billable(draw) - costs(draw))),
    attribute("allocated", Kind::Money(billable)).null(40),
    attribute("forecasted", Kind::Money(billable)).null(60),
];

const BILLABLE: u64 = 43;
const COSTS: u64 = 44;

fn billable(draw: &mut Draw<'_>) -> i64 {
    draw.settled_amount(BILLABLE, 20_000, 4_000_000)
}

fn costs(draw: &mut Draw<'_>) -> i64 {
    billable(draw) * draw.settled_amount(COSTS, 10, 130) / 100
}
