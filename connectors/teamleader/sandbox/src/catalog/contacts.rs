//! `contacts`

use super::shared::{
    ADDRESS, ADDRESSES, CUSTOM_FIELDS, INVOICING_PREFERENCES, LANGUAGES, PAYMENT_TERM, PRICE_LIST, TELEPHONES,
};
use super::{Attribute, By, Kind, Resource, Test, attribute, filter, sort};
use crate::data::text;

pub(crate) static CONTACTS: Resource = Resource {
    name: "contacts",
    entity: "contact",
    has_info: true,
    scope: Some("contacts"),
    includes: &[CUSTOM_FIELDS, PRICE_LIST],
    filters: &[
        filter("email", Test::PrimaryEmail),
        filter("ids", Test::Ids),
        filter("company_id", Test::Id("companies[].company.id")),
        filter("term", Test::Term(&["first_name", "last_name", "emails[].email", "telephones[].number"])),
        filter("updated_since", Test::UpdatedSince),
        filter("tags", Test::HasAll("tags")),
        filter("status", Test::OneOf("status", &["active", "deactivated"])),
        filter("marketing_mails_consent", Test::Flag("marketing_mails_consent")),
    ],
    sorts: &[
        sort("added_at", By::Created),
        sort("name", By::Text(&["last_name", "first_name"])),
        sort("updated_at", By::Updated),
    ],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("first_name", Kind::Text(text::first_name)).null(2),
    attribute("last_name", Kind::Text(text::last_name)),
    attribute("status", Kind::Choice(&["active", "active", "active", "active", "active", "deactivated"])),
    attribute("salutation", Kind::Choice(&["Mr", "Mrs", "Dr.", "Mevr.", "Dhr."])).null(60),
    attribute("emails", Kind::Written(&Kind::List(0, 1, &Kind::Object(EMAIL)), text::contact_emails)),
    attribute("telephones", TELEPHONES),
    attribute("website", Kind::Text(text::website)).null(85),
    attribute("gender", Kind::Choice(&["female", "male", "non_binary", "prefers_not_to_say", "unknown"]))
        .null(20),
    attribute("birthdate", Kind::Date(text::birthdate)).null(70),
    attribute("iban", Kind::Text(text::iban)).null(90),
    attribute("bic", Kind::Text(text::bic)).null(90),
    attribute("national_identification_number", Kind::Text(text::national_number)).null(95),
    attribute("language", Kind::Choice(LANGUAGES)),
    attribute("payment_term", PAYMENT_TERM).null(90),
    attribute("invoicing_preferences", INVOICING_PREFERENCES),
    attribute("tags", Kind::Written(&Kind::List(0, 3, &Kind::Choice(text::TAGS)), text::tags)),
    attribute("added_at", Kind::Created),
    attribute("updated_at", Kind::Updated),
    attribute("web_url", Kind::Text(|draw| draw.web_url("contact_detail.php"))),
    attribute("marketing_mails_consent", Kind::Bool(40)),
    attribute("primary_address", Kind::Object(ADDRESS)).null(50).in_list(),
    attribute("custom_fields", Kind::CustomFields("contact", 70)).included("custom_fields"),
    attribute("price_list", Kind::Relation(&["priceList"])).null(80).included_in_list("price_list"),
    attribute("vat_number", Kind::Text(text::vat_number)).null(90).in_info(),
    attribute("addresses", ADDRESSES).in_info(),
    attribute("companies", Kind::List(0, 2, &Kind::Object(COMPANY))).in_info(),
    attribute("remarks", Kind::Text(text::remark)).null(75).in_info(),
];

const EMAIL: &[Attribute] =
    &[attribute("type", Kind::Choice(&["primary"])), attribute("email", Kind::Text(text::email))];

const COMPANY: &[Attribute] = &[
    attribute("position", Kind::Text(text::position)).null(30),
    attribute("secondary_position", Kind::Text(text::position)).null(80),
    attribute("division", Kind::Text(text::division)).null(70),
    attribute("decision_maker", Kind::Bool(25)),
    attribute("company", Kind::Relation(&["company"])),
];
