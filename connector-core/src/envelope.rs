//! Envelopes: the JSON around every request and every answer.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::error::{ConnectorError, ErrorCode, Result};
use crate::rate_limit::{RateLimitRequest, RateLimitResponse};
use crate::schema;

/// A request as any door receives it. Every part is optional, unknown keys are ignored.
#[derive(Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct RequestEnvelope {
    /// What is asked of the capability.
    pub request: Map<String, Value>,
    /// One kind of credential.
    pub auth: Option<Map<String, Value>>,
    /// Several credentials, for integrations that need more than one.
    pub credentials: Vec<Value>,
    /// Settings of the connector.
    pub settings: Map<String, Value>,
    /// Which page of a list.
    pub page: Option<PageRequestEnvelope>,
    /// Whether to add the app's untouched answer.
    pub include_raw_data: bool,
    /// What the caller knows of the app's rate limit, and how long it waits.
    pub rate_limit: Option<RateLimitRequest>,
    /// When the caller waits no longer, counted from when the envelope was read.
    #[serde(skip)]
    #[schemars(skip)]
    pub deadline: Option<Instant>,
}

/// Which page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct PageRequestEnvelope {
    /// The token of the previous answer's page; absent for the first page.
    pub token: Option<String>,
    /// Records in a page; at most what the app allows.
    #[schemars(range(min = 1))]
    pub size: Option<u32>,
}

/// Only what is no secret in any envelope.
impl fmt::Debug for RequestEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestEnvelope")
            .field("page", &self.page)
            .field("include_raw_data", &self.include_raw_data)
            .finish_non_exhaustive()
    }
}

impl RequestEnvelope {
    /// Reads an envelope.
    ///
    /// # Errors
    /// `bad_request` for text that is no JSON object, `invalid_value` for a part of another type, by JSON pointer.
    pub fn parse(json: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(json).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            ConnectorError::new(ErrorCode::BadRequest, format!("the request is not valid JSON ({place})"))
                .hint("pass one JSON object, such as '{\"request\":{}}'")
        })?;
        let Value::Object(mut object) = value else {
            return Err(ConnectorError::new(ErrorCode::BadRequest, "the request must be a JSON object"));
        };
        // `null` says the same as absence: callers that serialize empty fields send it.
        object.retain(|_, part| !part.is_null());
        // serde would take a list of a token and a size.
        if object.get("page").is_some_and(Value::is_array) {
            return Err(ConnectorError::new(ErrorCode::InvalidValue, "/page must be of type object"));
        }
        for part in ["auth", "credentials"] {
            if let Some(part) = object.get_mut(part) {
                forget_empty_kinds(part);
            }
        }
        if let Some(Value::Object(auth)) = object.get_mut("auth") {
            // Credentials of a list have ids; this one stands alone.
            auth.remove("id");
            auth.remove("empty");
            if auth.is_empty() {
                object.remove("auth");
            }
        }
        let mut envelope: Self = schema::typed(Value::Object(object), "")?;
        if envelope.page.as_ref().is_some_and(|page| page.size == Some(0)) {
            return Err(ConnectorError::new(ErrorCode::InvalidValue, "/page/size must be at least 1"));
        }
        envelope.deadline = envelope.rate_limit.as_ref().and_then(RateLimitRequest::deadline);
        Ok(envelope)
    }
}

/// Callers that serialize a type with all kinds of credential send `null` for those that are not meant.
fn forget_empty_kinds(part: &mut Value) {
    match part {
        Value::Object(kinds) => {
            kinds.retain(|_, kind| !kind.is_null());
            for kind in kinds.values_mut().filter_map(Value::as_object_mut) {
                kind.retain(|_, field| !field.is_null());
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(forget_empty_kinds),
        _ => {}
    }
}

/// What a capability answers.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The response as JSON.
    pub response: Arc<RawValue>,
    /// The page that follows, if there is one.
    pub page: Option<Page>,
    /// The app's untouched answer, where it was asked for.
    pub raw_data: Option<Arc<RawValue>>,
    /// What a write did.
    pub execution_summary: Option<ExecutionSummary>,
    /// What is left of the app's rate limit, where the request told what was.
    pub rate_limit: Option<RateLimitResponse>,
    /// Error of the work that the response reports on, such as a sync that ended half way: sets the exit code.
    pub outcome: Outcome,
}

/// How the work that a response reports on ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// Well.
    #[default]
    Done,
    /// Well, and nothing came of it: no record was new or changed.
    NothingToDo,
    /// With this exit code.
    ExitCode(u8),
    /// Stopped by a signal.
    Interrupted,
}

/// The page that follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Page {
    /// To be sent back as it is.
    pub token: String,
    /// Records in a page.
    pub size: u32,
}

/// What a write did.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ExecutionSummary {
    /// What is different now.
    pub effect: ExecutionEffect,
    /// The same for the same request.
    pub request_fingerprint: String,
    /// Whether the same request again does no more than once.
    pub is_idempotent: bool,
    /// What was done, for people.
    pub description: Option<String>,
    /// What went wrong and did not matter, each in the form of `error` in an error envelope.
    pub caught_errors: Vec<Value>,
}

