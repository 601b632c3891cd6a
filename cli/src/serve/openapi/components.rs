//! Schemas that several places share: each once, under a name of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

const LOCAL: &str = "#/$defs/";
const SHARED: &str = "#/components/schemas/";

/// Schemas under their names.
#[derive(Default)]
pub(super) struct Components {
    schemas: BTreeMap<String, Value>,
    /// Name of a schema by everything that it says. Two types of one name are told apart by it.
    names: BTreeMap<String, String>,
}

impl Components {
    /// Adds a schema that refers to shared ones only.
    pub(super) fn add(&mut self, name: &str, schema: Value) {
        self.schemas.insert(name.to_owned(), schema);
    }

    /// A schema whose definitions are shared: what it says of its own under `$defs` moves here, as does a type with a
    /// title.
    pub(super) fn shared(&mut self, mut schema: Value) -> Value {
        let definitions = match schema.as_object_mut().and_then(|object| object.remove("$defs")) {
            Some(Value::Object(definitions)) => definitions,
            _ => Map::new(),
        };
        self.titled(schema, &definitions)
    }

    /// The schema itself, of a type that is added by hand.
    pub(super) fn inside(&mut self, mut schema: Value) -> Value {
        let definitions = match schema.as_object_mut().and_then(|object| object.remove("$defs")) {
            Some(Value::Object(definitions)) => definitions,
            _ => Map::new(),
        };
        self.resolved(schema, &definitions)
    }

    /// A reference to the type that a schema describes, where it has a title; of the items, where it is a list.
    fn titled(&mut self, mut schema: Value, definitions: &Map<String, Value>) -> Value {
        if let Some(items) = schema.get_mut("items").filter(|items| items.get("title").is_some()) {
            let item = self.titled(items.take(), definitions);
            schema["items"] = item;
        }
        let title = schema.get("title").and_then(Value::as_str).map(str::to_owned);
        match title.filter(|_| schema["type"] == "object") {
            Some(title) => self.reference(&title, &schema, definitions),
            None => self.resolved(schema, definitions),
        }
    }

    /// A reference to a schema, which is added if it is not there yet.
    fn reference(&mut self, name: &str, schema: &Value, definitions: &Map<String, Value>) -> Value {
        let meaning = meaning(schema, definitions);
        let known = self.names.get(&meaning).cloned();
        let name = known.unwrap_or_else(|| {
            let name = self.free_name(name);
            // Known before it is there, since a type may contain itself.
            self.names.insert(meaning, name.clone());
            self.schemas.insert(name.clone(), Value::Null);
            let resolved = self.resolved(schema.clone(), definitions);
            self.schemas.insert(name.clone(), resolved);
            name
        });
        serde_json::json!({"$ref": format!("{SHARED}{name}")})
    }

    /// A schema whose references lead here.
    fn resolved(&mut self, schema: Value, definitions: &Map<String, Value>) -> Value {
        match schema {
            Value::Array(parts) => parts.into_iter().map(|part| self.resolved(part, definitions)).collect(),
            Value::Object(mut object) => {
                let local =
                    object.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix(LOCAL));
                let definition =
                    local.and_then(|name| Some((name.to_owned(), definitions.get(name)?.clone())));
                if let Some((name, definition)) = definition {
                    let reference = self.reference(&name, &definition, definitions);
                    object.insert("$ref".to_owned(), reference["$ref"].clone());
                }
                let resolved = |(name, part)| (name, self.resolved(part, definitions));
                Value::Object(object.into_iter().map(resolved).collect())
            }
            other => other,
        }
    }

    /// The name, or one with a number where another schema has it.
    fn free_name(&self, name: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let name: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        let numbered = (2..).map(|number| format!("{name}{number}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        names.find(|name| !self.schemas.contains_key(name)).unwrap_or_default()
    }

    pub(super) fn into_schemas(self) -> BTreeMap<String, Value> {
        self.schemas
    }
}

/// Everything that a schema says, with the definitions that it leads to.
fn meaning(schema: &Value, definitions: &Map<String, Value>) -> String {
    let mut text = schema.to_string();
    let mut seen = BTreeSet::new();
    let mut open = vec![schema];
    while let Some(part) = open.pop() {
        match part {
            Value::Array(parts) => open.extend(parts),
            Value::Object(object) => {
                open.extend(object.values());
                let local =
                    object.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix(LOCAL));
                if let Some((name, definition)) = local.and_then(|name| definitions.get_key_value(name))
                    && seen.insert(name)
                {
                    text.push_str(name);
                    text.push_str(&definition.to_string());
                    open.push(definition);
                }
            }
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_type_is_described_once_and_another_of_its_name_apart() {
        let mut components = Components::default();
        let user = |kind: &str| {
            json!({
                "title": "User", "type": "object", "properties": {"boss": {"$ref": "#/$defs/Boss"}},
                "$defs": {"Boss": {"type": kind, "properties": {"next": {"$ref": "#/$defs/Boss"}}}},
            })
        };
        let first = components.shared(user("object"));
        let list = json!({"type": "array", "items": user("object")["properties"]["boss"], "$defs": user("object")["$defs"]});
        let list = components.shared(list);
        let other = components.shared(user("string"));
        assert_eq!(first, json!({"$ref": "#/components/schemas/User"}));
        assert_eq!(list["items"], json!({"$ref": "#/components/schemas/Boss"}));
        assert_eq!(other, json!({"$ref": "#/components/schemas/User2"}));
        assert_eq!(components.shared(user("object")), first);
        let schemas = components.into_schemas();
        assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Boss", "Boss2", "User", "User2"]);
        assert_eq!(schemas["Boss"]["properties"]["next"]["$ref"], "#/components/schemas/Boss");
        assert_eq!(schemas["User2"]["properties"]["boss"]["$ref"], "#/components/schemas/Boss2");
    }
}
