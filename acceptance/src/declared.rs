//! What a connector says about itself in `info`, as far as the checks build on it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The `response` of `info`, read leniently: what is wrong with it is for the check of `info` to tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declared {
    pub(crate) app_id: String,
    pub(crate) capabilities: Vec<String>,
    schemas: BTreeMap<String, Map<String, Value>>,
    pub(crate) authentication: Value,
    pub(crate) settings: Value,
    pub(crate) streams: Vec<Stream>,
    pub(crate) whole: Value,
}

/// An entry of `streams`.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) key: Vec<String>,
    pub(crate) table: String,
    pub(crate) list: Option<String>,
    pub(crate) get: Option<String>,
    /// Of a record.
    pub(crate) schema: Value,
}

/// Capabilities of the framework that work on the whole: they have checks of their own.
const ENGINE: [&str; 3] = ["sync", "verify", "retry_rejects"];

const OAUTH: [&str; 4] = [
    "get_authorization_url",
    "handle_authorization_callback",
    "handle_client_credentials_request",
    "refresh_access_token",
];

impl Declared {
    pub(crate) fn of(response: Value) -> Self {
        let texts = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let capabilities = texts(&response["capabilities"]);
        let named = |name: String| capabilities.contains(&name).then_some(name);
        let streams = response["streams"].as_array().into_iter().flatten().filter_map(|stream| {
            let name = text(&stream["name"])?;
            Some(Stream {
                key: texts(&stream["primary_key"]),
                table: text(&stream["table"]).unwrap_or_else(|| name.clone()),
                list: text(&stream["list"]).or_else(|| named(format!("list_{name}"))),
                get: text(&stream["get"]),
                schema: stream["schema"].clone(),
                name,
            })
        });
        let schemas = response["capability_schema"].as_object().into_iter().flatten();
        Self {
            app_id: text(&response["app_id"]).unwrap_or_default(),
            streams: streams.collect(),
            schemas: schemas
                .filter_map(|(name, entry)| Some((name.clone(), entry.as_object()?.clone())))
                .collect(),
            authentication: response["authentication_schema"].clone(),
            settings: response["request_settings_schema"].clone(),
            capabilities,
            whole: response,
        }
    }

    pub(crate) fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|name| name == capability)
    }

    /// Schema of a capability's request.
    pub(crate) fn argument(&self, capability: &str) -> &Value {
        self.schemas.get(capability).and_then(|entry| entry.get("argument")).unwrap_or(&Value::Null)
    }

    /// Schema of its response.
    pub(crate) fn output(&self, capability: &str) -> &Value {
        self.schemas.get(capability).and_then(|entry| entry.get("output")).unwrap_or(&Value::Null)
    }

    /// Whether it changes something in the app.
    pub(crate) fn writes(&self, capability: &str) -> bool {
        self.schemas
            .get(capability)
            .is_some_and(|entry| entry.get("effect").is_some_and(|effect| effect == "write"))
    }

    /// Whether it answers with secrets: a field of its output says so.
    pub(crate) fn tells_secrets(&self, capability: &str) -> bool {
        OAUTH.contains(&capability) || self.output(capability).to_string().contains("\"x-secret\":true")
    }

    /// What it does for the app itself, neither the engine's work nor OAuth.
    pub(crate) fn is_of_the_app(capability: &str) -> bool {
        capability != "info" && !ENGINE.contains(&capability) && !OAUTH.contains(&capability)
    }

    /// Capabilities that answer with a list.
    pub(crate) fn lists(&self) -> Vec<String> {
        let is_list = |name: &&String| {
            let listed = self.streams.iter().any(|stream| stream.list.as_ref() == Some(name));
            (listed || name.starts_with("list_")) && self.output(name)["type"] == "array"
        };
        self.capabilities.iter().filter(is_list).cloned().collect()
    }

    /// The stream that a capability lists.
    pub(crate) fn stream_of(&self, list: &str) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.list.as_deref() == Some(list))
    }

    /// The list whose records a capability gets one of.
    pub(crate) fn list_for(&self, get: &str) -> Option<&str> {
        let told = self.streams.iter().find(|stream| stream.get.as_deref() == Some(get));
        if let Some(stream) = told {
            return stream.list.as_deref();
        }
        let plural = format!("list_{}s", get.strip_prefix("get_")?);
        self.capabilities.iter().find(|name| **name == plural).map(String::as_str)
    }

    /// All scopes: a list of them, or as many connectors have it, what each capability needs, by its name.
    pub(crate) fn scopes(&self) -> Vec<&str> {
        let mut scopes: Vec<&str> = match &self.whole["oauth_scopes"] {
            Value::Array(scopes) => scopes.iter().filter_map(Value::as_str).collect(),
            Value::Object(needed) => {
                needed.values().filter_map(Value::as_str).flat_map(str::split_whitespace).collect()
            }
            _ => Vec::new(),
        };
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    /// Whether calls need credentials: some kind is declared.
    pub(crate) fn takes_auth(&self) -> bool {
        match self.authentication["oneOf"].as_array() {
            // A connection of the vault is no kind of its own.
            Some(kinds) => kinds.iter().any(|kind| kind["properties"]["stored"].is_null()),
            None => self.authentication.as_object().is_some_and(|schema| !schema.is_empty()),
        }
    }
}