/// What is different after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExecutionEffect {
    /// Something is there that was not.
    Created,
    /// Something is different.
    Updated,
    /// Something is gone.
    Deleted,
    /// Nothing is.
    Noop {
        /// Why not.
        reason: NoopReason,
    },
}

impl ExecutionEffect {
    /// Nothing is different, since it was as wanted already.
    pub const UNCHANGED: Self = Self::Noop { reason: NoopReason::StateAlreadyMatches };
}

/// Why a write changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoopReason {
    /// It was as wanted already.
    StateAlreadyMatches,
}

impl Answer {
    /// An answer with this response.
    ///
    /// # Errors
    /// `internal_error` when the response cannot be written as JSON.
    pub fn new<T: Serialize>(response: &T) -> Result<Self> {
        let response = serde_json::value::to_raw_value(response).map_err(|error| {
            ConnectorError::new(ErrorCode::InternalError, "the response cannot be written as JSON")
                .source(error)
        })?;
        Ok(Self::of_raw(response))
    }

    /// An answer with what the app sent.
    pub fn of_raw(response: Box<RawValue>) -> Self {
        Self {
            response: response.into(),
            page: None,
            raw_data: None,
            execution_summary: None,
            rate_limit: None,
            outcome: Outcome::Done,
        }
    }

    /// The envelope on one line.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Success<'a> {
            response: &'a RawValue,
            raw_data: Option<&'a RawValue>,
            page: Option<&'a Page>,
            #[serde(skip_serializing_if = "Option::is_none")]
            execution_summary: Option<&'a ExecutionSummary>,
            #[serde(skip_serializing_if = "Option::is_none")]
            rate_limit: Option<&'a RateLimitResponse>,
        }
        let success = Success {
            response: &self.response,
            raw_data: self.raw_data.as_deref(),
            page: self.page.as_ref(),
            execution_summary: self.execution_summary.as_ref(),
            rate_limit: self.rate_limit.as_ref(),
        };
        on_one_line(serde_json::to_string(&success).unwrap_or_default())
    }
}

/// Raw JSON of an app may span lines; outside of strings a line break is only white space, inside it is escaped.
fn on_one_line(json: String) -> String {
    // Over bytes, since nearly no answer has any: many times faster than over characters.
    if json.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
        json.replace(['\n', '\r'], " ")
    } else {
        json
    }
}

/// The `error` part of an error envelope.
pub fn error_json(error: &ConnectorError, app_id: &str, raised_in: &str) -> Value {
    let metadata = error.code().metadata();
    let seconds = error.wait().map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    json!({
        "message": error.message(),
        "status_code": error.status_code(),
        "error_code": metadata.name,
        "app_error_code": error.app_code(),
        "app_id": app_id,
        "raised_by": metadata.raised_by,
        "raised_in": raised_in,
        "error_metadata": {
            "fault": metadata.fault,
            "category": metadata.category,
            "hint": error.hint_text(),
            "retryable": metadata.retryable,
            "throttled": metadata.throttled,
            "refreshable": metadata.refreshable,
            "retry_after_seconds": seconds,
        }
    })
}

/// An error envelope on one line. `raised_in` is where it happened, as `example::things:get_thing`.
pub fn error_envelope(error: &ConnectorError, app_id: &str, raised_in: &str) -> String {
    let told = error_json(error, app_id, raised_in);
    json!({"is_error": true, "error": told, "raw_data": null, "page": error.page()}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_optional_and_unknown_keys_are_ignored() {
        let envelope = RequestEnvelope::parse(r#"{"future":1,"page":null}"#).unwrap();
        assert!(envelope.request.is_empty() && envelope.auth.is_none() && envelope.page.is_none());
    }

    #[test]
    fn kinds_of_credential_that_are_null_are_not_there() {
        let auth = |json: &str| RequestEnvelope::parse(json).unwrap().auth.map(Value::Object);
        let many = r#"{"auth":{"id":"a","oauth":null,"token":{"token":"t","more":null},"empty":null}}"#;
        assert_eq!(auth(many), Some(json!({"token": {"token": "t"}})));
        assert_eq!(auth(r#"{"auth":{"id":null,"oauth":null,"empty":{}}}"#), None);
    }

    #[test]
    fn a_wrong_part_is_named_without_its_value() {
        let error = RequestEnvelope::parse(r#"{"request":"hunter2"}"#).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue);
        assert!(error.message().contains("/request") && !error.message().contains("hunter2"));
        let error = RequestEnvelope::parse(r#"{"page":["hunter2",5]}"#).unwrap_err();
        assert!(error.message().contains("/page") && !error.message().contains("hunter2"));
        let error = RequestEnvelope::parse(r#"{"request":{"#).unwrap_err();
        assert_eq!(error.code(), ErrorCode::BadRequest);
    }

    #[test]
    fn an_answer_is_one_line_even_if_the_app_sent_many() {
        let mut answer = Answer::new(&()).unwrap();
        answer.response = RawValue::from_string("{\n \"a\": \"x\\ny\"\n}".into()).unwrap().into();
        let line = answer.to_json();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["response"]["a"], "x\ny");
    }
}
