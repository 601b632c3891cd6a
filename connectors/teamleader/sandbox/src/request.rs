//! A request as the sandbox sees it, and PHP's way of putting structure into a query.

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::{Map, Value};

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The parameters: the JSON body, or the query of a GET.
    pub(crate) fn parameters(&self) -> Result<Map<String, Value>, ()> {
        if self.method == Method::GET {
            return Ok(from_query(&self.query));
        }
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(parameters)) => Ok(parameters),
            // PHP cannot tell an empty object from an empty list.
            Ok(Value::Array(list)) if list.is_empty() => Ok(Map::new()),
            _ => Err(()),
        }
    }
}

/// `filter[ids][]=a&filter[ids][]=b&page[size]=5` as the object it stands for. Values stay texts, except in `page`.
pub(crate) fn from_query(query: &str) -> Map<String, Value> {
    let mut parameters = Value::Object(Map::new());
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let steps: Vec<&str> = key.split('[').map(|step| step.trim_end_matches(']')).collect();
        let value = match value.parse::<i64>() {
            Ok(number) if steps.first() == Some(&"page") => Value::from(number),
            _ => Value::String(value.into_owned()),
        };
        place(&mut parameters, &steps, value);
    }
    match lists(parameters) {
        Value::Object(parameters) => parameters,
        _ => Map::new(),
    }
}

fn place(into: &mut Value, steps: &[&str], value: Value) {
    let Some((step, rest)) = steps.split_first() else {
        *into = value;
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    if let Value::Object(fields) = into {
        let key = if step.is_empty() { fields.len().to_string() } else { (*step).to_owned() };
        place(fields.entry(key).or_insert(Value::Null), rest, value);
    }
}

/// Objects whose keys are all numbers are lists, in the order of the numbers.
fn lists(value: Value) -> Value {
    let Value::Object(fields) = value else {
        return value;
    };
    let numbers: Option<Vec<u64>> = fields.keys().map(|key| key.parse().ok()).collect();
    match numbers {
        Some(numbers) if !numbers.is_empty() => {
            let mut numbered: Vec<_> =
                numbers.into_iter().zip(fields.into_iter().map(|(_, value)| lists(value))).collect();
            numbered.sort_by_key(|(number, _)| *number);
            Value::Array(numbered.into_iter().map(|(_, value)| value).collect())
        }
        _ => Value::Object(fields.into_iter().map(|(key, value)| (key, lists(value))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn brackets_make_objects_and_lists() {
        let query = "filter[ids][]=a&filter[ids][]=b&page[size]=5&sort[0][field]=name&includes=x,y\
                     &filter[updated_since]=2021-03-29T16:44:33%2B00:00";
        let expected = json!({
            "filter": {"ids": ["a", "b"], "updated_since": "2021-03-29T16:44:33+00:00"},
            "page": {"size": 5},
            "sort": [{"field": "name"}],
            "includes": "x,y",
        });
        assert_eq!(Value::Object(from_query(query)), expected);
    }
}
