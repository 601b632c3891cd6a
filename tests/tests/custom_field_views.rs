//! The view of a stream with its custom fields: a typed column for each definition, under its label.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use system_tests::{
    account::{Account, text},
    store::Kind,
};

on_both_stores! {
    every_definition_is_a_column_with_the_values_of_the_records,
    a_column_follows_its_label_and_those_with_one_label_are_told_apart,
}

const VIEW: &str = "companies_with_custom_fields";

/// The names and types of a view's columns.
fn columns(account: &Account) -> BTreeMap<String, String> {
    let query = match account.store().kind() {
        Kind::Sqlite => format!("SELECT name, type FROM pragma_table_info('{VIEW}')"),
        Kind::Postgres => format!(
            "SELECT column_name::text, data_type::text FROM information_schema.columns
             WHERE table_schema = 'teamleader' AND table_name = '{VIEW}'"
        ),
    };
    let rows = account.store().rows(&query).into_iter();
    rows.map(|row| (row[0].clone().unwrap_or_default(), row[1].clone().unwrap_or_default())).collect()
}

/// Columns of the view that the table has not.
fn added(account: &Account) -> BTreeSet<String> {
    let table = match account.store().kind() {
        Kind::Sqlite => "SELECT name FROM pragma_table_info('companies')",
        Kind::Postgres => {
            "SELECT column_name::text FROM information_schema.columns
             WHERE table_schema = 'teamleader' AND table_name = 'companies'"
        }
    };
    let of_table: BTreeSet<_> = account.store().rows(table).into_iter().flatten().flatten().collect();
    columns(account).into_keys().filter(|name| !of_table.contains(name)).collect()
}

fn definitions(account: &Account) -> Vec<Value> {
    let all = account.control().records("customFieldDefinitions").expect("a resource");
    all.into_iter().filter(|definition| definition["context"] == "company").collect()
}

/// Gives every definition of companies a label that is its own.
fn label_all(account: &Account) {
    for (number, definition) in definitions(account).iter().enumerate() {
        let label = json!({"label": format!("Own {number}: {}", text(&definition["type"]))});
        account.control().update("customFieldDefinitions", text(&definition["id"]), label).expect("a row");
    }
}

fn name(number: usize, definition: &Value) -> String {
    format!("own_{number}_{}", text(&definition["type"]))
}

fn sync(account: &Account) {
    account.sync_well(["custom_field_definitions", "companies", "--full"]);
}

/// The value of a column of one company, as text.
fn value(account: &Account, column: &str, id: &str) -> Option<String> {
    let view = account.store().table(VIEW);
    let query = format!("SELECT CAST(\"{column}\" AS TEXT) FROM {view} WHERE CAST(id AS TEXT) = '{id}'");
    account.store().rows(&query).remove(0).remove(0)
}

fn every_definition_is_a_column_with_the_values_of_the_records(kind: Kind) {
    let account = Account::with_records(20, kind);
    label_all(&account);
    let definitions = definitions(&account);
    let named: Vec<(String, &Value)> =
        definitions.iter().enumerate().map(|(number, it)| (name(number, it), it)).collect();
    assert!(named.len() > 5, "there are definitions");
    // One company with a value of every type, whatever the data says about the others.
    let values: Vec<Value> = definitions
        .iter()
        .map(|definition| json!({"definition": {"type": "customFieldDefinition", "id": definition["id"]}, "value": sample(text(&definition["type"]))}))
        .collect();
    let id = account.ids("companies")[0].clone();
    account.control().update("companies", &id, json!({ "custom_fields": values })).expect("a row");
    let other = account.ids("companies")[1].clone();
    account.control().update("companies", &other, json!({ "custom_fields": [] })).expect("a row");
    sync(&account);

    let wanted: BTreeSet<String> = named.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(added(&account), wanted);
    for (column, definition) in &named {
        let kind_of_field = text(&definition["type"]);
        let shown = value(&account, column, &id).unwrap_or_else(|| panic!("{column} is empty"));
        assert_eq!(shown.replace(' ', ""), shown_sample(kind, kind_of_field), "{column}");
        assert_eq!(value(&account, column, &other), None, "{column}");
        if kind == Kind::Postgres {
            assert_eq!(columns(&account)[column], postgres_type(kind_of_field), "{column}");
        }
    }
    let live = format!("count(*) FROM {}", account.store().table(VIEW));
    assert_eq!(account.store().value(&live).as_deref(), Some("20"));
}

/// A value as Teamleader sends it.
fn sample(kind: &str) -> Value {
    match kind {
        "integer" | "auto_increment" => json!(42),
        "number" => json!(1.5),
        "money" => json!({"amount": 12.5, "currency": "EUR"}),
        "date" => json!("2025-05-31"),
        "boolean" => json!(true),
        "multi_select" => json!(["a", "b"]),
        "company" | "contact" | "product" | "user" => {
            json!({"type": kind, "id": "018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b"})
        }
        _ => json!("text"),
    }
}

/// The same as a column shows it.
fn shown_sample(kind: Kind, of: &str) -> String {
    let shown = match of {
        "integer" | "auto_increment" => "42",
        "number" => "1.5",
        "money" => "12.5",
        "date" => "2025-05-31",
        "boolean" if kind == Kind::Sqlite => "1",
        "boolean" => "true",
        "multi_select" => "[\"a\",\"b\"]",
        "company" | "contact" | "product" | "user" => "018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b",
        _ => "text",
    };
    shown.to_owned()
}

fn postgres_type(of: &str) -> &'static str {
    match of {
        "integer" | "auto_increment" | "number" | "money" => "numeric",
        "date" => "date",
        "boolean" => "boolean",
        "multi_select" => "jsonb",
        _ => "text",
    }
}

fn a_column_follows_its_label_and_those_with_one_label_are_told_apart(kind: Kind) {
    let account = Account::with_records(10, kind);
    label_all(&account);
    sync(&account);
    let definitions = definitions(&account);
    let before = added(&account);
    let id = |number: usize| text(&definitions[number]["id"]).to_owned();
    let relabel = |number: usize, label: &str| {
        account
            .control()
            .update("customFieldDefinitions", &id(number), json!({ "label": label }))
            .expect("a row");
    };
    let short = |number: usize| id(number).replace('-', "")[..8].to_owned();
    // One is renamed, two get the same label, one the name of a column of the table, one a label for nobody to type.
    relabel(0, "Größe (m²)?");
    relabel(1, "Region");
    relabel(2, " REGION ");
    relabel(3, "Name");
    relabel(4, "'; DROP TABLE companies; --");
    sync(&account);
    let old: BTreeSet<String> = (0..5).map(|number| name(number, &definitions[number])).collect();
    let new = [
        "größe_m²".to_owned(),
        format!("region_{}", short(1)),
        format!("region_{}", short(2)),
        format!("name_{}", short(3)),
        "drop_table_companies".to_owned(),
    ];
    let wanted: BTreeSet<String> = before.difference(&old).cloned().chain(new).collect();
    assert_eq!(added(&account), wanted);
    account.assert_same("companies");

    // Told apart no more, named by their labels again; and a definition that is gone takes its column along.
    relabel(2, "Land");
    account.control().delete("customFieldDefinitions", &id(0)).expect("a row");
    sync(&account);
    let names = added(&account);
    assert!(names.contains("region") && names.contains("land") && !names.contains("größe_m²"), "{names:?}");
    assert_eq!(names.len(), before.len() - 1);
}
