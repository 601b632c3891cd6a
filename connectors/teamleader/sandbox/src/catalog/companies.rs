//! `companies`

use super::shared::{
    ADDRESS, ADDRESSES, CURRENCIES, CUSTOM_FIELDS, INVOICING_PREFERENCES, LANGUAGES, PAYMENT_TERM, PRICE_LIST,
};
use super::{Attribute, By, Kind, Resource, Test, attribute, filter, sort};
use crate::data::text;

pub(crate) static COMPANIES: Resource = Resource {
    name: "companies",
    entity: "company",
    has_info: true,
    scope: Some("companies"),
    includes: &[CUSTOM_FIELDS, PRICE_LIST],
    filters: &[
        filter("email", Test::PrimaryEmail),
        filter("ids", Test::Ids),
        filter("term", Test::Term(&["name", "vat_number", "emails[].email", "telephones[].number"])),
        filter("updated_since", Test::UpdatedSince),
        filter("tags", Test::HasAll("tags")),
        filter("vat_number", Test::Equals("vat_number")),
        filter("national_identification_number", Test::Equals("national_identification_number")),
        filter("status", Test::OneOf("status", &["active", "deactivated"])),
        filter("marketing_mails_consent", Test::Flag("marketing_mails_consent")),
    ],
    sorts: &[
        sort("name", By::Text(&["name"])),
        sort("added_at", By::Created),
        sort("updated_at", By::Updated),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

// Mostly empty, as real address books are. Names, ids, times and links alone take about 640 bytes of a
// row; together with what is filled in it has about 750, which is what benchmarks count on.
const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("name", Kind::Text(text::company_name)),
    attribute("status", Kind::Choice(STATUS)),
    attribute("business_type", Kind::Relation(&["businessType"])).null(90),
    attribute("vat_number", Kind::Text(text::vat_number)).null(55),
    attribute("national_identification_number", Kind::Text(text::national_number)).null(90),
    attribute("emails", Kind::Written(&Kind::List(0, 2, &Kind::Object(EMAIL)), text::company_emails)),
    attribute(
        "telephones",
        Kind::Written(&Kind::List(0, 1, &Kind::Object(TELEPHONE)), text::company_telephones),
    ),
    attribute("website", Kind::Text(text::website)).null(85),
    attribute("iban", Kind::Text(text::iban)).null(85),
    attribute("bic", Kind::Text(text::bic)).null(90),
    attribute("language", Kind::Choice(LANGUAGES)),
    attribute("preferred_currency", Kind::Choice(CURRENCIES)).null(90),
    attribute("payment_term", PAYMENT_TERM).null(85),
    attribute("invoicing_preferences", INVOICING_PREFERENCES),
    attribute("responsible_user", Kind::Relation(&["user"])).null(80),
    attribute("added_at", Kind::Created),
    attribute("updated_at", Kind::Updated),
    attribute("web_url", Kind::Text(|draw| draw.web_url("company_detail.php"))),
    attribute("tags", Kind::Written(&Kind::List(0, 3, &Kind::Choice(text::TAGS)), text::tags)),
    attribute("marketing_mails_consent", Kind::Bool(30)),
    attribute("primary_address", Kind::Object(ADDRESS)).null(85).in_list(),
    attribute("custom_fields", Kind::CustomFields("company", 15)).included("custom_fields"),
    attribute("price_list", Kind::Relation(&["priceList"])).null(70).included_in_list("price_list"),
    attribute("addresses", ADDRESSES).in_info(),
    attribute("remarks", Kind::Text(text::remark)).null(70).in_info(),
    attribute("related_companies", Kind::List(0, 2, &Kind::Relation(&["company"]))).in_info(),
    attribute("related_contacts", Kind::List(0, 3, &Kind::Object(RELATED_CONTACT))).in_info(),
];

const STATUS: &[&str] = &[
    "active",
    "active",
    "active",
    "active",
    "active",
    "active",
    "active",
    "active",
    "active",
    "deactivated",
];

const EMAIL: &[Attribute] = &[
    attribute("type", Kind::Choice(&["primary", "invoicing"])),
    attribute("email", Kind::Text(text::email)),
];

const TELEPHONE: &[Attribute] =
    &[attribute("type", Kind::Choice(&["phone", "fax"])), attribute("number", Kind::Text(text::telephone))];

const RELATED_CONTACT: &[Attribute] = &[
    attribute("type", Kind::Choice(&["contact"])),
    attribute("id", Kind::Text(|draw| draw.related_id("contact"))),
    attribute("position", Kind::Text(text::position)).null(30),
    attribute("secondary_position", Kind::Text(text::position)).null(80),
    attribute("division", Kind::Text(text::division)).null(70),
    attribute("is_decision_maker", Kind::Bool(25)),
];
