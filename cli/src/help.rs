//! `--help` of a capability: its schema and an example that works.

use std::ffi::OsString;

use connector_core::integration::Integration;
use serde_json::{Map, Value, json};

/// Adds schema and example to the help of the capability that was typed. Only then: schemas cost time.
pub(crate) fn explain(
    command: clap::Command,
    binary: &str,
    integration: &Integration,
    typed: &[OsString],
) -> clap::Command {
    let named = typed.iter().skip(1).find_map(|word| integration.capability(word.to_str()?));
    let Some(capability) = named else { return command };
    let schema = capability.request_schema();
    let mut envelope = Map::new();
    let request = example(&schema, &schema);
    if request.as_object().is_some_and(|request| !request.is_empty()) {
        envelope.insert("request".into(), request);
    }
    if capability.name().starts_with("list_") {
        envelope.insert("page".into(), json!({"size": 10}));
    }
    let pretty = serde_json::to_string_pretty(&schema).unwrap_or_default();
    let text = format!(
        "Example:\n  {binary} {} --json '{}'\n\nRequest (JSON Schema of the envelope's `request`):\n{pretty}",
        capability.name(),
        Value::Object(envelope)
    );
    command.mut_subcommand(capability.name(), |subcommand| subcommand.after_help(text))
}

/// A value that the schema accepts, with nothing in it that may be left out.
fn example(schema: &Value, root: &Value) -> Value {
    let resolved =
        schema.get("$ref").and_then(Value::as_str).and_then(|r| root.pointer(r.strip_prefix('#')?));
    let schema = resolved.unwrap_or(schema);
    let first = |name: &str| schema.get(name).and_then(|values| values.get(0)).cloned();
    if let Some(value) = schema.get("const").cloned().or_else(|| first("examples")).or_else(|| first("enum"))
    {
        return value;
    }
    let choices = ["anyOf", "oneOf", "allOf"].into_iter().find_map(|name| schema.get(name)?.as_array());
    if let Some(choice) = choices.and_then(|choices| choices.iter().find(|choice| choice["type"] != "null")) {
        return example(choice, root);
    }
    match type_of(schema) {
        Some("object") => object(schema, root),
        Some("array") if schema["minItems"].as_u64() > Some(0) => json!([example(&schema["items"], root)]),
        Some("array") => json!([]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        _ => json!(example_text(schema["format"].as_str().unwrap_or_default())),
    }
}

/// The type, "or null" left aside.
fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        name => name.as_str(),
    }
}

fn object(schema: &Value, root: &Value) -> Value {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let members = required.filter_map(Value::as_str).filter_map(|name| {
        let property = schema.get("properties")?.get(name)?;
        let format = match name {
            _ if type_of(property) != Some("string") => None,
            "id" => Some("uuid"),
            name if name.ends_with("_id") => Some("uuid"),
            name if name.contains("uri") || name.contains("url") => Some("uri"),
            _ => None,
        };
        let value = format.map_or_else(|| example(property, root), |format| json!(example_text(format)));
        Some((name.to_owned(), value))
    });
    Value::Object(members.collect())
}

fn example_text(format: &str) -> &'static str {
    match format {
        "uuid" => "018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b",
        "date" => "2026-01-31",
        "date-time" => "2026-01-31T12:00:00Z",
        "uri" => "https://example.com/",
        "email" => "somebody@example.com",
        _ => "…",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_what_is_required_in_the_form_that_is_wanted() {
        let schema = json!({
            "type": "object",
            "required": ["id", "since", "kinds", "size", "owner", "way", "note"],
            "properties": {
                "id": {"type": "string"},
                "since": {"type": "string", "format": "date-time"},
                "kinds": {"type": "array", "minItems": 1, "items": {"enum": ["a", "b"]}},
                "size": {"type": ["integer", "null"], "minimum": 5},
                "owner": {"$ref": "#/$defs/owner"},
                "way": {"anyOf": [{"type": "null"}, {"const": "out"}]},
                "note": {"type": "string"},
                "more": {"type": "string"}
            },
            "$defs": {"owner": {"type": "object", "required": ["type"], "properties": {"type": {"const": "user"}}}}
        });
        let expected = json!({
            "id": "018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b", "since": "2026-01-31T12:00:00Z", "kinds": ["a"], "size": 5,
            "owner": {"type": "user"}, "way": "out", "note": "…"
        });
        assert_eq!(example(&schema, &schema), expected);
        assert!(connector_core::schema::check(&schema, &expected, "/request").is_ok());
    }
}
