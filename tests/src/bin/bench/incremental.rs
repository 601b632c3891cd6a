//! Requests of a sync after some records changed: those that hold the changes, and one to see that there are no more.

use serde_json::{Value, json};

use crate::figures::{figure, section};
use crate::program::Program;
use crate::sandbox::Sandbox;
use crate::{Outcome, Scale, sync};

/// Streams of which the app tells what changed, with the sandbox's names of them and a field that may change.
const STREAMS: [(&str, &str, &str); 7] = [
    ("companies", "companies", "name"),
    ("contacts", "contacts", "last_name"),
    ("deals", "deals", "title"),
    ("invoices", "invoices", "purchase_order_number"),
    ("credit_notes", "creditNotes", "purchase_order_number"),
    ("products", "products", "name"),
    ("legacy_projects", "projects", "title"),
];

/// Records of each stream.
const RECORDS: u64 = 500;

/// Around the size of a page.
const CHANGED: [u64; 6] = [0, 1, 99, 100, 101, 250];

/// The stream whose records are completed one by one.
const DETAILED: usize = 3;

pub(crate) fn measure(program: &Program, _: Scale) -> Outcome {
    section(&format!("Requests of an incremental sync, k rows changed in each of {} streams", STREAMS.len()));
    for changed in CHANGED {
        let found = requests(program, changed, &STREAMS, &[])?;
        let most = 7 * (1 + changed.div_ceil(100));
        figure(&format!("k = {changed}"), found, &format!("≤ {most}: 7 + 7 · ⌈k/100⌉"));
    }
    section("The same for invoices alone, whose details are asked for");
    for changed in CHANGED {
        let found = requests(program, changed, &STREAMS[DETAILED..=DETAILED], &["--details"])?;
        let most = 1 + changed.div_ceil(100) + changed;
        figure(&format!("k = {changed}"), found, &format!("≤ {most}: 1 + ⌈k/100⌉ + k"));
    }
    Ok(())
}

/// Reads everything, changes some records, and reads what changed.
fn requests(program: &Program, changed: u64, streams: &[(&str, &str, &str)], flags: &[&str]) -> Outcome<u64> {
    let sandbox = Sandbox::start(program, RECORDS, None)?;
    let folder = program.folder()?;
    let names: Vec<&str> = streams.iter().map(|(stream, ..)| *stream).collect();
    let arguments: Vec<&str> = names.iter().chain(flags).copied().collect();
    let store = "sqlite://incremental.db";
    let count = streams.len() as u64;
    sync::run(&folder, &sandbox, store, &arguments)?.expect("inserted", count * RECORDS)?;
    // Away from the first sync, whose last seconds are read again.
    sandbox.control("POST", "clock", &json!({"advance_seconds": 600}))?;
    for (_, resource, field) in streams {
        change(&sandbox, resource, field, changed)?;
    }
    let second = sync::run(&folder, &sandbox, store, &arguments)?;
    second.expect("updated", count * changed)?;
    Ok(second.count("requests"))
}

fn change(sandbox: &Sandbox, resource: &str, field: &str, count: u64) -> Outcome {
    let rows = sandbox.control("GET", &format!("records/{resource}?limit={count}"), &Value::Null)?;
    for row in rows["data"].as_array().into_iter().flatten() {
        let id = row["id"].as_str().ok_or("a record without an id")?;
        sandbox.control("PATCH", &format!("records/{resource}/{id}"), &json!({field: "another"}))?;
    }
    Ok(())
}
