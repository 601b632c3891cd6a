//! What all resources have in common, read from the rows themselves.

use std::collections::BTreeSet;

use serde_json::Value;
use teamleader_sandbox::{Control, Sandbox};

/// The id by which the control knows a row.
pub(crate) fn id(row: &Value) -> &str {
    ["id", "message_id", "_id"].iter().find_map(|name| row[name].as_str()).unwrap()
}

pub(crate) fn everything(control: &Control, resource: &str) -> Vec<Value> {
    let rows = control.records(resource).unwrap();
    rows.iter().map(|row| control.record(resource, id(row)).unwrap().unwrap()).collect()
}

/// The ids of all rows, and those under which relations know rows of another kind.
pub(crate) fn known_ids(control: &Control) -> BTreeSet<String> {
    let rows = Sandbox::resources().flat_map(|resource| control.records(resource).unwrap());
    rows.flat_map(|row| [Some(id(&row).to_owned()), row["source"]["id"].as_str().map(str::to_owned)])
        .flatten()
        .collect()
}

/// Calls `check` with the type and the id of every relation in a row.
pub(crate) fn each_relation(value: &Value, check: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_relation(item, check)),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            // Rows may have a type too, and more fields than a relation has.
            if let (Some(kind), Some(id), 2) = (text("type"), text("id"), fields.len()) {
                check(kind, id);
            }
            fields.values().for_each(|value| each_relation(value, check));
        }
        _ => {}
    }
}
