//! Shapes that several resources share.

use super::{Attribute, Include, Kind, attribute};
use crate::data::text;

pub(crate) const CUSTOMER: &[&str] = &["company", "company", "company", "contact"];
pub(crate) const CUSTOMER_TYPES: &[&str] = &["contact", "company"];

pub(crate) const CURRENCIES: &[&str] = &[
    "EUR", "EUR", "EUR", "USD", "GBP", "BAM", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "INR", "ISK",
    "JPY", "MAD", "MXN", "NOK", "PEN", "PLN", "RON", "SEK", "TRY", "ZAR",
];

pub(crate) const LANGUAGES: &[&str] = &["nl", "nl", "fr", "en", "de", "pl"];

pub(crate) const ADDRESS: &[Attribute] = &[
    attribute("line_1", Kind::Text(text::street)).null(5),
    attribute("postal_code", Kind::Text(text::postal_code)).null(5),
    attribute("city", Kind::Text(text::city)).null(3),
    attribute("country", Kind::Choice(&["BE", "BE", "BE", "NL", "FR", "DE", "PL", "JP"])),
    attribute("area_level_two", Kind::Relation(&["area_level_two"])).null(98),
];

const ADDRESS_WITH_ADDRESSEE: &[Attribute] = &[
    attribute("line_1", Kind::Text(text::street)).null(5),
    attribute("postal_code", Kind::Text(text::postal_code)).null(5),
    attribute("city", Kind::Text(text::city)).null(3),
    attribute("country", Kind::Choice(&["BE", "BE", "BE", "NL", "FR", "DE", "PL", "JP"])),
    attribute("area_level_two", Kind::Relation(&["area_level_two"])).null(90),
    attribute("addressee", Kind::Text(text::full_name)).null(60),
];

const TYPED_ADDRESS: &[Attribute] = &[
    attribute("type", Kind::Choice(&["primary", "invoicing", "delivery", "visiting"])),
    attribute("address", Kind::Object(ADDRESS_WITH_ADDRESSEE)),
];

pub(crate) const ADDRESSES: Kind = Kind::List(0, 3, &Kind::Object(TYPED_ADDRESS));

const TELEPHONE: &[Attribute] = &[
    attribute("type", Kind::Choice(&["phone", "mobile", "fax"])),
    attribute("number", Kind::Text(text::telephone)),
];

pub(crate) const TELEPHONES: Kind = Kind::List(0, 2, &Kind::Object(TELEPHONE));

const PAYMENT_TERM_FIELDS: &[Attribute] = &[
    attribute("type", Kind::Choice(&["cash", "end_of_month", "after_invoice_date"])),
    attribute("days", Kind::Integer(|draw| i64::from(*draw.pick(&[0_u8, 15, 30, 30, 60])))),
];

pub(crate) const PAYMENT_TERM: Kind = Kind::Object(PAYMENT_TERM_FIELDS);

pub(crate) const INVOICING_PREFERENCES: Kind =
    Kind::Object(&[attribute("electronic_invoicing_address", Kind::Text(text::email)).null(92)]);

const EXCHANGE_RATE_FIELDS: &[Attribute] = &[
    attribute("from", Kind::Choice(&["EUR"])),
    attribute("to", Kind::Choice(&["EUR"])),
    attribute("rate", Kind::Decimal(|_| 100)),
];

pub(crate) const EXCHANGE_RATE: Kind = Kind::Object(EXCHANGE_RATE_FIELDS);

/// How the control addresses rows that the service gives no id.
pub(crate) const HIDDEN_ID: Attribute = attribute("_id", Kind::Id).hidden();

pub(crate) const CUSTOM_FIELDS: Include = Include { name: "custom_fields", parts: &["custom_fields"] };
pub(crate) const PRICE_LIST: Include = Include { name: "price_list", parts: &["price_list"] };
