//! Values by a JSON Schema: such as fit, and such as do not.

use serde_json::{Map, Value, json};

/// Deeper nesting is not made up.
const DEEPEST: usize = 8;

/// What is wrong with a value, if anything is.
pub(crate) fn mismatch(schema: &Value, value: &Value) -> Result<(), String> {
    first_mismatch(&validator(schema)?, value)
}

/// The same by a schema that was prepared for many values.
pub(crate) fn first_mismatch(validator: &jsonschema::Validator, value: &Value) -> Result<(), String> {
    match validator.iter_errors(value).next() {
        None => Ok(()),
        // The error itself would show the value.
        Some(error) => {
            let path = error.instance_path().as_str();
            let place = if path.is_empty() { "/" } else { path };
            Err(format!("{place} breaks {}", error.schema_path().as_str()))
        }
    }
}

/// Whether it is a schema at all.
pub(crate) fn validator(schema: &Value) -> Result<jsonschema::Validator, String> {
    jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| format!("the schema is not valid at {}", error.instance_path().as_str()))
}

/// Schema of a field, through references and the forms that may be null.
pub(crate) fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let mut schema = schema;
    for _ in 0..DEEPEST {
        if let Some(reference) = schema["$ref"].as_str() {
            let Some(found) = root.pointer(reference.trim_start_matches('#')) else { return schema };
            schema = found;
            continue;
        }
        let forms = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| schema[*key].as_array());
        match forms.and_then(|forms| forms.iter().find(|form| form["type"] != "null")) {
            Some(form) if schema["properties"].is_null() => schema = form,
            _ => return schema,
        }
    }
    schema
}

/// A value that fits, as small as can be.
pub(crate) fn sample(root: &Value, schema: &Value) -> Value {
    sample_at(root, schema, 0)
}

fn sample_at(root: &Value, schema: &Value, depth: usize) -> Value {
    if let Some(example) = schema["examples"].as_array().and_then(|examples| examples.first()) {
        return example.clone();
    }
    let schema = resolved(root, schema);
    for key in ["const", "default"] {
        if let Some(value) = schema.get(key).filter(|value| !value.is_null()) {
            return value.clone();
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match type_of(schema) {
        "object" if depth < DEEPEST => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let fields = required
                .map(|name| (name.to_owned(), sample_at(root, &schema["properties"][name], depth + 1)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        "array" => {
            let fewest = schema["minItems"].as_u64().unwrap_or(0).min(3);
            (0..fewest).map(|_| sample_at(root, &schema["items"], depth + 1)).collect()
        }
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(false),
        "null" => Value::Null,
        _ => Value::String(text(schema)),
    }
}

fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(name) => name,
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("string")
        }
        _ if schema["properties"].is_object() => "object",
        _ => "string",
    }
}

fn text(schema: &Value) -> String {
    match schema["format"].as_str() {
        Some("date") => "2026-01-15".to_owned(),
        Some("date-time") => "2026-01-15T12:00:00+00:00".to_owned(),
        Some("uuid") => "00000000-0000-4000-8000-000000000000".to_owned(),
        Some("uri" | "url") => "https://example.com/check".to_owned(),
        Some("email") => "somebody@example.com".to_owned(),
        _ => {
            let fewest = schema["minLength"].as_u64().and_then(|length| usize::try_from(length).ok());
            "1".repeat(fewest.unwrap_or(1).clamp(1, 1000))
        }
    }
}

/// A change to a request that the schema does not allow, and the field that a refusal has to name.
#[derive(Debug, Clone)]
pub(crate) struct Mistake {
    pub(crate) pointer: String,
    pub(crate) value: Value,
}

/// Requests that do not fit: a field is missing, of another type, or unknown. `poison` is the value in the wrong places.
pub(crate) fn mistakes(schema: &Value, good: &Value, poison: &str, most: usize) -> Vec<Mistake> {
    let mut found = Vec::new();
    let Value::Object(fields) = good else { return found };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let mut without = fields.clone();
        without.remove(name);
        found.push(Mistake { pointer: format!("/{name}"), value: without.into() });
    }
    if schema["additionalProperties"] == false {
        let mut with = fields.clone();
        with.insert("unknown_to_all".to_owned(), poison.into());
        found.push(Mistake { pointer: "/unknown_to_all".to_owned(), value: with.into() });
    }
    for name in schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name) {
        for wrong in [json!(poison), json!([[poison]]), json!({"wrong": poison})] {
            let mut with = fields.clone();
            with.insert(name.clone(), wrong);
            let with = Value::Object(with);
            if mismatch(schema, &with).is_err() {
                found.push(Mistake { pointer: format!("/{name}"), value: with });
                break;
            }
        }
    }
    // Only what the schema itself refuses has to be refused.
    found.retain(|mistake| mismatch(schema, &mistake.value).is_err());
    found.truncate(most);
    found
}

/// Paths of the properties that are marked as secrets, and those whose name says that they should be.
pub(crate) fn secret_properties(root: &Value, schema: &Value) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    collect_secrets(root, schema, "", 0, &mut found);
    found
}

fn collect_secrets(root: &Value, schema: &Value, at: &str, depth: usize, found: &mut Vec<(String, bool)>) {
    if depth > DEEPEST {
        return;
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        for form in schema[key].as_array().into_iter().flatten() {
            collect_secrets(root, form, at, depth + 1, found);
        }
    }
    if schema["$ref"].is_string() {
        collect_secrets(root, resolved(root, schema), at, depth + 1, found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{at}/{name}");
        let is_marked = property["x-secret"] == true || resolved(root, property)["x-secret"] == true;
        let is_text = type_of(resolved(root, property)) == "string";
        if is_marked || (is_text && sounds_secret(name)) {
            found.push((path.clone(), is_marked));
        }
        collect_secrets(root, property, &path, depth + 1, found);
    }
}

pub(crate) fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split('_').collect();
    words.iter().any(|word| matches!(*word, "password" | "secret" | "token" | "passphrase"))
        || name.ends_with("api_key")
        || name.ends_with("private_key")
}
