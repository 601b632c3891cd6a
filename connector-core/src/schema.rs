//! JSON Schema: typed values out of untyped ones, with messages that name the field and never show the value.

use jsonschema::error::ValidationErrorKind;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{ConnectorError, ErrorCode, Result};

/// The JSON Schema of a type as values for it are written.
pub fn schema_of<T: JsonSchema>() -> Value {
    generator().into_root_schema_for::<T>().to_value()
}

/// The JSON Schema of a type as values of it are read back from an answer.
pub fn output_schema_of<T: JsonSchema>() -> Value {
    output_generator().into_root_schema_for::<T>().to_value()
}

pub(crate) fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None).into_generator()
}

pub(crate) fn output_generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.meta_schema = None)
        .for_serialize()
        .into_generator()
}

/// A schema with the definitions that it refers to under `$defs`, so that it stands for itself.
pub(crate) fn inline(mut schema: Value, generator: &mut SchemaGenerator) -> Value {
    let definitions: serde_json::Map<String, Value> = generator.take_definitions(true);
    // A type that is itself a definition comes as a reference: put the definition in its place.
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/"))
        && let Some(definition) = definitions.get(name)
    {
        schema = definition.clone();
    }
    if let (Some(object), false) = (schema.as_object_mut(), definitions.is_empty()) {
        object.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

/// A value as a type.
///
/// Values that fit pay for no validator (2 ms); only for one that does not is a schema compiled, to say what is wrong.
///
/// # Errors
/// As [`check`]. `at` is the JSON pointer of the value.
#[expect(clippy::needless_pass_by_value, reason = "a value that was typed is spent")]
pub fn typed<T: DeserializeOwned + JsonSchema>(value: Value, at: &str) -> Result<T> {
    match serde_path_to_error::deserialize(&value) {
        Ok(typed) => Ok(typed),
        Err(error) => {
            check(&schema_of::<T>(), &value, at)?;
            let path = pointer(at, &format!("/{}", error.path().to_string().replace('.', "/")));
            Err(ConnectorError::new(
                ErrorCode::InvalidValue,
                format!("{path} does not have the form that is expected"),
            ))
        }
    }
}

/// Checks a value against a schema.
///
/// # Errors
/// `unknown_value` for unknown fields and values outside a list, `bad_request` for an absent field,
/// `invalid_value` for everything else. The message has the JSON pointer and what was expected, never the value.
pub fn check(schema: &Value, value: &Value, at: &str) -> Result<()> {
    let validator = jsonschema::options().should_validate_formats(true).build(schema).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "a schema of the connector is not valid")
            .source(error.to_string())
    })?;
    match validator.iter_errors(value).next() {
        None => Ok(()),
        Some(error) => Err(explain(&error, at)),
    }
}

fn explain(error: &jsonschema::ValidationError<'_>, at: &str) -> ConnectorError {
    let path = pointer(at, error.instance_path().as_str());
    let list = |values: &Value| match values.as_array() {
        Some(values) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
        None => values.to_string(),
    };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let field = pointer(&path, &format!("/{}", unexpected.first().map_or("", String::as_str)));
            ConnectorError::new(ErrorCode::UnknownValue, format!("{field} is not known here"))
                .hint("`info` lists what the capability takes")
        }
        ValidationErrorKind::Required { property } => {
            let field = pointer(&path, &format!("/{}", property.as_str().unwrap_or_default()));
            ConnectorError::new(ErrorCode::BadRequest, format!("{field} is missing"))
        }
        ValidationErrorKind::Enum { options } => {
            ConnectorError::new(ErrorCode::UnknownValue, format!("{path} must be one of {}", list(options)))
        }
        ValidationErrorKind::Type { kind } => {
            use jsonschema::error::TypeKind;
            let expected = match kind {
                TypeKind::Single(expected) => expected.to_string(),
                TypeKind::Multiple(expected) => {
                    expected.iter().map(|expected| expected.to_string()).collect::<Vec<_>>().join(" or ")
                }
            };
            ConnectorError::new(ErrorCode::InvalidValue, format!("{path} must be of type {expected}"))
        }
        ValidationErrorKind::Format { format } => {
            ConnectorError::new(ErrorCode::InvalidValue, format!("{path} must be a {format}"))
        }
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MinItems { .. } => {
            ConnectorError::new(ErrorCode::InvalidValue, format!("{path} must not be empty"))
        }
        ValidationErrorKind::Minimum { limit } => {
            ConnectorError::new(ErrorCode::InvalidValue, format!("{path} must be at least {limit}"))
        }
        ValidationErrorKind::Maximum { limit } => {
            ConnectorError::new(ErrorCode::InvalidValue, format!("{path} must be at most {limit}"))
        }
        _ => ConnectorError::new(
            ErrorCode::InvalidValue,
            format!("{path} does not have the form that is expected"),
        ),
    }
}

fn pointer(at: &str, below: &str) -> String {
    let path = format!("{}{}", at.trim_end_matches('/'), below.trim_end_matches('/'));
    if path.is_empty() { "/".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Request {
        #[serde(rename = "id")]
        _id: String,
        #[serde(rename = "mode")]
        _mode: Option<Mode>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Full,
        Incremental,
    }

    fn refused(value: Value) -> (ErrorCode, String) {
        let error = typed::<Request>(value, "/request").unwrap_err();
        (error.code(), error.message().to_owned())
    }

    #[test]
    fn a_message_names_the_field_and_what_was_expected_and_never_the_value() {
        assert_eq!(refused(json!({"id": 12345})).0, ErrorCode::InvalidValue);
        assert!(refused(json!({"id": 12345})).1.contains("/request/id must be of type string"));
        assert_eq!(refused(json!({})), (ErrorCode::BadRequest, "/request/id is missing".into()));
        let (code, message) = refused(json!({"id": "a", "colour": "s3cret"}));
        assert_eq!(code, ErrorCode::UnknownValue);
        assert!(message.contains("/request/colour") && !message.contains("s3cret"));
        let (_, message) = refused(json!({"id": "a", "mode": "s3cret"}));
        assert!(message.contains("/request/mode") && !message.contains("s3cret"), "{message}");
    }
}
