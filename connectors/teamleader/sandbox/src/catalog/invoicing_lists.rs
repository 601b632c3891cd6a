//! `taxRates`, `withholdingTaxRates`, `paymentTerms`, `paymentMethods` and `commercialDiscounts`: what invoices are
//! made with.

use super::{Attribute, By, Kind, Meta, Paging, Resource, Rows, Test, attribute, filter, sort};
use crate::data::{Draw, text};

pub(crate) static TAX_RATES: Resource = Resource {
    name: "taxRates",
    entity: "taxRate",
    rows: Rows::Exactly(24),
    filters: &[filter("department_id", Test::Id("department.id"))],
    sorts: &[
        sort("department_id", By::Text(&["department.id"])),
        sort("rate", By::Number("rate")),
        sort("description", By::Text(&["description"])),
    ],
    attributes: RATE,
    ..Resource::PLAIN
};

pub(crate) static WITHHOLDING_TAX_RATES: Resource = Resource {
    name: "withholdingTaxRates",
    entity: "withholdingTaxRate",
    rows: Rows::Exactly(4),
    paging: Paging::None,
    filters: &[filter("department_id", Test::Id("department.id"))],
    attributes: RATE,
    ..Resource::PLAIN
};

pub(crate) static PAYMENT_TERMS: Resource = Resource {
    name: "paymentTerms",
    entity: "paymentTerm",
    rows: Rows::Exactly(8),
    paging: Paging::None,
    meta: Meta::Default,
    attributes: TERM,
    ..Resource::PLAIN
};

pub(crate) static PAYMENT_METHODS: Resource = Resource {
    name: "paymentMethods",
    entity: "paymentMethod",
    rows: Rows::Exactly(METHODS.len()),
    filters: &[
        filter("ids", Test::Ids),
        filter("status", Test::AnyOf("status", &["active", "archived"], &[])),
    ],
    attributes: METHOD,
    ..Resource::PLAIN
};

pub(crate) static COMMERCIAL_DISCOUNTS: Resource = Resource {
    name: "commercialDiscounts",
    entity: "commercialDiscount",
    rows: Rows::Exactly(DISCOUNTS.len()),
    paging: Paging::None,
    filters: &[filter("department_id", Test::Id("department.id"))],
    attributes: DISCOUNT,
    ..Resource::PLAIN
};

const RATE: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("description", Kind::Text(description)),
    attribute("rate", Kind::Decimal(|draw| i64::from(percent(draw)))),
    attribute("department", Kind::Written(&Kind::Relation(&["department"]), department)),
];

const TERM: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("type", Kind::Choice(&["cash", "end_of_month", "after_invoice_date", "after_invoice_date"])),
    attribute("days", Kind::Integer(|draw| 15 * i64::from(draw.number))),
];

const METHOD: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(|draw| text::listed(draw, METHODS))),
    attribute("status", Kind::Choice(&["active", "active", "active", "archived"])),
];

const DISCOUNT: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(|draw| text::listed(draw, DISCOUNTS))),
    attribute("department", Kind::Relation(&["department"])),
];

const PERCENTS: [u8; 6] = [21, 12, 6, 0, 9, 20];

const METHODS: &[&str] = &["Overschrijving", "Cash", "Carte bancaire", "PayPal", "Ecocheques", "Lastschrift"];

const DISCOUNTS: &[&str] =
    &["Zomerkorting", "Fidélité", "Messe 2025", "Early bird", "\"Black\" Friday", "5 %"];

/// Every department has each of the rates.
fn percent(draw: &Draw<'_>) -> u8 {
    PERCENTS[draw.number as usize % PERCENTS.len()]
}

fn description(draw: &mut Draw<'_>) {
    let description = format!("{}%", percent(draw));
    draw.string(&description);
}

fn department(draw: &mut Draw<'_>) {
    let departments = u32::try_from(draw.world.count("department")).unwrap_or(1).max(1);
    let number = draw.number / u32::try_from(PERCENTS.len()).unwrap_or(1) % departments;
    draw.reference_to("department", number);
}
