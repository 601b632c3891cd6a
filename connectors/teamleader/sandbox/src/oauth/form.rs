//! The body of a token request: a form, JSON or multipart, as the service accepts all three.

use std::collections::HashMap;

use serde_json::Value;

use crate::request::Request;

pub(super) fn fields(request: &Request) -> HashMap<String, String> {
    let content_type = request.header("content-type").unwrap_or_default();
    if content_type.starts_with("application/json") {
        return json(&request.body);
    }
    match content_type.strip_prefix("multipart/form-data").and_then(|rest| rest.split_once("boundary=")) {
        Some((_, boundary)) => multipart(&request.body, boundary.trim_matches('"')),
        None => url::form_urlencoded::parse(&request.body).into_owned().collect(),
    }
}

fn json(body: &[u8]) -> HashMap<String, String> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return HashMap::new();
    };
    fields.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
}

fn multipart(body: &[u8], boundary: &str) -> HashMap<String, String> {
    let text = String::from_utf8_lossy(body);
    text.split(&format!("--{boundary}")).filter_map(multipart_field).collect()
}

fn multipart_field(part: &str) -> Option<(String, String)> {
    let (head, value) = part.split_once("\r\n\r\n")?;
    let (_, name) = head.split_once("name=\"")?;
    let (name, _) = name.split_once('"')?;
    Some((name.to_owned(), value.strip_suffix("\r\n").unwrap_or(value).to_owned()))
}
