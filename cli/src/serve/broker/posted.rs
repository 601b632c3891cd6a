//! What a request brings in its body.

use std::convert::Infallible;
use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use connector_core::{ConnectorError, ErrorCode};
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// A JSON object, or why there is none. What is wrong with it is told after it is known who asks.
pub(super) struct Posted(Result<Map<String, Value>, Refusal>);

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        Ok(Self(match Bytes::from_request(request, state).await {
            Ok(bytes) => object(&bytes),
            Err(rejection) => {
                let error = ConnectorError::new(ErrorCode::BadRequest, "the body cannot be read");
                Err(Refusal::new(rejection.status(), "invalid_request", error))
            }
        }))
    }
}

/// The error of the JSON would quote what it cannot read, and there are tokens in it.
fn object(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice::<Unambiguous>(bytes).map(|object| object.0).map_err(|_| {
        let message = "the body must be a JSON object, with each name once";
        Refusal::invalid_request(ConnectorError::new(ErrorCode::BadRequest, message))
    })
}

/// An object that has each name once. Two readers of one that has a name twice may take different values for it.
struct Unambiguous(Map<String, Value>);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachOnce)
    }
}

struct EachOnce;

impl<'de> Visitor<'de> for EachOnce {
    type Value = Unambiguous;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with each name once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unambiguous, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = members.next_entry::<String, Value>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is there twice"));
            }
        }
        Ok(Unambiguous(object))
    }
}

impl Posted {
    /// The connection, where the body names one.
    pub(super) fn connection(&mut self) -> Option<String> {
        match self.0.as_mut().ok()?.remove("connection")? {
            Value::String(name) => Some(name),
            // Of another type: nothing has that name.
            _ => Some(String::new()),
        }
    }

    /// The body as what a route takes; `expected` says in words what that is.
    pub(super) fn read<T: DeserializeOwned>(self, expected: &'static str) -> Result<T, Refusal> {
        let mut object = self.0?;
        // `null` says the same as absence.
        object.retain(|_, value| !value.is_null());
        serde_json::from_value(Value::Object(object)).map_err(|_| {
            let error =
                ConnectorError::new(ErrorCode::InvalidValue, format!("the body must have {expected}"));
            Refusal::invalid_request(error)
        })
    }
}

/// A list of texts, or one text with spaces between, as OAuth has it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Several {
    List(Vec<String>),
    Text(String),
}

impl Several {
    pub(super) fn into_list(self) -> Vec<String> {
        match self {
            Self::List(list) => list,
            Self::Text(text) => text.split_whitespace().map(ToOwned::to_owned).collect(),
        }
    }
}

impl Default for Several {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_there_twice_is_refused() {
        assert_eq!(object(br#"{"a": 1, "b": {"a": 2}}"#).unwrap().len(), 2);
        for body in
            [r#"{"refresh_token":"one","refresh_token":"two"}"#, r#"{"a":1,"\u0061":2}"#, "[]", "1", "{"]
        {
            let refusal = object(body.as_bytes()).unwrap_err();
            assert_eq!(refusal.code, "invalid_request", "{body}");
        }
    }
}
