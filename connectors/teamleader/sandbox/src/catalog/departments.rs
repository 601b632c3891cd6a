//! `departments`

use super::shared::{ADDRESS, CURRENCIES, TELEPHONES};
use super::{Attribute, By, Kind, Paging, Resource, Rows, Test, attribute, filter, sort};
use crate::data::text;

pub(crate) static DEPARTMENTS: Resource = Resource {
    name: "departments",
    entity: "department",
    has_info: true,
    scope: Some("departments"),
    rows: Rows::AtMost(4),
    paging: Paging::None,
    filters: &[
        filter("ids", Test::Ids),
        filter("status", Test::AnyOf("status", &["active", "archived"], &[])),
    ],
    sorts: &[
        // The default department is the oldest one.
        sort("default_department", By::Created),
        sort("name", By::Text(&["name"])),
        sort("created_at", By::Created),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(text::department)),
    attribute("vat_number", Kind::Text(text::vat_number)).null(25),
    attribute("currency", Kind::Choice(CURRENCIES)),
    attribute("emails", Kind::List(0, 2, &Kind::Object(EMAIL))),
    attribute("status", Kind::Choice(&["active", "active", "active", "archived"])),
    attribute("address", Kind::Object(ADDRESS)).in_info(),
    attribute("telephones", TELEPHONES).in_info(),
    attribute("website", Kind::Text(text::website)).null(30).in_info(),
    attribute("iban", Kind::Text(text::iban)).null(30).in_info(),
    attribute("bic", Kind::Text(text::bic)).null(30).in_info(),
    attribute("fiscal_regime", Kind::Choice(&["RF01", "RF02", "RF19"])).null(80).in_info(),
];

const EMAIL: &[Attribute] = &[
    attribute("type", Kind::Choice(&["primary", "invoicing"])),
    attribute("email", Kind::Text(text::email)),
];
