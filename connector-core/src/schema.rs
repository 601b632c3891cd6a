//! JSON Schema: typed values out of untyped ones, with messages that name the field and never show the value.

pub mod hint;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

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

/// A schema as text.
pub(crate) fn text(schema: &impl serde::Serialize) -> Box<RawValue> {
    to_raw_value(schema).expect("a schema has texts for keys and nothing else that JSON cannot hold")
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

/// The same for a value that was not held against its schema before, as a request is.
///
/// serde takes the list `["x"]` for an object with one field, so that a value with lists in it pays for a validator.
pub(crate) fn strictly_typed<T: DeserializeOwned + JsonSchema>(value: Value, at: &str) -> Result<T> {
    if holds_list(&value) {
        check(&schema_of::<T>(), &value, at)?;
    }
    typed(value, at)
}

fn holds_list(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => fields.values().any(holds_list),
        _ => false,
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
        Some(error) => Err(explain(&error, value, at)),
    }
}

/// `root` is the value that was checked.
fn explain(error: &ValidationError<'_>, root: &Value, at: &str) -> ConnectorError {
    let path = pointer(at, error.instance_path().as_str());
    let refuse = |code, message: String| ConnectorError::new(code, message);
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let field = pointer(&path, &format!("/{}", unexpected.first().map_or("", String::as_str)));
            refuse(ErrorCode::UnknownValue, format!("{field} is not known here"))
                .hint("`info` lists what the capability takes")
        }
        // An object that takes no fields at all.
        ValidationErrorKind::FalseSchema => {
            let object = root.pointer(error.instance_path().as_str()).and_then(Value::as_object);
            let first = object.and_then(|fields| fields.keys().next());
            let field = pointer(&path, &format!("/{}", first.map_or("", String::as_str)));
            refuse(ErrorCode::UnknownValue, format!("{field} is not known here"))
                .hint("`info` lists what the capability takes")
        }
        ValidationErrorKind::Required { property } => {
            let field = pointer(&path, &format!("/{}", property.as_str().unwrap_or_default()));
            refuse(ErrorCode::BadRequest, format!("{field} is missing"))
        }
        ValidationErrorKind::Enum { options } => one_of(&path, options.as_array().into_iter().flatten()),
        ValidationErrorKind::Constant { expected_value } => one_of(&path, [&**expected_value]),
        ValidationErrorKind::Type { kind } => {
            let expected = match kind {
                TypeKind::Single(expected) => expected.to_string(),
                TypeKind::Multiple(expected) => {
                    expected.iter().map(|expected| expected.to_string()).collect::<Vec<_>>().join(" or ")
                }
            };
            refuse(ErrorCode::InvalidValue, format!("{path} must be of type {expected}"))
        }
        ValidationErrorKind::Format { format } => {
            refuse(ErrorCode::InvalidValue, format!("{path} must be a {format}"))
        }
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MinItems { .. } => {
            refuse(ErrorCode::InvalidValue, format!("{path} must not be empty"))
        }
        ValidationErrorKind::Minimum { limit } => {
            refuse(ErrorCode::InvalidValue, format!("{path} must be at least {limit}"))
        }
        ValidationErrorKind::Maximum { limit } => {
            refuse(ErrorCode::InvalidValue, format!("{path} must be at most {limit}"))
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            explain_choice(context, &path, root, at)
        }
        _ => refuse(ErrorCode::InvalidValue, format!("{path} does not have the form that is expected")),
    }
}

/// Why none of several forms fits: the form that fits best tells, which is the one whose fault lies deepest.
fn explain_choice(forms: &[Vec<ValidationError<'_>>], path: &str, root: &Value, at: &str) -> ConnectorError {
    let faults: Vec<&ValidationError<'_>> =
        forms.iter().flatten().filter(|fault| !is_about_null(fault)).collect();
    let depth = |fault: &ValidationError<'_>| fault.instance_path().as_str().matches('/').count();
    let is_list = !faults.is_empty()
        && faults.iter().all(|fault| matches!(fault.kind(), ValidationErrorKind::Constant { .. }));
    if is_list {
        let values = faults.iter().filter_map(|fault| match fault.kind() {
            ValidationErrorKind::Constant { expected_value } => Some(&**expected_value),
            _ => None,
        });
        return one_of(path, values);
    }
    // An unknown name says less than what is wrong with a name that is known.
    let says_more = |fault: &ValidationError<'_>| {
        !matches!(
            fault.kind(),
            ValidationErrorKind::AdditionalProperties { .. } | ValidationErrorKind::Required { .. }
        )
    };
    match faults.into_iter().max_by_key(|fault| (depth(fault), says_more(fault))) {
        Some(fault) => explain(fault, root, at),
        None => ConnectorError::new(
            ErrorCode::InvalidValue,
            format!("{path} does not have the form that is expected"),
        ),
    }
}

/// `null` is a form of everything optional; nobody who sent something else meant it.
fn is_about_null(fault: &ValidationError<'_>) -> bool {
    matches!(fault.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(expected) } if expected.to_string() == "null")
}

fn one_of<'a>(path: &str, values: impl IntoIterator<Item = &'a Value>) -> ConnectorError {
    let values: Vec<String> = values.into_iter().map(Value::to_string).collect();
    ConnectorError::new(ErrorCode::UnknownValue, format!("{path} must be one of {}", values.join(", ")))
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
        let (code, message) = refused(json!({"id": "a", "mode": "s3cret"}));
        assert_eq!(code, ErrorCode::UnknownValue);
        assert!(
            message.contains("\"full\"") && message.contains("/request/mode") && !message.contains("s3cret"),
            "{message}"
        );
    }

    #[test]
    fn a_list_is_not_taken_for_an_object() {
        let error = strictly_typed::<crate::Auth>(json!({"oauth": ["s3cret"]}), "/auth").unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (ErrorCode::InvalidValue, "/auth/oauth must be of type object")
        );
    }

    #[test]
    fn a_field_of_an_object_that_takes_none_is_named() {
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        let error = typed::<Nothing>(json!({"colour": 1}), "/request").unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (ErrorCode::UnknownValue, "/request/colour is not known here")
        );
    }

    #[test]
    fn a_fault_inside_one_of_several_forms_is_named_where_it_is() {
        let message = |value| typed::<crate::Auth>(value, "/auth").unwrap_err().message().to_owned();
        assert_eq!(message(json!({"oauth": {}})), "/auth/oauth/access_token is missing");
        assert_eq!(
            message(json!({"oauth": {"access_token": 5}})),
            "/auth/oauth/access_token must be of type string"
        );
        assert!(message(json!({"token": {"token": "s3cret"}, "x": 1})).starts_with("/auth"));
        let envelope =
            |value| typed::<crate::envelope::RequestEnvelope>(value, "").unwrap_err().message().to_owned();
        assert_eq!(envelope(json!({"page": {"token": 5}})), "/page/token must be of type null or string");
        assert!(envelope(json!({"page": {"size": -1}})).starts_with("/page/size must be"));
    }
}
