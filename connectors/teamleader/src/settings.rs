//! What an operator sets: where Teamleader is, who we are there, and how hard we may work.

use connector_core::Secret;
use connector_core::settings::ServerUrl;
use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use url::Url;

/// Settings of the connector. Each has a default, and an environment variable `TEAMLEADER_<NAME>`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where the API is.
    pub api_url: ServerUrl,
    /// Where people agree and where tokens come from. It is not the host of the API.
    pub auth_url: ServerUrl,
    /// Client id of the integration, from the Teamleader Marketplace.
    pub client_id: Option<String>,
    /// Client secret of the integration, from the Teamleader Marketplace.
    pub client_secret: Option<Secret>,
    // Not a `Url`: it must equal the registered one byte for byte, and parsing appends a slash to a bare host.
    /// Where people are sent back to. It must be registered with the integration, letter for letter.
    #[serde(deserialize_with = "address_as_written")]
    #[schemars(url)]
    pub redirect_uri: Option<String>,
    /// Version of the API that every request asks for, whichever version the integration was registered with.
    #[schemars(with = "Date", default = "api_version_text")]
    pub api_version: Date,
    /// Records in a page.
    #[serde(deserialize_with = "within::<1, 100, _>")]
    #[schemars(range(min = 1, max = 100))]
    pub page_size: u32,
    /// Requests in any 60 seconds; 0 sets no limit of ours. Teamleader allows 200 for each integration and account, and
    /// what its headers say is obeyed either way.
    pub requests_per_minute: u32,
    /// Seconds after which a request is given up.
    #[serde(deserialize_with = "within::<1, 600, _>")]
    #[schemars(range(min = 1, max = 600))]
    pub timeout_seconds: u32,
    /// Streams that a sync reads at the same time.
    #[serde(deserialize_with = "within::<1, 16, _>")]
    #[schemars(range(min = 1, max = 16))]
    pub concurrency: u32,
    /// Custom fields of contacts in the export `contacts`, by its columns: a field's label, or the id of its definition.
    pub export_custom_fields: ExportCustomFields,
}

/// Custom fields that fill columns of the export `contacts`. A column without one stays empty.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExportCustomFields {
    /// Number of the organisation.
    pub or_id: Option<String>,
    /// Name of the content partner, and its category.
    pub cp_name_catpro: Option<String>,
    /// Who looks after the contact.
    pub accountmanager: Option<String>,
}

const API_URL: &str = "https://api.focus.teamleader.eu";
const AUTH_URL: &str = "https://focus.teamleader.eu";
/// The newest version as of the API's changelog.
const API_VERSION: Date = date(2023, 9, 26);

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_url: ServerUrl::constant(API_URL),
            auth_url: ServerUrl::constant(AUTH_URL),
            client_id: None,
            client_secret: None,
            redirect_uri: None,
            api_version: API_VERSION,
            page_size: 100,
            requests_per_minute: 200,
            timeout_seconds: 30,
            concurrency: 4,
            export_custom_fields: ExportCustomFields::default(),
        }
    }
}

impl Settings {
    /// Address of an API call, as `companies.list`.
    pub(crate) fn api(&self, call: &str) -> Url {
        self.api_url.at(call)
    }

    /// Address at the authorization server, as `oauth2/authorize`.
    pub(crate) fn authorization_server(&self, path: &str) -> Url {
        self.auth_url.at(path)
    }
}

// As it is written: the schema shows it.
fn api_version_text() -> String {
    API_VERSION.to_string()
}

/// Holds the range that the schema promises: values that fit the type are not checked against the schema.
fn within<'de, const MIN: u32, const MAX: u32, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<u32, D::Error> {
    let value = u32::deserialize(deserializer)?;
    if (MIN..=MAX).contains(&value) {
        return Ok(value);
    }
    Err(serde::de::Error::custom(format_args!("must be from {MIN} to {MAX}")))
}

/// Holds what the schema promises, and keeps every letter.
fn address_as_written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    if text.as_deref().is_none_or(|text| Url::parse(text).is_ok()) {
        return Ok(text);
    }
    Err(serde::de::Error::custom("must be an address"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::{ErrorCode, Result, schema};
    use serde_json::{Value, json};

    fn settings(json: Value) -> Result<Settings> {
        schema::typed(json, "/settings")
    }

    fn with_api_url(url: &str) -> Settings {
        settings(json!({"api_url": url})).unwrap()
    }

    #[test]
    fn everything_has_a_default_and_the_schema_tells_it() {
        let schema = schema::schema_of::<Settings>();
        let default = |name: &str| schema["properties"][name]["default"].clone();
        assert_eq!(default("api_url"), API_URL);
        assert_eq!(default("auth_url"), AUTH_URL);
        assert_eq!(default("api_version"), "2023-09-26");
        assert_eq!(default("page_size"), 100);
        assert_eq!(default("requests_per_minute"), 200);
        assert_eq!(schema["properties"]["client_secret"]["x-secret"], true);
        assert_eq!(schema["required"], Value::Null);
        settings(json!({})).unwrap();
    }

    #[test]
    fn a_wrong_setting_is_refused_by_name() {
        for (name, value) in [
            ("page_size", json!(101)),
            ("page_size", json!(0)),
            ("concurrency", json!(17)),
            ("timeout_seconds", json!(0)),
            ("api_url", json!("teamleader")),
            ("api_version", json!("latest")),
            ("redirect_uri", json!("callback")),
            ("colour", json!("red")),
        ] {
            let error = settings(json!({name: value})).unwrap_err();
            assert!(error.message().contains(&format!("/settings/{name}")), "{error}");
        }
    }

    #[test]
    fn calls_lie_below_the_address_with_or_without_a_slash() {
        for base in ["https://api.example.com", "https://api.example.com/"] {
            let url = with_api_url(base).api("projects-v2/projects.list");
            assert_eq!(url.as_str(), "https://api.example.com/projects-v2/projects.list");
        }
        let url = with_api_url("https://example.com/proxy/?x=1").api("users.me");
        assert_eq!(url.as_str(), "https://example.com/proxy/users.me");
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let told = |base: &str| settings(json!({"api_url": base}));
        for base in ["http://127.0.0.1:80", "http://localhost:8080", "http://[::1]:1", "http://api.localhost"]
        {
            assert!(told(base).is_ok(), "{base}");
        }
        for base in ["http://api.example.com", "http://127.0.0.1.example.com", "ftp://localhost", "data:x"] {
            let error = told(base).unwrap_err();
            assert_eq!((error.code(), error.exit_code()), (ErrorCode::InvalidValue, 64), "{base}");
        }
        assert!(told("https://user:hunter2@example.com").is_err(), "secrets have settings of their own");
    }
}
