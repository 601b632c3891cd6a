//! A stream's table against what the app has, row by row, without any help from the connector but its declarations.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use serde_json::Value;

use crate::{
    account::{Account, text},
    binary::Connector,
    source::source_of,
    store::Store,
};

/// Records by the values of their key's columns.
pub type Records = BTreeMap<Vec<String>, Value>;

/// Names of all streams and the columns of their keys, as `info` says.
///
/// # Panics
/// When the connector does not say so.
pub fn declared() -> &'static BTreeMap<String, Vec<String>> {
    static DECLARED: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    DECLARED.get_or_init(|| {
        let info = Connector::new("tl-connector").run(["info"]).response();
        let list = |value: &Value| value.as_array().cloned().expect("a list");
        let key = |stream: &Value| {
            list(&stream["primary_key"]).iter().map(|column| text(column).to_owned()).collect()
        };
        list(&info["streams"]).iter().map(|stream| (text(&stream["name"]).to_owned(), key(stream))).collect()
    })
}

/// The live rows of a table, by the values of these columns.
///
/// # Panics
/// When two have the same, or a document is no JSON.
pub fn rows(store: &Store, stream: &str, columns: &[String]) -> Records {
    let columns = columns.iter().map(String::as_str).chain(["_doc"]);
    let texts: Vec<String> = columns.map(|column| format!("CAST({column} AS TEXT)")).collect();
    let table = store.table(stream);
    let query = format!("SELECT {} FROM {table} WHERE _deleted_at IS NULL", texts.join(", "));
    let mut rows = Records::new();
    for mut row in store.try_rows(&query).unwrap_or_default() {
        let document = row.pop().flatten().expect("a document");
        let document = serde_json::from_str(&document).expect("a document is JSON");
        let key: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        assert!(rows.insert(key.clone(), document).is_none(), "{stream} has {key:?} twice");
    }
    rows
}

/// What differs between a stream's table and the sandbox, in words: the key, what the request gave, and the document.
pub fn difference(account: &Account, stream: &str) -> Option<String> {
    let source = source_of(stream);
    let mut columns = declared()[stream].clone();
    let given = source.given.iter().map(|(column, _)| (*column).to_owned());
    columns.extend(given.filter(|column| !declared()[stream].contains(column)));
    let wanted = source.records(account.control(), &columns);
    between(&wanted, &rows(account.store(), stream, &columns)).map(|found| format!("{stream}: {found}"))
}

/// What differs between what the app has and what a table has, in words.
pub fn between(wanted: &Records, found: &Records) -> Option<String> {
    let keys = |records: &Records| records.keys().cloned().collect::<BTreeSet<_>>();
    let (in_app, in_table) = (keys(wanted), keys(found));
    let missing: Vec<_> = in_app.difference(&in_table).collect();
    let extra: Vec<_> = in_table.difference(&in_app).collect();
    let changed: Vec<_> = in_app.intersection(&in_table).filter(|key| wanted[*key] != found[*key]).collect();
    if missing.is_empty() && extra.is_empty() && changed.is_empty() {
        return None;
    }
    let first = changed.first().map(|key| format!("app {}, table {}", wanted[*key], found[*key]));
    Some(format!(
        "of {} records missing {missing:?}, extra {extra:?}, changed {changed:?} {}",
        wanted.len(),
        first.unwrap_or_default(),
    ))
}
