//! Records that nobody foresaw: they arrive, or are kept aside and told.

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream},
    store::Kind,
};
use teamleader_sandbox::{Fault, FaultKind};

on_both_stores! {
    every_script_and_symbol_arrives_as_it_was,
    a_nul_character_costs_no_row,
    fields_that_nobody_declared_become_columns,
    a_field_that_changes_its_type_stays_in_the_document,
    values_that_no_list_has_are_stored_as_they_are,
    a_record_with_nothing_but_an_id_is_a_row,
    a_record_without_an_id_is_kept_aside,
    fields_that_the_user_may_not_see_are_null,
    names_of_columns_are_no_way_into_the_database,
}

fn account(kind: Kind) -> Account {
    Account::with_records(12, kind)
}

fn column(account: &Account, stream: &str, id: &str, column: &str) -> Option<String> {
    let texts = account.store().texts_of(stream, &format!("\"{column}\""));
    texts.into_iter().find(|row| row[0].as_deref() == Some(id)).and_then(|row| row[1].clone())
}

fn every_script_and_symbol_arrives_as_it_was(kind: Kind) {
    let account = account(kind);
    let texts = [
        "Zoë & Søn \"Größe\" 'n'",
        "東京支店 株式会社",
        "مرحبا بالعالم",
        "👩‍👩‍👧‍👦 🇧🇪 \u{1f9d1}\u{200d}\u{1f680}",
        "tab\tnew\nline\r\\back\\slash\u{7f}\u{1}",
        "\\N",
        "\\.",
        "a\u{301}\u{fffd}\u{feff}\u{2028}",
        "';DROP TABLE companies;--",
        "{\"a\":\\u0041}",
        "",
        " ",
    ];
    let ids: Vec<String> = texts
        .iter()
        .map(|text| {
            account.control().insert("companies", json!({"name": text, "tags": [text]})).expect("a row")
        })
        .collect();
    account.sync_well(["companies"]);
    account.assert_same("companies");
    for (id, text) in ids.iter().zip(texts) {
        assert_eq!(column(&account, "companies", id, "name").as_deref(), Some(text));
    }
}

fn a_nul_character_costs_no_row(kind: Kind) {
    let account = account(kind);
    let id = account.control().insert("companies", json!({"name": "a\u{0}b"})).expect("a row");
    let outcome = account.sync(["companies", "users"]);
    let report = outcome.envelope()["response"].take();
    let part = of_stream(&report, "companies");
    account.assert_same("users");
    if kind == Kind::Sqlite {
        assert_eq!((&report["status"], &part["rejected"]), (&json!("succeeded"), &json!(0)), "{part}");
        account.assert_same("companies");
        return;
    }
    // No text of PostgreSQL can hold it: the row lands without it, and the report says so.
    assert_eq!((&report["status"], &part["rejected"]), (&json!("succeeded"), &json!(0)), "{report}");
    assert_eq!(part["warnings"].as_array().map(Vec::len), Some(1), "{part}");
    assert_eq!(column(&account, "companies", &id, "name").as_deref(), Some("a\u{fffd}b"));
    let report = account.sync_well(["companies", "--full"]);
    assert_eq!(of_stream(&report, "companies")["updated"], 0, "it is not rewritten for ever: {report}");

    // Once the app has it right, so has the table.
    account.control().update("companies", &id, json!({"name": "ab"})).expect("a row");
    account.sync_well(["companies"]);
    account.assert_same("companies");
}

fn fields_that_nobody_declared_become_columns(kind: Kind) {
    let account = account(kind);
    account.sync_well(["companies"]);
    let new = json!({
        "rating": 4.5,
        "loyal": true,
        "Nick name": "Zo",
        "owner": {"type": "team", "id": "a"},
        "turnover": {"amount": 12.5, "currency": "EUR"},
        "history": [{"at": 1}],
        "since": "2024-02-29",
        "nothing": null,
        "_doc": "mine",
        "_custom": "too",
        "x".repeat(80): "long",
    });
    let id = account.control().insert("companies", new).expect("a row");
    account.sync_well(["companies"]);
    account.assert_same("companies");
    let found = |name: &str| column(&account, "companies", &id, name);
    assert_eq!(found("rating").as_deref(), Some("4.5"));
    assert!(matches!(found("loyal").as_deref(), Some("1" | "true")), "{:?}", found("loyal"));
    assert_eq!(found("Nick name").as_deref(), Some("Zo"));
    assert_eq!((found("owner_type").as_deref(), found("owner_id").as_deref()), (Some("team"), Some("a")));
    assert_eq!(
        (found("turnover_amount").as_deref(), found("turnover_currency").as_deref()),
        (Some("12.5"), Some("EUR"))
    );
    let history: Value = serde_json::from_str(&found("history").expect("JSON")).expect("JSON");
    assert_eq!(history, json!([{"at": 1}]));
    // The old rows have nothing there, and were not touched for it.
    let old = account.ids("companies")[0].clone();
    assert_eq!(column(&account, "companies", &old, "rating"), None);
    let report = account.sync_well(["companies", "--full"]);
    assert_eq!(of_stream(&report, "companies")["unchanged"], 13);
}

