//! What a caller over HTTP may ask for: whose connection, and where its secrets and records may go.

use connector_core::capability::Capability;
use connector_core::dispatch::DEFAULT_CONNECTION;
use connector_core::envelope::RequestEnvelope;
use connector_core::integration::Integration;
use connector_core::schema::hint::SEMANTIC;
use connector_core::sync::SinkTarget;
use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::refuse_own_tables;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::serve::access::{Caller, Scope};

/// The customer's app whose connection a call would use; `None` when it brings credentials of its own, or needs none.
///
/// # Errors
/// When it names two: its credentials would be one's, and its work about the other.
pub(super) fn customer_app(
    integration: &Integration,
    capability: &str,
    envelope: &RequestEnvelope,
) -> Result<Option<String>> {
    let named = envelope.request.get("connection").and_then(Value::as_str);
    let stored = envelope.auth.as_ref().and_then(|auth| auth.get("stored"));
    let stored =
        stored.map(|stored| stored.get("connection").and_then(Value::as_str).unwrap_or(DEFAULT_CONNECTION));
    let connection = match (stored, named) {
        (Some(stored), Some(named)) if stored != named => {
            let message = "/request/connection and /auth/stored/connection name two connections";
            return Err(
                ConnectorError::new(ErrorCode::InvalidValue, message).hint("name one, or the same in both")
            );
        }
        (Some(connection), _) | (None, Some(connection)) => connection,
        (None, None) => {
            let found = integration.capability(capability);
            let brings_none = envelope.auth.is_none() && envelope.credentials.is_empty();
            let needs_stored = brings_none && found.is_none_or(Capability::needs_auth);
            if !needs_stored && !found.is_some_and(works_on_a_connection) {
                return Ok(None);
            }
            DEFAULT_CONNECTION
        }
    };
    Ok(Some(connection.split('/').next().unwrap_or_default().to_owned()))
}

/// Whether a capability works on what the store has of a connection, whoever's credentials it is called with.
fn works_on_a_connection(capability: &Capability) -> bool {
    capability.request_schema().pointer("/properties/connection").is_some()
}

/// Refuses to send anything to a place that the caller chose, unless he may do everything.
///
/// An address in the settings decides where stored tokens, and the client's secret of the environment, are sent, whose
/// records are stored, and which servers beside this one are asked; one in the request decides which database or file is
/// written to. Schemas and tables are shared by all whose records are in the store: a key for some of them names none.
pub(crate) fn check_places(
    caller: &Caller,
    integration: &Integration,
    envelope: &RequestEnvelope,
    customer_app: Option<&str>,
) -> Result<()> {
    check_tables(caller, integration, &envelope.request)?;
    let place = envelope
        .request
        .get("sink")
        .and_then(|sink| sink.get("url"))
        .filter(|url| !url.is_null())
        .map(|_| "/request/sink/url".to_owned())
        .or_else(|| Some(format!("/settings/{}", address_in_settings(integration, envelope)?)));
    let Some(place) = place else { return Ok(()) };
    let app = customer_app.unwrap_or(DEFAULT_CONNECTION);
    caller.require(Scope::Admin, app, integration.app_id()).map_err(|_| {
        let message = format!("{place} may be chosen with a key for everything only");
        ConnectorError::new(ErrorCode::PermissionDenied, message)
            .app_error_code("access.insufficient_scope")
            .hint("leave it out: the server's own setting is used; or use a key with the scope admin")
    })
}

/// Refuses names of tables and schemas to those who may not choose them, and names of the store's own to everybody.
///
/// # Errors
/// 400 for the store's own, 403 for a key that is limited.
pub(crate) fn check_tables(
    caller: &Caller,
    integration: &Integration,
    request: &Map<String, Value>,
) -> Result<()> {
    // What is no target of records is refused where it is used, with what is wrong about it.
    let target = request.get("sink").and_then(|sink| SinkTarget::deserialize(sink).ok());
    let Some(SinkTarget { schema, table_names, .. }) = target else { return Ok(()) };
    refuse_own_tables(schema.as_deref(), &table_names)?;
    let usual = integration.app_id();
    let place = match schema {
        Some(schema) if schema != usual => "/request/sink/schema",
        _ if !table_names.is_empty() => "/request/sink/table_names",
        _ => return Ok(()),
    };
    if caller.is_for_all() {
        return Ok(());
    }
    let message = format!("{place} may not be chosen with a key for some apps or connectors");
    Err(ConnectorError::new(ErrorCode::PermissionDenied, message)
        .app_error_code("access.insufficient_scope")
        .hint("leave it out: the connector's own is used; or use a key for all apps and connectors"))
}

/// A setting of the envelope that is an address.
fn address_in_settings(integration: &Integration, envelope: &RequestEnvelope) -> Option<String> {
    if envelope.settings.is_empty() {
        return None;
    }
    let schema = integration.settings_schema();
    let is_address = |name: &&String| {
        let property = schema.pointer(&format!("/properties/{}", name.replace('~', "~0").replace('/', "~1")));
        property.is_some_and(|property| property["format"] == "uri" || property[SEMANTIC] == "host")
    };
    envelope.settings.keys().find(is_address).cloned()
}
