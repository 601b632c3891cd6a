//! `projects`: the legacy ones.

use super::shared::{CUSTOMER, CUSTOMER_TYPES};
use super::{Attribute, By, Kind, Order, Resource, Test, attribute, default_sort, filter, sort};
use crate::data::{Draw, text};

pub(crate) static PROJECTS: Resource = Resource {
    name: "projects",
    entity: "project",
    has_info: true,
    scope: Some("projects"),
    filters: &[
        filter("customer", Test::Reference("customer", CUSTOMER_TYPES)),
        filter("status", Test::OneOf("status", &["active", "on_hold", "done", "cancelled"])),
        filter("participant_id", Test::Id("participants[].participant.id")),
        filter("term", Test::Term(&["title", "description", "reference"])),
        // The rows do not show the time that this compares with.
        filter("updated_since", Test::UpdatedSince),
    ],
    sorts: &[
        default_sort("due_on", By::Text(&["due_on"]), Order::Ascending),
        sort("title", By::Text(&["title"])),
        sort("created_at", By::Created),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("reference", Kind::Text(|draw| draw.numbered("PRO-"))),
    attribute("title", Kind::Text(text::project_title)),
    attribute("description", Kind::Text(text::remark)).null(40),
    attribute("status", Kind::Choice(&["active", "active", "on_hold", "done", "done", "cancelled"])),
    attribute("customer", Kind::Relation(CUSTOMER)).null(10),
    attribute("starts_on", Kind::Date(|draw| draw.created)),
    attribute("due_on", Kind::Date(|draw| draw.created + 86_400 * draw.between(10, 300))).null(15),
    attribute("source", Kind::Relation(&["dealSource"])).null(70),
    attribute("actuals", Kind::Object(ACTUALS)).null(10),
    attribute("budget", Kind::Object(BUDGET)).null(10),
    attribute("created_at", Kind::Created).in_list(),
    attribute("milestones", Kind::List(0, 3, &Kind::Relation(&["milestone"]))).in_info(),
    attribute("participants", Kind::List(0, 3, &Kind::Object(PARTICIPANT))).in_info(),
    attribute("purchase_order_number", Kind::Text(text::order_number)).null(70).in_info(),
    attribute("custom_fields", Kind::CustomFields("project", 70)).in_info(),
];

const ACTUALS: &[Attribute] = &[
    attribute("billable_amount", Kind::Money(billable)),
    attribute("costs", Kind::Money(costs)),
    attribute("result", Kind::Money(|draw| billable(draw) - costs(draw))),
    attribute("profit_percentage", Kind::Decimal(profit_percentage)),
];

const BUDGET: &[Attribute] = &[
    attribute("provided", Kind::Money(billable)),
    attribute("spent", Kind::Object(SPENT)),
    attribute("remaining", Kind::Money(|draw| billable(draw) - costs(draw))),
    attribute("allocated", Kind::Money(billable)).null(40),
    attribute("forecasted", Kind::Money(billable)).null(60),
];

const SPENT: &[Attribute] = &[
    attribute("total", Kind::Money(costs)),
    attribute("time", Kind::Money(|draw| costs(draw) / 3)),
    attribute("materials", Kind::Money(|draw| costs(draw) - costs(draw) / 3)),
];

const PARTICIPANT: &[Attribute] = &[
    attribute("participant", Kind::Relation(&["user"])),
    attribute("role", Kind::Choice(&["decision_maker", "member"])),
];

const BILLABLE: u64 = 41;
const COSTS: u64 = 42;

fn billable(draw: &mut Draw<'_>) -> i64 {
    draw.settled_amount(BILLABLE, 100_000, 20_000_000)
}

/// Some projects lose money.
fn costs(draw: &mut Draw<'_>) -> i64 {
    billable(draw) * draw.settled_amount(COSTS, 10, 130) / 100
}

fn profit_percentage(draw: &mut Draw<'_>) -> i64 {
    (billable(draw) - costs(draw)) * 10_000 / billable(draw)
}
