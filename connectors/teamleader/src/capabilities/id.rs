//! Ids in requests.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// An id. Whether it has the right form is Teamleader's to say: its ids are not of the versions that RFC 9562 knows.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Id(#[schemars(length(min = 1))] String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        if id.is_empty() {
            return Err(D::Error::custom("an id must not be empty"));
        }
        Ok(Self(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::{ErrorCode, schema};
    use serde_json::json;

    #[test]
    fn an_empty_id_is_refused_and_any_other_is_taken_as_it_is() {
        let error = schema::typed::<Id>(json!(""), "/request/id").unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue);
        assert_eq!(error.message(), "/request/id must not be empty");
        assert_eq!(
            schema::typed::<Id>(json!("af48fe9e-d44c-0eac-8813-8be051b10921"), "/id").unwrap().0.len(),
            36
        );
    }
}
