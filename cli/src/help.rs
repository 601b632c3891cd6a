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
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => {
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            let members = required.filter_map(Value::as_str).filter_map(|name| {
                let property = schema.get("properties")?.get(name)?;
                let is_id = name == "id" || name.ends_with("_id");
                let value = if is_id {
                    json!("018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b")
                } else {
                    example(property, root)
                };
                Some((name.to_owned(), value))
            });
            Value::Object(members.collect())
        }
        Some("array") => json!([]),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("string") if schema["format"] == "date" => json!("2026-01-31"),
        _ => json!("…"),
    }
}
