//! The page of one connector.

use std::fmt::Write;

use connector_core::ErrorCode;
use connector_core::capability::{Capability, Effect};
use connector_core::error::ErrorRule;
use connector_core::integration::Integration;
use connector_core::schema::schema_of;
use connector_core::settings::variable_name;
use serde_json::Value;

use super::markdown::{code, codes, prose, table};
use super::streams::streams;

/// Everything that the declaration says, as Markdown.
pub(super) fn page(integration: &Integration) -> String {
    let description = integration.description();
    let mut page = format!("# {}\n\n", prose(&description.user_friendly_name));
    page.push_str(
        "<!-- Written by `connector docs`. What is changed here is lost: change the declaration. -->\n\n",
    );
    let _ = writeln!(page, "{}\n", prose(&description.description));
    let _ = writeln!(page, "App id {}.\n", code(integration.app_id()));
    for (title, part) in [
        ("Signing in", authentication(integration)),
        ("Settings", settings(integration)),
        ("Capabilities", capabilities(integration)),
        ("Streams", streams(integration)),
        ("Errors", errors() + &errors_of_app(integration)),
    ] {
        if !part.is_empty() {
            let _ = write!(page, "## {title}\n\n{}\n\n", part.trim_end());
        }
    }
    format!("{}\n", page.trim_end())
}

fn authentication(integration: &Integration) -> String {
    let kinds = integration.auth_kinds();
    if kinds.is_empty() {
        return String::new();
    }
    let names = codes(kinds.iter().map(|kind| kind.name()));
    let mut text =
        format!("Kinds of credential: {names}, and {} for a connection of the vault.\n", code("stored"));
    if !integration.oauth_scopes().is_empty() {
        let _ = writeln!(text, "\nOAuth scopes: {}.", codes(integration.oauth_scopes().iter().copied()));
    }
    text
}

fn settings(integration: &Integration) -> String {
    let schema = integration.settings_schema();
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty())
    else {
        return "There are none.\n".to_owned();
    };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let row = |(name, property): (&String, &Value)| {
        let default = match &property["default"] {
            Value::Null if required.contains(&name.as_str()) => "required".to_owned(),
            Value::Null => String::new(),
            default => code(&plain(default)),
        };
        vec![
            code(name),
            code(&variable_name(integration.app_id(), name)),
            default,
            prose(property["description"].as_str().unwrap_or_default()) + &hints(property),
        ]
    };
    let heads = ["setting", "environment variable", "default", "what it is"];
    table(&heads, properties.iter().map(row))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What forms show differently, and what may not be shown.
fn hints(property: &Value) -> String {
    let mut hints: Vec<String> = range(property).into_iter().collect();
    for (key, hint) in [("x-secret", "secret"), ("x-hidden", "hidden"), ("x-multiline", "several lines")] {
        if property[key] == true {
            hints.push(hint.to_owned());
        }
    }
    for (key, hint) in [("x-group", "group"), ("x-semantic", "meaning")] {
        if let Some(value) = property[key].as_str() {
            hints.push(format!("{hint} {}", prose(value)));
        }
    }
    if hints.is_empty() { String::new() } else { format!(" *({})*", hints.join(", ")) }
}

/// The numbers that a setting may have. Every unsigned one is at least 0; that is no news.
fn range(property: &Value) -> Option<String> {
    let least = Some(&property["minimum"]).filter(|least| least.as_f64().is_some_and(|least| least != 0.0));
    let most = Some(&property["maximum"]).filter(|most| most.is_number());
    match (least, most) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (Some(least), None) => Some(format!("at least {least}")),
        (None, Some(most)) => Some(format!("at most {most}")),
        (None, None) => None,
    }
}

fn capabilities(integration: &Integration) -> String {
    let mut all: Vec<&Capability> = integration.capabilities().collect();
    all.sort_by_key(|capability| capability.name());
    let has_scopes = all.iter().any(|capability| !capability.required_scopes().is_empty());
    let row = |capability: &Capability| {
        let effect = if capability.effect() == Effect::Write { "writes" } else { "reads" };
        let mut row = vec![code(capability.name()), effect.to_owned(), prose(capability.description_text())];
        if has_scopes {
            row.insert(2, codes(capability.required_scopes().iter().copied()));
        }
        row
    };
    let heads: &[&str] = if has_scopes {
        &["capability", "effect", "scopes", "what it does"]
    } else {
        &["capability", "effect", "what it does"]
    };
    let rows = table(heads, all.into_iter().map(row));
    format!("`--help` of each shows what it takes, `info` has the schemas.\n\n{rows}")
}

/// The codes that every capability may fail with, whatever the app.
fn errors() -> String {
    let schema = schema_of::<ErrorCode>();
    let known = schema["oneOf"].as_array().into_iter().flatten();
    let row = |known: &Value| {
        let metadata = serde_json::from_value::<ErrorCode>(known["const"].clone()).ok()?.metadata();
        let fault = serde_json::to_value(metadata.fault).unwrap_or_default();
        let retry = if metadata.retryable { "yes" } else { "no" };
        let what = prose(known["description"].as_str().unwrap_or_default());
        Some(vec![code(metadata.name), metadata.exit_code.to_string(), plain(&fault), retry.to_owned(), what])
    };
    table(&["code", "exit code", "fault of", "may pass by itself", "what it means"], known.filter_map(row))
}

/// What the app's own codes mean, where the declaration says so.
fn errors_of_app(integration: &Integration) -> String {
    let app_id = integration.app_id();
    let row = |rule: &ErrorRule| {
        let status = rule.http_status().map(|status| format!("HTTP status {status}"));
        let app_code =
            rule.app_code().map(|app_code| code(&format!("{app_id}.{}", app_code.to_ascii_lowercase())));
        vec![
            app_code.into_iter().chain(status).collect::<Vec<_>>().join(", "),
            code(rule.means().metadata().name),
            prose(rule.hint_text().unwrap_or_default()),
        ]
    };
    let rows: Vec<Vec<String>> = integration.error_codes().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let rows = table(&["of the app", "code", "what to do"], rows);
    format!(
        "\nWhat {} says itself stands in {}:\n\n{rows}",
        prose(&integration.description().user_friendly_name),
        code("app_error_code")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_range_is_told_where_there_is_one() {
        let told = |property: Value| range(&property);
        assert_eq!(told(json!({"minimum": 1, "maximum": 100})).as_deref(), Some("1 to 100"));
        assert_eq!(told(json!({"minimum": 0, "maximum": 9})).as_deref(), Some("at most 9"));
        assert_eq!(told(json!({"minimum": 5})).as_deref(), Some("at least 5"));
        assert_eq!(told(json!({"type": "integer", "minimum": 0})), None);
    }
}
