//! The document: paths, what they take and answer, and who may ask.

use connector_core::ErrorCode;
use connector_core::envelope::{ExecutionSummary, Page, PageRequestEnvelope};
use connector_core::integration::Integration;
use connector_core::rate_limit::RateLimitResponse;
use connector_core::schema::{output_schema_of, schema_of};
use serde_json::{Map, Value, json};

use super::capabilities;
use super::components::Components;
use super::routes;

/// The OpenAPI document of a server of these connectors, at an address.
pub(crate) fn document(integrations: &[&Integration], address: &str) -> Value {
    let mut components = Components::default();
    components.add("Error", error_schema());
    components.add("ErrorEnvelope", error_envelope_schema());
    components.add("Page", output_schema_of::<Page>());
    components.add("PageRequest", output_schema_of::<PageRequestEnvelope>());
    for (name, schema) in [
        ("ExecutionSummary", output_schema_of::<ExecutionSummary>()),
        ("RateLimit", output_schema_of::<RateLimitResponse>()),
    ] {
        let schema = components.inside(schema);
        components.add(name, schema);
    }
    let mut paths = Map::new();
    for integration in integrations {
        capabilities::describe(integration, integrations.len() > 1, &mut components, &mut paths);
    }
    for route in routes::all() {
        route.describe(&mut components, &mut paths);
    }
    json!({
        "openapi": "3.1.0",
        "info": info(integrations),
        "servers": [{"url": address}],
        "security": [{"bearer": []}, {"basic": []}],
        "tags": tags(&paths),
        "paths": paths,
        "components": {
            "schemas": components.into_schemas(),
            "responses": {"Error": error_response()},
            "securitySchemes": security_schemes(),
        },
    })
}

fn info(integrations: &[&Integration]) -> Value {
    match integrations {
        [only] => {
            let description = only.description();
            let name = [&description.user_friendly_name, &description.app_id];
            let name = name.into_iter().find(|name| !name.is_empty());
            json!({
                "title": name,
                "description": description.description,
                "version": description.version,
            })
        }
        _ => json!({
            "title": "Connectors",
            "description": "Every connector of this server.",
            "version": connector_core::VERSION,
        }),
    }
}

fn security_schemes() -> Value {
    let with_key = "A key to this server, as `keys create` makes it";
    json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": with_key},
        "basic": {"type": "http", "scheme": "basic", "description": format!("{with_key}, as the password")},
        "session": {"type": "apiKey", "in": "cookie", "name": "session", "description": "A browser that signed in"},
    })
}

fn tags(paths: &Map<String, Value>) -> Value {
    let operations = paths.values().flat_map(|path| path.as_object().into_iter().flat_map(Map::values));
    let mut names: Vec<&str> =
        operations.filter_map(|operation| operation.pointer("/tags/0")?.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| json!({"name": name})).collect()
}

/// How every error is answered.
pub(super) fn error_responses() -> Map<String, Value> {
    let reference = json!({"$ref": "#/components/responses/Error"});
    let statuses = ["400", "401", "403", "404", "429", "default"];
    statuses.into_iter().map(|status| (status.to_owned(), reference.clone())).collect()
}

fn error_response() -> Value {
    json!({
        "description": "An error: what went wrong, who must act, and what to do",
        "headers": {
            "Retry-After": {"description": "Seconds to wait, where that helps", "schema": {"type": "integer"}},
            "WWW-Authenticate": {"description": "With 401 and 403 about the key", "schema": {"type": "string"}},
            "X-Request-Id": {"description": "The request in the log", "schema": {"type": "string"}},
        },
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}},
    })
}

fn error_envelope_schema() -> Value {
    json!({
        "type": "object",
        "required": ["is_error", "error", "raw_data", "page"],
        "properties": {
            "is_error": {"const": true},
            "error": {"$ref": "#/components/schemas/Error"},
            "raw_data": {},
            "page": {"anyOf": [{"$ref": "#/components/schemas/PageRequest"}, {"type": "null"}]},
        },
    })
}

fn error_schema() -> Value {
    let optional_text = json!({"type": ["string", "null"]});
    let mut code = schema_of::<ErrorCode>();
    if let Some(code) = code.as_object_mut() {
        code.remove("title");
    }
    json!({
        "type": "object",
        "required": ["message", "status_code", "error_code", "app_error_code", "app_id", "raised_by", "raised_in",
            "error_metadata"],
        "properties": {
            "message": {"type": "string"},
            "status_code": {"type": "integer"},
            "error_code": code,
            "app_error_code": optional_text,
            "app_id": {"type": "string"},
            "raised_by": {"type": "string"},
            "raised_in": {"type": "string"},
            "error_metadata": {
                "type": "object",
                "required": ["fault", "category", "hint", "retryable", "throttled", "refreshable",
                    "retry_after_seconds"],
                "properties": {
                    "fault": {"enum": ["caller", "upstream", "infrastructure", "connector"]},
                    "category": {"enum": ["client", "authentication", "authorization", "transient", "internal"]},
                    "hint": optional_text,
                    "retryable": {"type": "boolean"},
                    "throttled": {"type": "boolean"},
                    "refreshable": {"type": "boolean"},
                    "retry_after_seconds": {"type": ["integer", "null"]},
                },
            },
        },
    })
}

/// The envelope around a response.
pub(super) fn success_schema(response: &Value) -> Value {
    let page = json!({"anyOf": [{"$ref": "#/components/schemas/Page"}, {"type": "null"}]});
    json!({
        "type": "object",
        "required": ["response", "raw_data", "page"],
        "properties": {
            "response": response, "raw_data": {}, "page": page,
            "execution_summary": {"$ref": "#/components/schemas/ExecutionSummary"},
            "rate_limit": {"$ref": "#/components/schemas/RateLimit"},
        },
    })
}
