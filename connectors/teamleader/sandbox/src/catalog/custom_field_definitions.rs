//! `customFieldDefinitions`, and the definitions that the values of other resources follow.

use super::{Attribute, By, Kind, Resource, Rows, Test, attribute, filter, sort};
use crate::data::text;

pub(crate) static CUSTOM_FIELD_DEFINITIONS: Resource = Resource {
    name: "customFieldDefinitions",
    entity: "customFieldDefinition",
    has_info: true,
    rows: Rows::Exactly(DEFINITIONS.len()),
    filters: &[filter("ids", Test::Ids), filter("context", Test::OneOf("context", FILTER_CONTEXTS))],
    sorts: &[sort("label", By::Text(&["label"])), sort("context", By::Text(&["context"]))],
    attributes: ATTRIBUTES,
    ..Resource::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("context", Kind::Text(|draw| draw.string(definition(draw.number).context))),
    attribute("type", Kind::Text(|draw| draw.string(definition(draw.number).kind))),
    attribute("label", Kind::Text(text::definition_label)),
    attribute("group", Kind::Text(text::definition_group)),
    attribute("required", Kind::Bool(10)),
    attribute("configuration", Kind::Written(&Kind::Anything, text::definition_configuration)),
];

/// The filter knows `deal` although the rows say `sale`.
const FILTER_CONTEXTS: &[&str] =
    &["contact", "company", "deal", "project", "milestone", "product", "invoice", "subscription", "ticket"];

const TYPES: [&str; 17] = [
    "single_line",
    "multi_line",
    "single_select",
    "multi_select",
    "date",
    "money",
    "auto_increment",
    "integer",
    "number",
    "boolean",
    "email",
    "telephone",
    "url",
    "company",
    "contact",
    "product",
    "user",
];

/// One custom field of the account.
#[derive(Clone, Copy)]
pub(crate) struct Definition {
    pub(crate) context: &'static str,
    pub(crate) kind: &'static str,
}

/// Contexts whose rows show custom fields in lists have every type.
const FULL_CONTEXTS: [&str; 4] = ["company", "contact", "sale", "project"];

/// The others have one or two fields, among them contexts that no documentation names.
const SPARSE: [Definition; 13] = [
    Definition { context: "invoice", kind: "single_line" },
    Definition { context: "invoice", kind: "date" },
    Definition { context: "product", kind: "number" },
    Definition { context: "milestone", kind: "boolean" },
    Definition { context: "subscription", kind: "single_select" },
    Definition { context: "ticket", kind: "multi_select" },
    Definition { context: "todo", kind: "integer" },
    Definition { context: "callback", kind: "single_line" },
    Definition { context: "meeting", kind: "url" },
    Definition { context: "meeting_report", kind: "multi_line" },
    Definition { context: "pro_external_cost", kind: "money" },
    Definition { context: "werkbonnen", kind: "user" },
    Definition { context: "werkbonnen", kind: "auto_increment" },
];

pub(crate) static DEFINITIONS: [Definition; 81] = definitions();

const fn definitions() -> [Definition; 81] {
    let mut all = [SPARSE[0]; 81];
    let mut at = 0;
    let mut context = 0;
    while context < FULL_CONTEXTS.len() {
        let mut kind = 0;
        while kind < TYPES.len() {
            all[at] = Definition { context: FULL_CONTEXTS[context], kind: TYPES[kind] };
            at += 1;
            kind += 1;
        }
        context += 1;
    }
    let mut sparse = 0;
    while sparse < SPARSE.len() {
        all[at] = SPARSE[sparse];
        at += 1;
        sparse += 1;
    }
    all
}

/// Rows inserted later repeat the first ones.
pub(crate) fn definition(number: u32) -> Definition {
    DEFINITIONS[number as usize % DEFINITIONS.len()]
}
