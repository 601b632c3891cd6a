//! The JSON Schema of a stream's records and of lists of them, generated when it is first asked for.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::StreamDeclaration;
use crate::schema;

pub(crate) fn record_schema(declaration: &StreamDeclaration) -> Value {
    let mut generator = schema::output_generator();
    let record = declaration.schema.schema(&mut generator).to_value();
    schema::inline(record, &mut generator)
}

/// The schema of a stream's records as text, generated when it is first asked for: `info` shows it in three places.
#[derive(Clone, Default)]
pub(crate) struct RecordSchema(Arc<OnceLock<Box<RawValue>>>);

impl RecordSchema {
    pub(crate) fn of(&self, declaration: &StreamDeclaration) -> &RawValue {
        self.0.get_or_init(|| schema::text(&record_schema(declaration)))
    }
}

/// The schema of a list of these records. Definitions that its records refer to move up to where the references look.
pub(super) fn list_schema(record: &RawValue) -> Box<RawValue> {
    #[derive(Serialize)]
    struct List<'a> {
        r#type: &'a str,
        items: &'a RawValue,
    }
    if !record.get().contains("\"$defs\"") {
        return schema::text(&List { r#type: "array", items: record });
    }
    let mut record: Value = serde_json::from_str(record.get()).unwrap_or_default();
    let definitions = record.as_object_mut().and_then(|record| record.remove("$defs"));
    schema::text(&json!({"type": "array", "items": record, "$defs": definitions}))
}
