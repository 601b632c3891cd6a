//! `productCategories`, `unitsOfMeasure` and `priceLists`: how products are sorted, counted and priced.

use super::{Attribute, Kind, Paging, Resource, Rows, Test, attribute, filter};
use crate::data::text;

pub(crate) static PRODUCT_CATEGORIES: Resource = Resource {
    name: "productCategories",
    entity: "productCategory",
    scope: Some("products"),
    rows: Rows::Exactly(CATEGORIES.len()),
    paging: Paging::None,
    filters: &[filter("department_id", Test::Id("ledgers[].department.id"))],
    attributes: CATEGORY,
    ..Resource::PLAIN
};

pub(crate) static UNITS_OF_MEASURE: Resource = Resource {
    name: "unitsOfMeasure",
    entity: "unitOfMeasure",
    rows: Rows::Exactly(UNITS.len()),
    paging: Paging::None,
    attributes: UNIT,
    ..Resource::PLAIN
};

pub(crate) static PRICE_LISTS: Resource = Resource {
    name: "priceLists",
    entity: "priceList",
    rows: Rows::Exactly(PRICES.len()),
    paging: Paging::None,
    filters: &[filter("ids", Test::Ids)],
    attributes: PRICE_LIST,
    ..Resource::PLAIN
};

const CATEGORY: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(|draw| text::listed(draw, CATEGORIES))),
    attribute("ledgers", Kind::List(0, 2, &Kind::Object(LEDGER))),
];

const LEDGER: &[Attribute] = &[
    attribute("department", Kind::Relation(&["department"])),
    attribute("ledger_account_number", Kind::Text(|draw| draw.string(&format!("70{:04}", draw.number)))),
];

const UNIT: &[Attribute] =
    &[attribute("id", Kind::Id), attribute("name", Kind::Text(|draw| text::listed(draw, UNITS)))];

const PRICE_LIST: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(|draw| text::listed(draw, PRICES))),
    attribute(
        "calculation_method",
        Kind::Choice(&["manual", "based_on_price_list", "based_on_purchase_price"]),
    ),
];

const CATEGORIES: &[&str] =
    &["Diensten", "Matériel", "Lizenzen", "'Bloemen'", "Ondersteuning", "Usługi", "家具", "Divers & co"];

const UNITS: &[&str] = &["stuk", "uur", "m²", "kg", "jour", "Stück", "set \"XL\""];

const PRICES: &[&str] = &["Standaard", "Revendeur", "Großhandel"];
