//! Teamleader's envelope around records: `{"data": …, "meta": …}`.

use std::collections::BTreeMap;

use connector_core::http::{HttpResponse, redact};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;
use serde_json::value::RawValue;

/// Characters of an answer that a message shows when it is no JSON.
const SHOWN: usize = 80;

/// Fields that only a record has.
const KEYS: [&str; 2] = ["id", "message_id"];

/// The records of a page, as they were sent.
#[derive(Debug)]
pub(super) struct List {
    pub(super) records: Vec<Box<RawValue>>,
    pub(super) total: Option<u64>,
}

#[derive(Deserialize)]
struct ListEnvelope {
    data: Vec<Box<RawValue>>,
    /// Apart from `matches` it has nothing for us, and a strange one must not cost the page.
    meta: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Meta {
    matches: Option<u64>,
}

/// The answer of a list.
pub(super) fn list(response: &HttpResponse) -> Result<List> {
    let envelope: ListEnvelope = serde_json::from_slice(&response.body)
        .map_err(|error| unusable(response, &error, "an array of records", "an array"))?;
    let meta = envelope.meta.and_then(|meta| serde_json::from_str::<Meta>(meta.get()).ok());
    Ok(List { records: envelope.data, total: meta.and_then(|meta| meta.matches) })
}

/// The answer of a read of one record: in an envelope, or bare as `tickets.info` and `tickets.getMessage` are
/// documented.
pub(super) fn object(response: &HttpResponse) -> Result<Box<RawValue>> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(&response.body)
        .map_err(|error| unusable(response, &error, "a record", "an object"))?;
    match members.get("data") {
        Some(data) if data.get().starts_with('{') => Ok((*data).to_owned()),
        Some(data) => Err(invalid(&format!("`data` should be an object and is {}", kind(data)))),
        None if KEYS.iter().any(|key| members.contains_key(*key)) => serde_json::from_slice(&response.body)
            .map_err(|error| unusable(response, &error, "a record", "an object")),
        None => Err(invalid("it has neither `data` nor `id`")),
    }
}

/// The answer where there may be nothing to tell: a record, `data: null`, or no body at all.
pub(super) fn optional_object(response: &HttpResponse) -> Result<Option<Box<RawValue>>> {
    let says_null = |body| {
        serde_json::from_slice::<BTreeMap<String, &RawValue>>(body)
            .is_ok_and(|members| members.get("data").is_some_and(|data| data.get() == "null"))
    };
    if response.body.trim_ascii().is_empty() || says_null(&response.body) {
        return Ok(None);
    }
    object(response).map(Some)
}

/// The answer to an order. It is empty as a rule; what is no JSON was sent by something between us and Teamleader.
pub(super) fn done(response: &HttpResponse) -> Result<()> {
    if response.body.trim_ascii().is_empty() {
        return Ok(());
    }
    serde_json::from_slice::<IgnoredAny>(&response.body)
        .map(|_| ())
        .map_err(|error| unusable(response, &error, "an answer", "anything"))
}

/// Says what came where an envelope was expected. Only bodies that could not be read get here, so it may take its time.
fn unusable(response: &HttpResponse, error: &serde_json::Error, wanted: &str, data: &str) -> ConnectorError {
    let body = response.body.as_ref();
    let text = String::from_utf8_lossy(body);
    let start = text.trim_start();
    if start.is_empty() {
        return invalid(&format!("it is empty (HTTP status {})", response.status));
    }
    if start.starts_with('<') {
        return invalid("it is a page for browsers; something between us and Teamleader may have sent it");
    }
    if error.classify() == Category::Eof {
        return invalid(&format!("its JSON breaks off after {} bytes", body.len()));
    }
    match serde_json::from_slice::<&RawValue>(body) {
        Err(_) => {
            let shown: String = start.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
            invalid(&format!("it is not JSON but begins with: {}", redact(&shown)))
        }
        Ok(all) => match serde_json::from_slice::<BTreeMap<String, &RawValue>>(body) {
            Err(_) => invalid(&format!("{wanted} was expected in an object, and {} came", kind(all))),
            Ok(members) => match members.get("data") {
                None => invalid("it has no `data`"),
                Some(found) => invalid(&format!("`data` should be {data} and is {}", kind(found))),
            },
        },
    }
    // Only the place: the parser's own words may repeat what it found.
    .source(format!("line {}, column {}", error.line(), error.column()))
}

