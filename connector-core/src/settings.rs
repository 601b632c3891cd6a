//! Settings: from the request, the environment, the stored connection and the declared defaults, in this order.

mod server_url;

use serde_json::{Map, Value};

use crate::error::ConnectorError;
use crate::host::Host;
use crate::integration::Integration;

pub use server_url::{ServerUrl, TenantHost, WrongServer, is_this_machine};

/// The settings of a call, still as JSON: what the request says, else the environment, else the connection.
pub(crate) fn gather(
    integration: &Integration,
    requested: Map<String, Value>,
    host: &dyn Host,
    connection: Map<String, Value>,
) -> Map<String, Value> {
    let mut settings = connection;
    let schema = integration.settings_schema();
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let variable = variable_name(integration.app_id(), name);
        if let Some(text) = host.variable(&variable).filter(|text| !text.is_empty()) {
            settings.insert(name.clone(), typed_text(property, text));
        }
    }
    settings.extend(requested.into_iter().filter(|(_, value)| !value.is_null()));
    settings
}

/// An error of the settings as whoever must act reads it: what the environment says wrongly is an operator's, and what
/// nobody says can be said there.
pub(crate) fn blame(
    error: ConnectorError,
    integration: &Integration,
    requested: &Map<String, Value>,
    host: &dyn Host,
) -> ConnectorError {
    let schema = integration.settings_schema();
    let name = error.pointer().and_then(|pointer| pointer.strip_prefix("/settings/"));
    let name = name.and_then(|below| below.split('/').next()).unwrap_or_default();
    if schema["properties"].get(name).is_none() || requested.get(name).is_some_and(|value| !value.is_null()) {
        return error;
    }
    let variable = variable_name(integration.app_id(), name);
    match host.variable(&variable) {
        Some(text) if !text.is_empty() => {
            error.hint(format!("it comes from the environment: mend {variable}")).of_operator()
        }
        _ if error.hint_text().is_none() => {
            let hint = format!("set {variable}, or pass {{\"settings\":{{\"{name}\":…}}}}");
            error.hint(hint)
        }
        _ => error,
    }
}

/// The environment variable of a setting: `EXAMPLE_API_URL`.
pub fn variable_name(app_id: &str, setting: &str) -> String {
    format!("{app_id}_{setting}").to_uppercase()
}

/// A text of the environment in the JSON type that the setting has. What does not fit stays a text, for the check of
/// the settings to refuse by name.
fn typed_text(property: &Value, text: String) -> Value {
    let is = |name: &str| match property.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    };
    let parsed = if is("integer") || is("number") {
        serde_json::from_str::<serde_json::Number>(text.trim()).ok().map(Value::Number)
    } else if is("boolean") {
        text.trim().parse().ok().map(Value::Bool)
    } else if is("object") || property.get("$ref").is_some() {
        serde_json::from_str(&text).ok().filter(Value::is_object)
    } else {
        None
    };
    parsed.unwrap_or(Value::String(text))
}
