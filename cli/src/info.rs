//! `info`: everything that other programs and people want to know about a connector.

use std::sync::Arc;

use connector_core::auth::AuthKind;
use connector_core::capability::Capability;
use connector_core::envelope::Answer;
use connector_core::integration::Integration;
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

/// The `response` of `info`.
fn info(integration: &Integration) -> Value {
    let mut names: Vec<&str> = integration.capabilities().map(Capability::name).collect();
    names.push("info");
    names.sort_unstable();
    let mut schemas: Map<String, Value> = integration
        .capabilities()
        .map(|capability| (capability.name().to_owned(), capability_schema(capability)))
        .collect();
    schemas.insert(
        "info".to_owned(),
        json!({
            "argument": {"type": "object"},
            "output": {"type": "object"},
            "display_name": "Info",
            "description": "Prints everything about the connector.",
        }),
    );
    let streams: Vec<Value> = integration
        .streams()
        .map(|stream| {
            json!({
                "name": stream.name,
                "primary_key": stream.key,
                "cursor": stream.changed_since,
                "schema": integration.record_schema(stream.name),
                "table": stream.name,
                "description": stream.description,
                "default": stream.synced_by_default,
            })
        })
        .collect();
    let description = integration.description();
    json!({
        "app_id": description.app_id,
        "version": description.version,
        "user_friendly_name": description.user_friendly_name,
        "description": description.description,
        "categories": description.categories,
        "logo_url": description.logo_url,
        "capabilities": names,
        "capability_schema": schemas,
        "authentication_schema": authentication_schema(integration),
        "credentials_schema": [],
        "request_settings_schema": integration.settings_schema(),
        "oauth_scopes": integration.oauth_scopes(),
        "resource_types": [],
        "entitlement_types": [],
        "streams": streams,
    })
}

fn capability_schema(capability: &Capability) -> Value {
    json!({
        "argument": capability.request_schema(),
        "output": capability.response_schema(),
        "display_name": capability.display_name(),
        "description": capability.description_text(),
    })
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
