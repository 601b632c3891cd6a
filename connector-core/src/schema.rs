//! JSON Schema: typed values out of untyped ones, with messages that name the field and never show the value.

mod explain;
pub mod hint;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::error::{ConnectorError, ErrorCode, Result};
use explain::{explain, pointer, unfit};

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
/// What a `Deserialize` of one's own refuses with a sentence that begins with `must` is said as it is: such sentences are
/// for people, while those of libraries repeat the value.
///
/// # Errors
/// As [`check`]. `at` is the JSON pointer of the value.
#[expect(clippy::needless_pass_by_value, reason = "a value that was typed is spent")]
pub fn typed<T: DeserializeOwned + JsonSchema>(value: Value, at: &str) -> Result<T> {
    match serde_path_to_error::deserialize(&value) {
        Ok(typed) => Ok(typed),
        Err(error) => {
            let below = pointer("", &format!("/{}", error.path().to_string().replace('.', "/")));
            let path = pointer(at, &below);
            let why = error.inner().to_string();
            if why.starts_with("must ") && !repeats(&why, value.pointer(&below).unwrap_or(&value)) {
                return Err(ConnectorError::new(ErrorCode::InvalidValue, format!("{path} {why}")).at(path));
            }
            check(&schema_of::<T>(), &value, at)?;
            Err(unfit(&path))
        }
    }
}

/// Whether a sentence has the value, or a part of it, in it. What is shorter than five characters is in many.
fn repeats(sentence: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() >= 5 && sentence.contains(text.as_str()),
        Value::Array(items) => items.iter().any(|item| repeats(sentence, item)),
        Value::Object(fields) => fields.values().any(|field| repeats(sentence, field)),
        _ => false,
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

    #[test]
    fn a_kind_that_does_not_exist_is_answered_with_those_that_do() {
        let refused = |value| typed::<crate::Auth>(value, "/auth").unwrap_err();
        let error = refused(json!({"foo": {}}));
        assert_eq!((error.code(), error.pointer()), (ErrorCode::UnknownValue, Some("/auth")));
        for kind in ["oauth", "token", "basic", "stored"] {
            assert!(error.message().contains(kind), "{error}");
        }
        assert_eq!(refused(json!({})).code(), ErrorCode::BadRequest);
        // Of a kind that is known, what is wrong with it is said.
        assert_eq!(refused(json!({"token": {}})).pointer(), Some("/auth/token/token"));
    }

    #[test]
    fn the_words_of_a_type_reach_the_reader_unless_they_repeat_the_value() {
        #[derive(Debug)]
        struct Even;
        impl<'de> Deserialize<'de> for Even {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Err(serde::de::Error::custom(match text.as_str() {
                    "careful" => "must be even".to_owned(),
                    text => format!("must be even, and not {text}"),
                }))
            }
        }
        impl JsonSchema for Even {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                "Even".into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string"})
            }
        }
        #[derive(Debug, Deserialize, JsonSchema)]
        struct Numbers {
            #[serde(rename = "first")]
            _first: Even,
        }
        let refused = |text| typed::<Numbers>(json!({"first": text}), "/settings").unwrap_err();
        assert_eq!(refused("careful").message(), "/settings/first must be even");
        assert!(!refused("hunter2").message().contains("hunter2"));
        assert_eq!(refused("hunter2").pointer(), Some("/settings/first"));
    }
}
