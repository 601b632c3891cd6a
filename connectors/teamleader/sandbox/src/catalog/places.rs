//! `businessTypes` and `levelTwoAreas`: what countries call their companies and their regions.

use super::{Attribute, Kind, Paging, Resource, Rows, Test, attribute, filter};
use crate::data::{Draw, text};

pub(crate) static BUSINESS_TYPES: Resource = Resource {
    name: "businessTypes",
    entity: "businessType",
    rows: Rows::AtMost(TYPES.len()),
    paging: Paging::None,
    filters: &[filter("country", Test::Equals("country")).in_body()],
    attributes: BUSINESS_TYPE,
    ..Resource::PLAIN
};

pub(crate) static LEVEL_TWO_AREAS: Resource = Resource {
    name: "levelTwoAreas",
    entity: "area_level_two",
    rows: Rows::AtMost(AREAS.len()),
    paging: Paging::None,
    filters: &[
        filter("country", Test::Equals("country")).in_body().required(),
        // The names of the stand-in are the same in every language.
        filter("language", Test::Everything).in_body(),
    ],
    attributes: AREA,
    ..Resource::PLAIN
};

const BUSINESS_TYPE: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(|draw| text::listed(draw, TYPES))),
    attribute("country", Kind::Text(|draw| country(draw, TYPE_COUNTRIES))),
];

const AREA: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(|draw| text::listed(draw, AREAS))),
    attribute("country", Kind::Text(|draw| country(draw, AREA_COUNTRIES))),
];

const TYPES: &[&str] = &["VZW/ASBL", "BV", "SARL", "GmbH", "NV/SA", "Stichting", "S.A.S.", "GmbH & Co. KG"];
const TYPE_COUNTRIES: &[&str] = &["BE", "NL", "FR", "DE"];

const AREAS: &[&str] = &[
    "Oost-Vlaanderen",
    "Utrecht",
    "Antwerpen",
    "Fryslân",
    "Liège",
    "Noord-Brabant",
    "Namur",
    "'s-Gravenhage",
    "Brabant wallon",
    "Zeeland",
    "Limburg",
    "Limburg (NL)",
];
const AREA_COUNTRIES: &[&str] = &["BE", "NL"];

/// The names above come from these countries in turn.
fn country(draw: &mut Draw<'_>, countries: &[&str]) {
    draw.string(countries[draw.number as usize % countries.len()]);
}
