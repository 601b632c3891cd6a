//! The integration of a load: one stream, known only now.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use connector_core::integration::{DeclarationError, Integration};
use connector_core::stream::{PageRequest, Paging, SchemaSource, Stream, Walk};
use connector_core::{Call, ConnectorError, ErrorCode, Result};
use schemars::{JsonSchema, Schema, json_schema};
use serde::Deserialize;
use serde_json::Value;

use super::APP_ID;
use super::input::Input;

/// Largest schema that is read, in bytes.
const LARGEST_SCHEMA: u64 = 4 << 20;

/// Longest name of a stream: with `list_` in front it is a capability's.
const LONGEST_STREAM: usize = 58;

/// There is nothing to set.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
struct Settings {}

/// What is known of the records.
pub(super) struct Declared {
    stream: &'static str,
    key: &'static [&'static str],
    schema: Schema,
}

impl Declared {
    pub(super) fn new(stream: &str, key: &[String], schema: Option<&Path>) -> Result<Self> {
        if stream.len() > LONGEST_STREAM {
            return Err(bad_stream());
        }
        let key: Vec<&'static str> = key.iter().map(|field| leak(field)).collect();
        let schema = schema.map_or_else(|| Ok(json_schema!({"type": "object"})), read_schema)?;
        Ok(Self { stream: leak(stream), key: Vec::leak(key), schema })
    }

    /// The integration that reads the input.
    pub(super) fn integration(self, input: Arc<Input>, complete: bool) -> Result<Integration> {
        let read = move |_: Call<Settings>, _: PageRequest| {
            let input = Arc::clone(&input);
            async move { input.next().await }
        };
        let Self { stream, key, schema } = self;
        let stream =
            Stream::with_schema(stream, stream, SchemaSource::Given(schema), read).declare(|declared| {
                declared.key = key;
                declared.paging = Paging::Token { largest: u32::MAX };
                declared.walk = Walk::Feed { complete };
            });
        let integration = Integration::builder::<Settings>(APP_ID, connector_core::VERSION);
        integration.name("Load").streams([stream]).build().map_err(refused)
    }
}

/// Names of streams and keys live as long as the program: there is one load in it.
fn leak(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}

fn bad_stream() -> ConnectorError {
    ConnectorError::new(
        ErrorCode::InvalidValue,
        "--stream must be snake_case: lower-case letters, digits and single underscores, a letter first, and at most \
         58 of them",
    )
}

fn refused(error: DeclarationError) -> ConnectorError {
    match error {
        DeclarationError::BadKey { why, .. } => {
            let message = format!("--key names a field that cannot be part of a key: {why}");
            ConnectorError::new(ErrorCode::InvalidValue, message)
        }
        DeclarationError::BadName { .. } => bad_stream(),
        DeclarationError::Reserved { why, instead, .. } => {
            let message = format!("--stream names what is taken, since {why}");
            ConnectorError::new(ErrorCode::InvalidValue, message).hint(format!("use `{instead}`"))
        }
        other => ConnectorError::new(ErrorCode::InternalError, "the load cannot be declared").source(other),
    }
}

fn read_schema(file: &Path) -> Result<Schema> {
    let refuse =
        |message: String| ConnectorError::new(ErrorCode::InvalidValue, format!("--schema-file: {message}"));
    let mut text = String::new();
    let opened =
        File::open(file).map_err(|error| refuse(format!("{} cannot be read: {error}", file.display())))?;
    let read = opened.take(LARGEST_SCHEMA + 1).read_to_string(&mut text);
    let read = read.map_err(|error| refuse(format!("{} cannot be read: {error}", file.display())))?;
    if read as u64 > LARGEST_SCHEMA {
        return Err(refuse("the schema is larger than 4 MiB".to_owned()));
    }
    let schema: Value = serde_json::from_str(&text).map_err(|error| {
        refuse(format!("not valid JSON (line {}, column {})", error.line(), error.column()))
    })?;
    if !schema.get("properties").is_some_and(Value::is_object) {
        return Err(refuse(
            "a JSON Schema of an object is wanted, with its fields under /properties".to_owned(),
        ));
    }
    Schema::try_from(schema).map_err(|_| refuse("no JSON Schema".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::ending::Expected;
    use super::*;

    fn integration(stream: &str, key: &[&str]) -> Result<Integration> {
        let key: Vec<String> = key.iter().map(|field| (*field).to_owned()).collect();
        let input = Input::start(std::io::empty(), Expected::default())?;
        Declared::new(stream, &key, None)?.integration(input, false)
    }

    #[test]
    fn a_key_may_have_any_name_that_a_column_can_have() {
        let keys: [&[&str]; 3] = [&["id"], &["Order \"No\"; DROP TABLE x", "línea"], &["select", "from"]];
        for key in keys {
            assert_eq!(integration("things", key).unwrap().streams().next().unwrap().key, key);
        }
        let long = "x".repeat(64);
        for key in [&["_doc"][..], &[""], &["a\0b"], &["id", "ID"], &[&long]] {
            let error = integration("things", key).err().unwrap();
            assert_eq!(error.exit_code(), 64, "{key:?}: {error}");
            assert!(error.message().starts_with("--key "), "{error}");
        }
    }

    #[test]
    fn a_stream_has_a_name_that_needs_no_quotes() {
        for name in ["Things", "x; DROP TABLE y", "", "1st", &"x".repeat(59)] {
            let error = integration(name, &["id"]).err().unwrap();
            assert!(error.message().starts_with("--stream must be snake_case"), "{name}: {error}");
        }
        assert!(integration(&"x".repeat(58), &["id"]).is_ok());
        for (name, free) in [("connector_audit", "use `audit`"), ("sqlite_x", "use `x`")] {
            let error = integration(name, &["id"]).err().unwrap();
            assert_eq!((error.code(), error.hint_text()), (ErrorCode::InvalidValue, Some(free)), "{error:?}");
        }
    }

    #[test]
    fn what_is_no_schema_of_an_object_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for text in ["", "[]", "true", r#"{"type":"string"}"#, r#"{"properties":[]}"#] {
            std::fs::write(file.path(), text).unwrap();
            let error = read_schema(file.path()).unwrap_err();
            assert!(error.message().starts_with("--schema-file: "), "{text}: {error}");
        }
        std::fs::write(file.path(), r#"{"properties":{"id":{"type":"integer"}}}"#).unwrap();
        assert!(read_schema(file.path()).is_ok());
    }
}
