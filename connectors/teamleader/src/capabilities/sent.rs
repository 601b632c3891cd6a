//! Answers that are passed on as they were sent.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::resources;

/// An object as Teamleader sent it, with the schema of `T`: fields that Teamleader adds reach the caller, and numbers
/// keep their digits. As with records of streams, no field is promised.
pub(crate) struct Sent<T> {
    object: Box<RawValue>,
    described_by: PhantomData<fn() -> T>,
}

impl<T> From<Box<RawValue>> for Sent<T> {
    fn from(object: Box<RawValue>) -> Self {
        Self { object, described_by: PhantomData }
    }
}

impl<T> Serialize for Sent<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.object.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Sent<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        resources::record::<T>(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}
