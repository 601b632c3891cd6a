//! What the older tool said about bodies that it could not use.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A body that is refused: one complaint, in that tool's shape.
#[derive(Debug)]
pub(super) struct Refused(Value);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"detail": [self.0]}))).into_response()
    }
}

/// `full_sync` of a body, which must be there; the member need not.
pub(super) fn full_sync(body: &[u8]) -> Result<bool, Refused> {
    let refuse = |place: Value, message: &str, kind: &str| {
        Err(Refused(json!({"loc": place, "msg": message, "type": kind})))
    };
    if body.trim_ascii().is_empty() {
        return refuse(json!(["body"]), "field required", "value_error.missing");
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return refuse(json!(["body"]), "the body is not valid JSON", "value_error.jsondecode");
    };
    let Some(object) = value.as_object() else {
        return refuse(json!(["body"]), "value is not a valid dict", "type_error.dict");
    };
    match object.get("full_sync").map(boolean) {
        None => Ok(false),
        Some(Some(full_sync)) => Ok(full_sync),
        Some(None) => {
            refuse(json!(["body", "full_sync"]), "value could not be parsed to a boolean", "type_error.bool")
        }
    }
}

/// Whatever that tool took for yes or no.
fn boolean(value: &Value) -> Option<bool> {
    let word = match value {
        Value::Bool(value) => return Some(*value),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.to_lowercase(),
        _ => return None,
    };
    match word.as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_says_whether_everything_is_read() {
        for (body, expected) in [
            (r#"{"full_sync": false}"#, false),
            (r#"{"full_sync": true}"#, true),
            (r#"{"full_sync": "yes"}"#, true),
            (r#"{"full_sync": 0}"#, false),
            ("{}", false),
        ] {
            assert_eq!(full_sync(body.as_bytes()).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn a_body_that_says_nothing_is_refused_by_its_place() {
        for (body, place) in [
            ("", json!(["body"])),
            ("{", json!(["body"])),
            ("[]", json!(["body"])),
            (r#"{"full_sync": 2}"#, json!(["body", "full_sync"])),
            (r#"{"full_sync": null}"#, json!(["body", "full_sync"])),
        ] {
            let Refused(refused) = full_sync(body.as_bytes()).unwrap_err();
            assert_eq!(refused["loc"], place, "{body}");
            assert!(refused["msg"].is_string() && refused["type"].is_string());
        }
    }
}
