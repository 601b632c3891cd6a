//! The layout `documents`: the tables of the older tool, found or made, and read by its users' queries.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    store::Kind,
};

on_both_stores! {
    the_tables_of_the_older_tool_hold_what_the_app_has,
    a_record_that_is_gone_takes_its_row_along,
    a_table_of_another_shape_is_left_alone,
}

const LAYOUT: [&str; 2] = ["--layout", "documents"];

fn contents(account: &Account, table: &str) -> BTreeMap<String, Value> {
    let query = format!(
        "SELECT CAST(tl_uuid AS TEXT), CAST(tl_content AS TEXT) FROM {}",
        account.store().table(table)
    );
    let parse = |row: Vec<Option<String>>| match &row[..] {
        [Some(id), Some(content)] => (id.clone(), serde_json::from_str(content).expect("JSON")),
        _ => panic!("{row:?}"),
    };
    account.store().rows(&query).into_iter().map(parse).collect()
}

fn sync(account: &Account, arguments: &[&str]) -> Value {
    account.sync_well(arguments.iter().copied().chain(LAYOUT))
}

fn the_tables_of_the_older_tool_hold_what_the_app_has(kind: Kind) {
    let account = Account::with_records(30, kind);
    let streams = ["companies", "contacts", "custom_field_definitions", "legacy_projects"];
    sync(&account, &streams);
    let tables = ["tl_companies", "tl_contacts", "tl_custom_fields", "tl_projects"];
    for (stream, table) in streams.iter().zip(tables) {
        assert_eq!(contents(&account, table), account.records(stream), "{stream}");
    }
    let kinds = format!("SELECT DISTINCT tl_type FROM {}", account.store().table("tl_projects"));
    assert_eq!(account.store().rows(&kinds), [[Some("projects".to_owned())]]);

    let id = &account.ids("companies")[3];
    account.control().update("companies", id, json!({"name": "Zürich & Søn"})).expect("a row");
    let report = sync(&account, &["companies", "--full"]);
    let part = of_stream(&report, "companies");
    assert_eq!((&part["updated"], &part["unchanged"]), (&json!(1), &json!(29)), "{part}");
    assert_eq!(contents(&account, "tl_companies"), account.records("companies"));
    // The same schema in the other layout is another read.
    let report = account.sync_well(["companies"]);
    assert_eq!(of_stream(&report, "companies")["inserted"], 30);
}

fn a_record_that_is_gone_takes_its_row_along(kind: Kind) {
    let account = Account::with_records(40, kind);
    sync(&account, &["companies"]);
    let id = account.ids("companies")[7].clone();
    account.control().delete("companies", &id).expect("a row");
    let report = sync(&account, &["companies", "--full"]);
    assert_eq!(of_stream(&report, "companies")["deleted"], 1);
    let left = contents(&account, "tl_companies");
    assert!(!left.contains_key(&id) && left.len() == 39);
}

fn a_table_of_another_shape_is_left_alone(kind: Kind) {
    let account = Account::with_records(5, kind);
    sync(&account, &["departments"]);
    let table = account.store().table("somebodys");
    account.store().execute(&format!("CREATE TABLE {table} (id integer, note text)"));
    account.store().execute(&format!("INSERT INTO {table} VALUES (1, 'mine')"));
    let outcome = account.sync(["companies", "--layout", "documents", "--table", "companies=somebodys"]);
    assert_eq!(outcome.exit_code(), 78, "{outcome:?}");
    let report = &outcome.envelope()["response"];
    let error = &of_stream(report, "companies")["error"];
    assert_eq!(error["error_code"], "conflict");
    assert!(text(&error["message"]).contains("somebodys"), "{error}");
    assert_eq!(account.store().rows(&format!("SELECT note FROM {table}")), [[Some("mine".to_owned())]]);
}
