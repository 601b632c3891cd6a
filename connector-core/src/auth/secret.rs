//! Texts that must not be seen.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that must not be seen: masked in `Debug`, zeroized when dropped, never serialized by accident.
///
/// ```
/// let secret = connector_core::Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "********");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself. Every call of this is a place to look at in a review.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// For `#[serde(serialize_with = …)]` on answers whose very purpose is to hand the secret to the caller.
    pub fn serialize_exposed<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.expose().serialize(serializer)
    }

    /// The same for an optional secret.
    #[expect(clippy::ref_option, reason = "serde calls serialize_with with a reference to the field")]
    pub fn serialize_exposed_option<S: Serializer>(
        secret: &Option<Self>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Self::expose).serialize(serializer)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-secret": true, "x-field_type": "SECRET" })
    }
}
