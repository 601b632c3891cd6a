//! Checks a row against its attribute table: the data must keep what the table promises.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Absence, Attribute, DEFINITIONS, Kind};

/// What a row does differently from the table; nothing, for rows that were not tampered with.
pub(crate) fn violations(attributes: &[Attribute], row: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    object(attributes, row, "", &mut found);
    found
}

fn object(attributes: &[Attribute], fields: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    for attribute in attributes {
        let path = format!("{path}{}", attribute.name);
        match fields.get(attribute.name) {
            None => found.push(format!("{path} is missing")),
            Some(Value::Null) if !matches!(attribute.absence, Absence::Never) => {}
            Some(value) => check(&attribute.kind, value, &path, found),
        }
    }
    for name in fields.keys().filter(|name| attributes.iter().all(|attribute| attribute.name != **name)) {
        found.push(format!("{path}{name} is unknown"));
    }
}

fn check(kind: &Kind, value: &Value, path: &str, found: &mut Vec<String>) {
    let text = value.as_str();
    let is_right = match kind {
        Kind::Id => text.is_some_and(is_id),
        Kind::Created | Kind::Updated | Kind::Time(_) => {
            text.is_some_and(|text| text.parse::<Timestamp>().is_ok() && text.ends_with("+00:00"))
        }
        Kind::Date(_) => text.is_some_and(|text| text.parse::<Date>().is_ok() && text.len() == 10),
        Kind::Text(_) => value.is_string(),
        Kind::Choice(texts) | Kind::Chosen(texts, _) => text.is_some_and(|text| texts.contains(&text)),
        Kind::Bool(_) | Kind::Decided(_) => value.is_boolean(),
        Kind::Integer(_) => value.is_i64(),
        Kind::Decimal(_) => value.is_number(),
        Kind::Money(_) => value["amount"].is_number() && value["currency"].is_string(),
        Kind::Relation(entities) | Kind::Parent(entities) | Kind::Itself(entities) => {
            is_relation(value, entities)
        }
        Kind::Account => is_relation(value, &["account"]),
        Kind::CustomFields(context, _) => value.as_array().is_some_and(|fields| {
            let is_known = DEFINITIONS.iter().any(|definition| definition.context == *context);
            fields.is_empty() || is_known && fields.iter().all(is_custom_field)
        }),
        Kind::Object(attributes) => match value.as_object() {
            Some(fields) => return object(attributes, fields, &format!("{path}."), found),
            None => false,
        },
        Kind::List(least, most, kind) => match value.as_array() {
            Some(items) => {
                for item in items {
                    check(kind, item, path, found);
                }
                (usize::from(*least)..=usize::from(*most)).contains(&items.len())
            }
            None => false,
        },
        Kind::Written(shape, _) => return check(shape, value, path, found),
        Kind::Anything => true,
    };
    if !is_right {
        found.push(format!("{path} is {value}"));
    }
}

fn is_id(text: &str) -> bool {
    Uuid::parse_str(text).is_ok() && text.len() == 36
}

fn is_relation(value: &Value, entities: &[&str]) -> bool {
    value["type"].as_str().is_some_and(|kind| entities.contains(&kind))
        && value["id"].as_str().is_some_and(is_id)
}

fn is_custom_field(value: &Value) -> bool {
    is_relation(&value["definition"], &["customFieldDefinition"]) && value.get("value").is_some()
}