fn invalid(what: &str) -> ConnectorError {
    ConnectorError::new(ErrorCode::InvalidResponse, format!("Teamleader's answer cannot be used: {what}"))
}

fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn response(body: &'static str) -> HttpResponse {
        HttpResponse {
            status: 200,
            headers: reqwest::header::HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn refused(body: &'static str) -> String {
        let error = list(&response(body)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidResponse);
        error.message().to_owned()
    }

    #[test]
    fn records_stay_as_they_were_sent() {
        let list =
            list(&response(r#"{"data":[{"id":"a","n":1.10,"new":{}},{ "id" : "b" }],"meta":[]}"#)).unwrap();
        let records: Vec<_> = list.records.iter().map(|record| record.get()).collect();
        assert_eq!(records, [r#"{"id":"a","n":1.10,"new":{}}"#, r#"{ "id" : "b" }"#]);
        assert_eq!(list.total, None);
    }

    #[test]
    fn a_total_is_taken_where_it_is_sent() {
        let total = |body| list(&response(body)).unwrap().total;
        assert_eq!(total(r#"{"data":[],"meta":{"page":{"size":20,"number":1},"matches":41}}"#), Some(41));
        assert_eq!(total(r#"{"data":[],"meta":{"matches":"many"}}"#), None);
    }

    #[test]
    fn a_page_that_cannot_be_read_is_never_an_empty_one() {
        for (body, said) in [
            (r#"{"data":null}"#, "`data` should be an array and is null"),
            (r#"{"data":{"id":"a"}}"#, "`data` should be an array and is an object"),
            (r#"{"meta":{}}"#, "no `data`"),
            ("[]", "an array came"),
            ("", "empty (HTTP status 200)"),
            ("<html><body>Bad gateway</body></html>", "a page for browsers"),
            (r#"{"data":[{"id":"a"},{"id"#, "breaks off after 24 bytes"),
            ("Service down, access_token=hunter2", "begins with: Service down"),
        ] {
            let message = refused(body);
            assert!(message.contains(said), "{body}: {message}");
            assert!(!message.contains("hunter2"));
        }
    }

    #[test]
    fn one_record_comes_with_and_without_an_envelope() {
        assert_eq!(object(&response(r#"{"data":{"id":"a"}}"#)).unwrap().get(), r#"{"id":"a"}"#);
        assert_eq!(
            object(&response(r#"{"id":"a","title":"b"}"#)).unwrap().get(),
            r#"{"id":"a","title":"b"}"#
        );
        let message = r#"{"message_id":"a","body":"b"}"#;
        assert_eq!(object(&response(message)).unwrap().get(), message);
        for body in [r#"{"data":null}"#, r#"{"data":[]}"#, "{}", "[]", "", "null"] {
            assert_eq!(object(&response(body)).unwrap_err().code(), ErrorCode::InvalidResponse, "{body}");
        }
    }

    #[test]
    fn nothing_to_tell_is_not_an_answer_that_cannot_be_read() {
        for body in ["", " \n", r#"{"data":null}"#] {
            assert!(optional_object(&response(body)).unwrap().is_none(), "{body}");
        }
        assert_eq!(
            optional_object(&response(r#"{"data":{"id":"a"}}"#)).unwrap().unwrap().get(),
            r#"{"id":"a"}"#
        );
        for body in ["null", "{}", "<html>", r#"{"data":["#, r#"{"data":[]}"#] {
            assert_eq!(
                optional_object(&response(body)).unwrap_err().code(),
                ErrorCode::InvalidResponse,
                "{body}"
            );
        }
    }

    #[test]
    fn an_order_is_done_unless_somebody_else_answered() {
        for body in ["", "{}", r#"{"data":{"id":"a"}}"#] {
            done(&response(body)).unwrap();
        }
        for body in ["<html></html>", "OK", "{"] {
            assert_eq!(done(&response(body)).unwrap_err().code(), ErrorCode::InvalidResponse, "{body}");
        }
    }
}
