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
    resource == "customFieldDefinitions" && version < LATEST
}

/// Before 2023-09-26 the options of a selection were plain texts.
pub(super) fn reshape(row: &mut Map<String, Value>) {
    let options = row.get_mut("configuration").and_then(|configuration| configuration.get_mut("options"));
    if let Some(Value::Array(options)) = options {
        for option in options {
            *option = option["value"].take();
        }
    }
}
