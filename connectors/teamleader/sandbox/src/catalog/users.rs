//! `users`

use super::shared::{LANGUAGES, TELEPHONES};
use super::{Attribute, By, Kind, Resource, Rows, Test, attribute, filter, sort};
use crate::data::text;

pub(crate) static USERS: Resource = Resource {
    name: "users",
    entity: "user",
    has_info: true,
    scope: Some("users"),
    rows: Rows::AtMost(25),
    filters: &[
        filter("ids", Test::Ids),
        filter("term", Test::Term(&["first_name", "last_name", "email", "function"])),
        // Deactivated users are hidden unless asked for.
        filter("status", Test::AnyOf("status", &["active", "deactivated"], &["active"])),
    ],
    sorts: &[
        sort("first_name", By::Text(&["first_name"])),
        sort("last_name", By::Text(&["last_name"])),
        sort("email", By::Text(&["email"])),
        sort("function", By::Text(&["function"])),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("account", Kind::Account),
    attribute("first_name", Kind::Text(text::first_name)),
    attribute("last_name", Kind::Text(text::last_name)),
    attribute("email", Kind::Text(text::email)),
    attribute("telephones", TELEPHONES),
    attribute("language", Kind::Choice(LANGUAGES)),
    attribute("function", Kind::Text(text::position)).null(20),
    attribute("status", Kind::Chosen(&["active", "deactivated"], status)),
    attribute("teams", Kind::List(0, 2, &Kind::Relation(&["team"]))),
    attribute("time_zone", Kind::Choice(&["Europe/Brussels", "Europe/Amsterdam", "Europe/Warsaw"])).in_info(),
    attribute("external_rate", Kind::Money(|draw| draw.between(4_000, 15_000))).null(40).in_info(),
];

/// The first user connects the integration, so it is active; every fifth one left.
fn status(draw: &mut crate::data::Draw<'_>) -> &'static str {
    if draw.number % 5 == 4 { "deactivated" } else { "active" }
}
