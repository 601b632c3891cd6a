//! Documents that hold secrets, as the key file of a service account.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Secret;

/// A JSON object of which no part may be seen: kept as one secret text, and read member by member.
///
/// ```
/// use connector_core::auth::SecretDocument;
///
/// let key: SecretDocument = serde_json::from_str(r#"{"client_email":"robot@example.com"}"#)?;
/// assert_eq!(key.member("client_email").unwrap().expose(), "robot@example.com");
/// assert!(!format!("{key:?}").contains("robot"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct SecretDocument(Secret);

impl SecretDocument {
    /// A member that is a text.
    pub fn member(&self, name: &str) -> Option<Secret> {
        let mut document: Map<String, Value> = serde_json::from_str(self.0.expose()).ok()?;
        match document.remove(name)? {
            Value::String(text) => Some(Secret::new(text)),
            _ => None,
        }
    }

    /// The whole document as JSON.
    pub fn json(&self) -> &Secret {
        &self.0
    }
}

impl fmt::Debug for SecretDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for SecretDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Map::<String, Value>::deserialize(deserializer)?;
        Ok(Self(Secret::new(Value::Object(document).to_string())))
    }
}

impl JsonSchema for SecretDocument {
    fn schema_name() -> Cow<'static, str> {
        "SecretDocument".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "x-secret": true })
    }
}
