//! `info`: everything that other programs and people want to know about a connector.

use std::sync::Arc;

use connector_core::auth::AuthKind;
use connector_core::capability::Capability;
use connector_core::envelope::Answer;
use connector_core::integration::Integration;
use connector_core::stream::StreamDeclaration;
use connector_core::{ConnectorError, schema};
use serde_json::{Map, Value, json};

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::output::Ended;

pub(crate) fn run(
    integration: &Arc<Integration>,
    envelope: &EnvelopeSource,
) -> Result<Ended, ConnectorError> {
    // It has nothing to ask for, but what is no envelope is no request for it either.
    read_envelope(envelope)?;
    Ok(Ended::Answer(Answer::new(&info(integration))?))
}

/// The `response` of `info`. Built by moving: `json!` would copy every schema once for each level that it is put into.
fn info(integration: &Integration) -> Value {
    let mut names: Vec<&str> = integration.capabilities().map(Capability::name).collect();
    names.push("info");
    names.sort_unstable();
    let mut schemas: Map<String, Value> = integration
        .capabilities()
        .map(|capability| (capability.name().to_owned(), capability_schema(capability)))
        .collect();
    schemas.insert("info".to_owned(), info_schema());
    let description = integration.description();
    let entries: [(&str, Value); 16] = [
        ("app_id", json!(description.app_id)),
        ("version", json!(description.version)),
        ("user_friendly_name", json!(description.user_friendly_name)),
        ("description", json!(description.description)),
        ("categories", json!(description.categories)),
        ("logo_url", json!(description.logo_url)),
        ("capabilities", json!(names)),
        ("capability_schema", Value::Object(schemas)),
        ("authentication_schema", authentication_schema(integration)),
        ("credentials_schema", json!([])),
        ("request_settings_schema", integration.settings_schema()),
        ("oauth_scopes", json!(integration.oauth_scopes())),
        ("resource_types", json!([])),
        ("entitlement_types", json!([])),
        ("streams", integration.streams().map(|stream| stream_entry(integration, stream)).collect()),
        ("connector_core", json!(connector_core::VERSION)),
    ];
    object(entries)
}

fn stream_entry(integration: &Integration, stream: &StreamDeclaration) -> Value {
    object([
        ("name", json!(stream.name)),
        ("primary_key", json!(stream.key)),
        ("cursor", json!(stream.changed_since)),
        ("schema", integration.record_schema(stream.name).unwrap_or_default()),
        ("table", json!(stream.name)),
        ("description", json!(stream.description)),
        ("default", json!(stream.synced_by_default)),
    ])
}

fn capability_schema(capability: &Capability) -> Value {
    object([
        ("argument", capability.request_schema()),
        ("output", capability.response_schema()),
        ("display_name", json!(capability.display_name())),
        ("description", json!(capability.description_text())),
    ])
}

fn info_schema() -> Value {
    object([
        ("argument", json!({"type": "object"})),
        ("output", json!({"type": "object"})),
        ("display_name", json!("Info")),
        ("description", json!("Prints everything about the connector.")),
    ])
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The accepted kinds of credential out of the schema of all of them.
fn authentication_schema(integration: &Integration) -> Value {
    let mut schema = schema::schema_of::<connector_core::Auth>();
    let kinds: Vec<String> = integration
        .auth_kinds()
        .iter()
        .chain([&AuthKind::Stored])
        .filter_map(|kind| serde_json::to_value(kind).ok()?.as_str().map(ToOwned::to_owned))
        .collect();
    if let Some(choices) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        let is_accepted = |choice: &Value| kinds.iter().any(|kind| choice["properties"].get(kind).is_some());
        choices.retain(is_accepted);
    }
    schema
}
