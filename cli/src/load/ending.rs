//! The last line of an input: a record, or the envelope of a connector that says how it went.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use connector_core::{ConnectorError, ErrorCode};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The envelope of a program that has nothing to say of its records.
const ENVELOPE: &str = r#"{"response":null,"raw_data":null,"page":null}"#;

/// What the input has to be, or it was cut off.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected {
    /// All pages.
    pub(super) everything: bool,
    /// What ends it.
    pub(super) end: End,
    /// At least one record.
    pub(super) something: bool,
}

/// What an input ends with. A program that dies between two lines leaves the same end as one that is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum End {
    /// Anything.
    #[default]
    OfTheInput,
    /// An envelope as the last line, which only a program that is done writes.
    Told,
}

/// The `error` part of an error envelope, as far as it is passed on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorPart {
    message: String,
    error_code: String,
    app_error_code: Option<String>,
    error_metadata: Option<Metadata>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    hint: Option<String>,
    retry_after_seconds: Option<u64>,
}

/// How an input ended.
pub(super) struct Ending {
    /// The last line is an envelope and no record.
    pub(super) is_envelope: bool,
    /// What the envelope tells, or that something lacks: then the input was read in part.
    pub(super) fault: Option<ConnectorError>,
}

/// Looks at the last line, if there is one.
pub(super) fn judge(last: Option<&RawValue>, expected: Expected) -> Ending {
    let members: BTreeMap<Cow<'_, str>, &RawValue> =
        last.and_then(|last| serde_json::from_str(last.get()).ok()).unwrap_or_default();
    let member = |name: &str| members.get(name).map(|value| value.get());
    if let (Some("true"), Some(error)) = (member("is_error"), member("error"))
        && let Ok(error) = serde_json::from_str(error)
    {
        return Ending { is_envelope: true, fault: Some(passed_on(error)) };
    }
    let (Some(response), Some(_), Some(page)) = (member("response"), member("raw_data"), member("page"))
    else {
        return Ending { is_envelope: false, fault: (expected.end == End::Told).then(without_envelope) };
    };
    Ending { is_envelope: true, fault: fault_of(response, page, expected) }
}

fn fault_of(response: &str, page: &str, expected: Expected) -> Option<ConnectorError> {
    if response.starts_with('[') {
        let message = "the records are inside of an envelope, and wanted one a line";
        let error = ConnectorError::new(ErrorCode::BadRequest, message);
        return Some(error.hint("have them written with `--output ndjson`"));
    }
    if is_interrupted(response) {
        let message = "the program that sent the records was interrupted";
        return Some(ConnectorError::new(ErrorCode::ConnectionClosed, message));
    }
    if expected.everything && page != "null" {
        let message = "the envelope at the end tells of more pages, so the input is not complete";
        let error = ConnectorError::new(ErrorCode::BadRequest, message);
        return Some(error.hint("have all of them written with `--all-pages`"));
    }
    None
}

fn is_interrupted(response: &str) -> bool {
    #[derive(Deserialize)]
    struct Response {
        status: String,
    }
    serde_json::from_str::<Response>(response).is_ok_and(|response| response.status == "interrupted")
}

fn without_envelope() -> ConnectorError {
    ConnectorError::new(
        ErrorCode::ConnectionClosed,
        "the input ended without an envelope, as one does that was cut off",
    )
    .hint(format!("a program that is done writes {ENVELOPE} as its last line"))
}

/// The error of the program that sent the records, as the error of this one: the same code, so the same exit code.
fn passed_on(error: ErrorPart) -> ConnectorError {
    let code = serde_json::from_value(error.error_code.into()).unwrap_or(ErrorCode::InvalidResponse);
    let mut told = ConnectorError::upstream(code, &error.message)
        .context("the program that sent the records ended with an error");
    if let Some(app_error_code) = error.app_error_code {
        told = told.app_error_code(app_error_code);
    }
    let metadata = error.error_metadata.unwrap_or_default();
    if let Some(hint) = metadata.hint {
        told = told.hint(hint);
    }
    match metadata.retry_after_seconds {
        Some(seconds) => told.retry_after(Duration::from_secs(seconds)),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(last: &str, expected: Expected) -> (bool, Option<ConnectorError>) {
        let Ending { is_envelope, fault } =
            judge(Some(&RawValue::from_string(last.to_owned()).unwrap()), expected);
        (is_envelope, fault)
    }

    fn fault(last: &str, expected: Expected) -> ConnectorError {
        end(last, expected).1.unwrap()
    }

    #[test]
    fn an_envelope_is_no_record_and_anything_else_is_one() {
        let usual = Expected::default();
        for envelope in [
            r#"{"response":null,"raw_data":null,"page":null,"more":1}"#,
            r#"{"page":{"token":"a","size":1},"raw_data":null,"response":{"n":1}}"#,
        ] {
            assert!(matches!(end(envelope, usual), (true, None)), "{envelope}");
        }
        for record in [r#"{"response":"yes","page":3}"#, r#"{"is_error":true}"#, "[]", "5", r#"{"id":1}"#] {
            assert!(matches!(end(record, usual), (false, None)), "{record}");
        }
        assert!(!judge(None, usual).is_envelope);
    }

    #[test]
    fn an_error_envelope_is_passed_on_with_its_code() {
        let error = r#"{"is_error":true,"error":{"message":"slow down","error_code":"rate_limit","app_error_code":"x.slow",
            "error_metadata":{"hint":"wait","retry_after_seconds":7}},"raw_data":null,"page":null}"#;
        let error = fault(error, Expected::default());
        assert_eq!((error.code(), error.message()), (ErrorCode::RateLimit, "slow down"));
        assert_eq!((error.app_code(), error.hint_text()), (Some("x.slow"), Some("wait")));
        assert_eq!(error.wait(), Some(Duration::from_secs(7)));
        let of_others = fault(r#"{"is_error":true,"error":{"error_code":"odd"}}"#, Expected::default());
        assert_eq!(of_others.code(), ErrorCode::InvalidResponse);
    }

    #[test]
    fn what_is_not_whole_is_said_to_be_so() {
        let everything = Expected { everything: true, ..Expected::default() };
        let more = r#"{"response":null,"raw_data":null,"page":{"token":"a","size":1}}"#;
        assert_eq!(fault(more, everything).code(), ErrorCode::BadRequest);
        let interrupted = r#"{"response":{"status":"interrupted"},"raw_data":null,"page":null}"#;
        assert_eq!(fault(interrupted, Expected::default()).code(), ErrorCode::ConnectionClosed);
        let with_envelope = Expected { end: End::Told, ..Expected::default() };
        let without = end(r#"{"id":1}"#, with_envelope);
        assert!(!without.0 && without.1.unwrap().code() == ErrorCode::ConnectionClosed);
        assert!(judge(None, with_envelope).fault.is_some());
        let inside = r#"{"response":[{"id":1}],"raw_data":null,"page":null}"#;
        assert!(fault(inside, Expected::default()).hint_text().unwrap().contains("ndjson"));
    }
}
