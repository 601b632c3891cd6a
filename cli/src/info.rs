//! `info`: everything that other programs and people want to know about a connector.

use std::collections::BTreeMap;
use std::sync::Arc;

use connector_core::auth::AuthKind;
use connector_core::capability::Capability;
use connector_core::envelope::Answer;
use connector_core::integration::{Description, Integration};
use connector_core::stream::StreamDeclaration;
use connector_core::{ConnectorError, ErrorCode, schema};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::output::Ended;

pub(crate) fn run(
    integration: &Arc<Integration>,
    envelope: &EnvelopeSource,
) -> Result<Ended, ConnectorError> {
    // It has nothing to ask for, but what is no envelope is no request for it either.
    read_envelope(envelope)?;
    Ok(Ended::Answer(Answer::new(&info(integration)?)?))
}

/// The `response` of `info`. The schemas are texts, each written as soon as it is made: all of them together as values
/// would take several times the memory, and the time to fill it.
#[derive(Serialize)]
struct Info<'i> {
    #[serde(flatten)]
    description: &'i Description,
    capabilities: Vec<&'i str>,
    capability_schema: BTreeMap<&'i str, Box<RawValue>>,
    authentication_schema: Value,
    credentials_schema: [Value; 0],
    request_settings_schema: Value,
    oauth_scopes: &'i [&'i str],
    resource_types: [Value; 0],
    entitlement_types: [Value; 0],
    streams: Vec<Box<RawValue>>,
    connector_core: &'static str,
}

fn info(integration: &Integration) -> Result<Info<'_>, ConnectorError> {
    let mut capabilities: Vec<&str> = integration.capabilities().map(Capability::name).collect();
    capabilities.push("info");
    capabilities.sort_unstable();
    let mut capability_schema = BTreeMap::from([("info", text(&info_schema())?)]);
    for capability in integration.capabilities() {
        capability_schema.insert(capability.name(), text(&schema_of(capability))?);
    }
    let streams = integration.streams().map(|stream| text(&stream_entry(integration, stream)));
    Ok(Info {
        description: integration.description(),
        capabilities,
        capability_schema,
        authentication_schema: authentication_schema(integration),
        credentials_schema: [],
        request_settings_schema: integration.settings_schema(),
        oauth_scopes: integration.oauth_scopes(),
        resource_types: [],
        entitlement_types: [],
        streams: streams.collect::<Result<_, _>>()?,
        connector_core: connector_core::VERSION,
    })
}

fn text(value: &Value) -> Result<Box<RawValue>, ConnectorError> {
    to_raw_value(value).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "a schema cannot be written").source(error)
    })
}

/// Built by moving, as the others here: `json!` would copy each schema.
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

fn schema_of(capability: &Capability) -> Value {
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
