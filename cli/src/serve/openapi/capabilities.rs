//! The paths of capabilities: the envelope exactly as it is accepted, and the answer's.

use connector_core::auth::Auth;
use connector_core::capability::{Capability, names};
use connector_core::envelope::RequestEnvelope;
use connector_core::integration::Integration;
use connector_core::schema::schema_of;
use serde_json::{Map, Value, json};

use super::components::Components;
use super::document::{error_responses, success_schema};
use crate::info::authentication_schema;
use crate::serve::access::Scope;

/// Capabilities that have a route of their own, which answers otherwise, or are not for callers over HTTP.
const ROUTED: [&str; 2] = ["sync", names::RETRIEVE_TOKEN];

/// What the framework answers of every connector.
const OF_THE_FRAMEWORK: [(&str, &str, &str); 2] = [
    ("app_info", "post", "The OpenAPI document of the connector, as an answer."),
    ("info", "get", "Everything about the connector: capabilities, schemas, streams."),
];

/// Describes every capability of a connector. With several connectors the path has the connector's id in front.
pub(super) fn describe(
    integration: &Integration,
    is_one_of_several: bool,
    components: &mut Components,
    paths: &mut Map<String, Value>,
) {
    let app_id = integration.app_id();
    let parts = Parts::new(integration, components);
    let path_of =
        |name: &str| if is_one_of_several { format!("/{app_id}/{name}") } else { format!("/{name}") };
    let id_of = |name: &str| if is_one_of_several { format!("{app_id}_{name}") } else { name.to_owned() };
    for capability in integration.capabilities().filter(|found| !ROUTED.contains(&found.name())) {
        let operation = parts.operation(capability, &id_of(capability.name()), components);
        paths.insert(path_of(capability.name()), json!({"post": operation}));
    }
    for (name, method, description) in OF_THE_FRAMEWORK {
        let operation = described(&id_of(name), description, app_id, components);
        paths.insert(path_of(name), json!({method: operation}));
    }
}

fn described(id: &str, description: &str, app_id: &str, components: &mut Components) -> Value {
    let mut responses = error_responses();
    let any = success_schema(&json!({"type": "object"}));
    responses.insert("200".to_owned(), answer("What is known of the connector", &components.shared(any)));
    json!({
        "operationId": id, "summary": description, "tags": [app_id], "description": description,
        "responses": responses,
    })
}

/// The parts of envelopes that the capabilities of a connector share.
struct Parts<'i> {
    integration: &'i Integration,
    envelope: Map<String, Value>,
    declared_auth: Value,
    any_auth: Value,
}

impl<'i> Parts<'i> {
    fn new(integration: &'i Integration, components: &mut Components) -> Self {
        let mut envelope = components.shared(without_title(schema_of::<RequestEnvelope>()));
        let mut properties = match envelope.get_mut("properties").map(Value::take) {
            Some(Value::Object(properties)) => properties,
            _ => Map::new(),
        };
        for property in properties.values_mut() {
            *property = or_null(property);
        }
        let settings = components.shared(settings_schema(integration));
        properties.insert("settings".to_owned(), or_null(&settings));
        Self {
            integration,
            envelope: properties,
            declared_auth: or_null(&components.shared(without_title(authentication_schema(integration)))),
            any_auth: or_null(&components.shared(without_title(schema_of::<Auth>()))),
        }
    }

    fn operation(&self, capability: &Capability, id: &str, components: &mut Components) -> Value {
        let request = capability.request_schema();
        let is_required = request["required"].as_array().is_some_and(|required| !required.is_empty());
        let request = components.shared(without_title(request));
        let mut envelope = self.envelope.clone();
        envelope.insert("request".to_owned(), if is_required { request } else { or_null(&request) });
        let auth = if capability.needs_auth() { &self.declared_auth } else { &self.any_auth };
        envelope.insert("auth".to_owned(), auth.clone());
        let mut schema = json!({"type": "object", "properties": envelope});
        if is_required {
            schema["required"] = json!(["request"]);
        }
        let response = components.shared(capability.response_schema());
        let mut responses = error_responses();
        responses.insert("200".to_owned(), answer("What came of it", &success_schema(&response)));
        json!({
            "operationId": id,
            "summary": capability.display_name_text(),
            "description": description(capability),
            "tags": [self.integration.app_id()],
            "x-effect": capability.effect(),
            "x-scopes": capability.required_scopes(),
            "requestBody": {"required": is_required, "content": {"application/json": {"schema": schema}}},
            "responses": responses,
        })
    }
}

fn description(capability: &Capability) -> String {
    let scopes = match capability.required_scopes() {
        [] => String::new(),
        scopes => format!("\n\nThe credentials need the app's scopes `{}`.", scopes.join("`, `")),
    };
    let text = format!("{}{scopes}", capability.description_text());
    format!("{text}\n\nNeeds a key with the scope `{}`.", Scope::CapabilityCall.name())
        .trim_start()
        .to_owned()
}

fn answer(description: &str, schema: &Value) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

/// The settings of an envelope: each may be left out or `null`, since the server's own come next.
fn settings_schema(integration: &Integration) -> Value {
    let mut schema = without_title(integration.settings_schema());
    let Some(object) = schema.as_object_mut() else { return schema };
    object.remove("required");
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        for property in properties.values_mut() {
            *property = or_null(property);
        }
    }
    if object.get("additionalProperties") == Some(&Value::Bool(false)) {
        object.insert("additionalProperties".to_owned(), json!({"type": "null"}));
    }
    schema
}

/// A type of one place only needs no name.
fn without_title(mut schema: Value) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.remove("title");
    }
    schema
}

fn or_null(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}
