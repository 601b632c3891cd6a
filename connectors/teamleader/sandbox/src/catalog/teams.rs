//! `teams`

use super::{Attribute, By, Kind, Paging, Resource, Rows, Test, attribute, filter, sort};
use crate::data::text;

pub(crate) static TEAMS: Resource = Resource {
    name: "teams",
    entity: "team",
    scope: Some("users"),
    rows: Rows::AtMost(5),
    paging: Paging::None,
    filters: &[
        filter("ids", Test::Ids),
        filter("term", Test::Term(&["name"])),
        filter("team_lead_id", Test::Id("team_lead.id")),
    ],
    sorts: &[sort("name", By::Text(&["name"]))],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(|draw| text::listed(draw, NAMES))),
    attribute("team_lead", Kind::Relation(&["user"])).null(20),
    attribute("members", Kind::List(0, 6, &Kind::Relation(&["user"]))),
];

const NAMES: &[&str] = &["Designers", "Verkoop", "Équipe Liège", "Support & QA", "Księgowość"];
