//! Dated versions of the API, and what older ones made of a row.

use serde_json::{Map, Value};

use crate::request::Request;

const KNOWN: [&str; 10] = [
    "2018-10-30",
    "2019-01-24",
    "2019-03-13",
    "2019-07-03",
    "2019-10-09",
    "2020-01-01",
    "2020-05-01",
    "2021-09-01",
    "2022-09-15",
    "2023-09-26",
];

const LATEST: &str = KNOWN[KNOWN.len() - 1];

#[derive(Debug, Clone)]
pub(super) struct UnknownVersion;

/// The version that holds for a request: the client's, or a newer one that the request names.
pub(super) fn asked(request: &Request, client: &str) -> Result<String, UnknownVersion> {
    match request.header("x-api-version") {
        None => Ok(client.to_owned()),
        Some(version) if KNOWN.contains(&version) && version >= client => Ok(version.to_owned()),
        Some(_) => Err(UnknownVersion),
    }
}

/// Whether rows of this resource look different in this version.
pub(super) fn reshapes(resource: &str, version: &str) -> bool {
    match resource {
        "customFieldDefinitions" | "meetings" => version < LATEST,
        "subscriptions" => version < "2022-09-15",
        _ => false,
    }
}

/// Makes of a row what it was before the version that changed it.
pub(super) fn reshape(resource: &str, row: &mut Map<String, Value>) {
    match resource {
        "meetings" => rename(row, "title", "name"),
        "subscriptions" => {
            rename(row, "note", "remark");
            if let Some(mut cycle) = row.remove("billing_cycle") {
                row.insert("periodicity".into(), cycle["periodicity"].take());
            }
        }
        _ => options_as_texts(row),
    }
}

fn rename(row: &mut Map<String, Value>, new: &str, old: &str) {
    if let Some(value) = row.remove(new) {
        row.insert(old.to_owned(), value);
    }
}

fn options_as_texts(row: &mut Map<String, Value>) {
    let options = row.get_mut("configuration").and_then(|configuration| configuration.get_mut("options"));
    if let Some(Value::Array(options)) = options {
        for option in options {
            *option = option["value"].take();
        }
    }
}