fn a_field_that_changes_its_type_stays_in_the_document(kind: Kind) {
    let account = account(kind);
    let first = account.control().insert("companies", json!({"rating": 4})).expect("a row");
    account.sync_well(["companies"]);
    let second = account
        .control()
        .insert(
            "companies",
            json!({"rating": "four", "added_at": "yesterday", "emails": "none", "responsible_user": "me"}),
        )
        .expect("a row");
    let outcome = account.sync(["companies"]);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    account.assert_same("companies");
    assert_eq!(column(&account, "companies", &first, "rating").as_deref(), Some("4"));
    assert_eq!(column(&account, "companies", &second, "rating"), None);
    assert_eq!(column(&account, "companies", &second, "added_at"), None);
    assert_eq!(column(&account, "companies", &second, "responsible_user_id"), None);
    let report = outcome.response();
    let warnings = of_stream(&report, "companies")["warnings"].to_string();
    assert!(warnings.contains("rating") && warnings.contains("added_at"), "the report says so: {report}");
}

fn values_that_no_list_has_are_stored_as_they_are(kind: Kind) {
    let account = account(kind);
    let id = account.control().insert("companies", json!({"status": "brand_new", "language": "tlh", "business_type": {"type": "guild", "id": "018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b"}})).expect("a row");
    let deal = account.control().insert("deals", json!({"status": "new", "estimated_value": {"amount": 1e300, "currency": "???"}, "estimated_closing_date": "9999-12-31"})).expect("a row");
    account.sync_well(["companies", "deals"]);
    for stream in ["companies", "deals"] {
        account.assert_same(stream);
    }
    assert_eq!(column(&account, "companies", &id, "status").as_deref(), Some("brand_new"));
    assert_eq!(column(&account, "deals", &deal, "status").as_deref(), Some("new"));
}

fn a_record_with_nothing_but_an_id_is_a_row(kind: Kind) {
    let account = account(kind);
    for (stream, resource) in [
        ("companies", "companies"),
        ("deals", "deals"),
        ("events", "events"),
        ("projects", "projects-v2/projects"),
        ("invoices", "invoices"),
    ] {
        let id = account.ids(stream)[2].clone();
        let record = account.control().record(resource, &id).expect("a resource").expect("a row");
        let nothing: serde_json::Map<String, Value> = record
            .as_object()
            .expect("an object")
            .keys()
            .filter(|name| *name != "id")
            .map(|name| (name.clone(), Value::Null))
            .collect();
        account.control().update_silently(resource, &id, Value::Object(nothing)).expect("a row");
    }
    let outcome = account.sync(["companies", "deals", "events", "projects", "invoices"]);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    for stream in ["companies", "deals", "events", "projects", "invoices"] {
        account.assert_same(stream);
    }
}

fn a_record_without_an_id_is_kept_aside(kind: Kind) {
    let account = account(kind);
    account
        .control()
        .add_fault(Fault::on("/users.list", FaultKind::Value { field: "id".into(), value: Value::Null }));
    let outcome = account.sync(["users", "companies"]);
    let report = outcome.envelope()["response"].take();
    let part = of_stream(&report, "users");
    let users = account.ids("users").len();
    assert_eq!((&part["status"], &part["rejected"]), (&json!("partial"), &json!(users)), "{report}");
    account.assert_same("companies");
    let rejects =
        account.store().rows(&format!("SELECT code, path FROM {}", account.store().own_table("rejects")));
    assert_eq!(rejects.len(), users);
    assert_eq!(rejects[0], [Some("missing_key".to_owned()), Some("/id".to_owned())]);
}

fn fields_that_the_user_may_not_see_are_null(kind: Kind) {
    let account = account(kind);
    account.control().switch(|switches| {
        switches.omitted.insert("deals".into(), vec!["estimated_value".into(), "responsible_user".into()]);
    });
    account.sync_well(["deals"]);
    for (id, document) in account.store().documents("deals") {
        assert!(document.get("estimated_value").is_none());
        assert_eq!(column(&account, "deals", &id, "estimated_value_amount"), None);
    }
    account.control().switch(|switches| switches.omitted.clear());
    account.sync_well(["deals", "--full"]);
    account.assert_same("deals");
}

fn names_of_columns_are_no_way_into_the_database(kind: Kind) {
    let account = account(kind);
    let evil = json!({
        "a\" text); DROP TABLE companies; --": "x",
        "name'": "y",
        "NAME": "upper",
        "né\u{e0}": 1,
        "\u{1f600}": true,
        "select": "word",
        "": "no name",
        "a.b": 1,
        "tab\there": 1,
    });
    account.control().insert("companies", evil).expect("a row");
    let outcome = account.sync(["companies"]);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    account.assert_same("companies");
    account.sync_well(["companies", "--full"]);
}
