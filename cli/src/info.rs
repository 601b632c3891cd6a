//! `info`: everything that other programs and people want to know about a connector.

use std::collections::BTreeMap;
use std::sync::Arc;

use connector_core::auth::AuthKind;
use connector_core::capability::{Capability, Effect};
use connector_core::envelope::Answer;
use connector_core::integration::{Description, Integration};
use connector_core::standard::{EntitlementType, ResourceType};
use connector_core::stream::StreamDeclaration;
use connector_core::{ConnectorError, ErrorCode, schema};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::cores::on_all_cores;
use crate::output::Ended;

pub(crate) fn run(
    integration: &Arc<Integration>,
    envelope: &EnvelopeSource,
) -> Result<Ended, ConnectorError> {
    // It has nothing to ask for, but what is no envelope is no request for it either.
    read_envelope(envelope)?;
    Ok(Ended::Answer(answer(integration)?))
}

/// The answer of `info`.
pub(crate) fn answer(integration: &Integration) -> Result<Answer, ConnectorError> {
    Answer::new(&info(integration)?)
}

/// The `response` of `info`. The schemas of records are texts that are made once and shown in three places.
#[derive(Serialize)]
struct Info<'i> {
    #[serde(flatten)]
    description: &'i Description,
    capabilities: Vec<&'i str>,
    capability_schema: BTreeMap<&'i str, CapabilityEntry<'i>>,
    authentication_schema: Value,
    credentials_schema: Vec<Value>,
    request_settings_schema: Value,
    oauth_scopes: BTreeMap<&'i str, String>,
    resource_types: &'i [ResourceType],
    entitlement_types: &'i [EntitlementType],
    streams: Vec<StreamEntry<'i>>,
    connector_core: &'static str,
}

#[derive(Serialize)]
struct CapabilityEntry<'i> {
    argument: Value,
    output: Box<RawValue>,
    display_name: &'i str,
    description: &'i str,
    effect: Effect,
    scopes: &'i [&'i str],
}

#[derive(Serialize)]
struct StreamEntry<'i> {
    name: &'i str,
    primary_key: &'i [&'i str],
    cursor: Option<&'i str>,
    schema: Option<&'i RawValue>,
    table: &'i str,
    list: String,
    get: Option<String>,
    description: &'i str,
    default: bool,
}

fn info(integration: &Integration) -> Result<Info<'_>, ConnectorError> {
    let mut capabilities: Vec<&str> = integration.capabilities().map(Capability::name).collect();
    capabilities.extend(["app_info", "info"]);
    capabilities.sort_unstable();
    let mut capability_schema = BTreeMap::from([
        ("app_info", entry_without_schema("App info", "Gives the OpenAPI document of the connector.")?),
        ("info", entry_without_schema("Info", "Prints everything about the connector.")?),
    ]);
    let (streams, declared): (Vec<_>, Vec<_>) =
        (integration.streams().collect(), integration.capabilities().collect());
    // Schemas take most of the time. Those of records first: capabilities show them too.
    let streams = on_all_cores(&streams, |stream| stream_entry(integration, stream));
    let entries = on_all_cores(&declared, |capability| (capability.name(), capability_entry(capability)));
    capability_schema.extend(entries);
    Ok(Info {
        description: integration.description(),
        capabilities,
        capability_schema,
        authentication_schema: authentication_schema(integration),
        credentials_schema: credentials_schema(integration),
        request_settings_schema: integration.settings_schema(),
        oauth_scopes: oauth_scopes(integration),
        resource_types: integration.resource_types(),
        entitlement_types: integration.entitlement_types(),
        streams,
        connector_core: connector_core::VERSION,
    })
}

/// What each capability asks people to agree to, for integrations with OAuth.
fn oauth_scopes(integration: &Integration) -> BTreeMap<&str, String> {
    let takes_oauth = integration
        .auth_kinds()
        .iter()
        .any(|kind| matches!(kind, AuthKind::Oauth | AuthKind::OauthClientCredentials));
    let scopes = |capability| integration.scopes_of(capability).join(" ");
    integration
        .capabilities()
        .filter(|_| takes_oauth)
        .map(|capability| (capability.name(), scopes(capability)))
        .filter(|(_, scopes)| !scopes.is_empty())
        .collect()
}

fn stream_entry<'i>(integration: &'i Integration, stream: &'i StreamDeclaration) -> StreamEntry<'i> {
    StreamEntry {
        name: stream.name,
        primary_key: stream.key,
        cursor: stream.changed_since,
        schema: integration.record_schema(stream.name),
        table: stream.name,
        list: format!("list_{}", stream.name),
        get: capability_for_one(integration, stream),
        description: stream.description,
        default: stream.synced_by_default,
    }
}

/// The capability that reads one record, where there is one.
fn capability_for_one(integration: &Integration, stream: &StreamDeclaration) -> Option<String> {
    let name = format!("get_{}", stream.singular);
    integration.capability(&name).map(|_| name)
}

fn capability_entry(capability: &Capability) -> CapabilityEntry<'_> {
    CapabilityEntry {
        argument: capability.request_schema(),
        output: capability.response_schema_text(),
        display_name: capability.display_name_text(),
        description: capability.description_text(),
        effect: capability.effect(),
        scopes: capability.required_scopes(),
    }
}

fn entry_without_schema(
    display_name: &'static str,
    description: &'static str,
) -> Result<CapabilityEntry<'static>, ConnectorError> {
    let anything = json!({"type": "object"});
    let output = to_raw_value(&anything).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "a schema cannot be written").source(error)
    })?;
    Ok(CapabilityEntry {
        argument: anything,
        output,
        display_name,
        description,
        effect: Effect::Read,
        scopes: &[],
    })
}

/// Credentials that callers send beside each other: the schema of each one's kind, with its id and description in it.
pub(crate) fn credentials_schema(integration: &Integration) -> Vec<Value> {
    let all = schema::schema_of::<connector_core::Auth>();
    integration
        .credentials()
        .map(|(id, kind, description, is_optional)| {
            let mut schema = schema_of_kind(&all, kind);
            let fields: Vec<&String> =
                schema["properties"].as_object().into_iter().flat_map(Map::keys).collect();
            schema["field_order"] = json!(fields);
            schema["id"] = json!(id);
            schema["description"] = json!(description);
            schema["x-optional"] = json!(is_optional);
            schema
        })
        .collect()
}

/// What stands under the name of a kind of credential, out of the schema of all of them.
fn schema_of_kind(all: &Value, kind: AuthKind) -> Value {
    let mut choices = all["oneOf"].as_array().into_iter().flatten();
    let reference = choices.find_map(|choice| choice["properties"].get(kind.name())?["$ref"].as_str());
    let path = reference.and_then(|reference| reference.strip_prefix('#')).unwrap_or_default();
    all.pointer(path).filter(|_| !path.is_empty()).cloned().unwrap_or_else(|| json!({"type": "object"}))
}

/// The accepted kinds of credential out of the schema of all of them.
pub(crate) fn authentication_schema(integration: &Integration) -> Value {
    let mut schema = schema::schema_of::<connector_core::Auth>();
    let kinds: Vec<String> = integration
        .auth_kinds()
        .iter()
        .chain([&AuthKind::Stored])
        .map(|kind| kind.name().to_owned())
        .collect();
    if let Some(choices) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        let is_accepted = |choice: &Value| kinds.iter().any(|kind| choice["properties"].get(kind).is_some());
        choices.retain(is_accepted);
    }
    schema
}
