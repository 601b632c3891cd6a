//! Exports: stored records as files for other programs, from both databases and in both layouts.

use std::fs;

use serde_json::{Value, json};
use system_tests::{
    account::{Account, text},
    binary::Outcome,
    store::Kind,
};

on_both_stores! {
    contacts_are_exported_with_their_custom_fields,
    the_layout_documents_is_exported_alike,
    any_stream_is_exported_with_its_columns_or_as_it_was_sent,
    what_cannot_be_exported_is_refused_by_name,
}

const HEADER: &str = "or_id;cp_name_catpro;email;phone;website;form_url;description;accountmanager";

/// The custom field of contacts with this type: its id and label.
fn field(account: &Account, kind: &str) -> (String, String) {
    let definitions = account.records("custom_field_definitions");
    let of_contacts = |definition: &&Value| definition["context"] == "contact" && definition["type"] == kind;
    let found = definitions.values().find(of_contacts).unwrap_or_else(|| panic!("no {kind}"));
    (text(&found["id"]).to_owned(), text(&found["label"]).to_owned())
}

/// An account whose connector knows which custom fields fill the export.
fn account(kind: Kind) -> Account {
    let account = Account::with_records(130, kind);
    let (or_id, _) = field(&account, "single_line");
    let (partner, _) = field(&account, "single_select");
    let (_, manager) = field(&account, "user");
    let fields = json!({"or_id": or_id, "cp_name_catpro": partner, "accountmanager": manager});
    account.environment("TEAMLEADER_EXPORT_CUSTOM_FIELDS", &fields.to_string())
}

fn run(account: &Account, arguments: &[&str]) -> Outcome {
    account.connector().run(arguments)
}

fn cells(csv: &str, separator: u8) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).from_reader(csv.as_bytes());
    let records = reader.records().map(|record| record.expect("a line of cells"));
    records.map(|record| record.iter().map(str::to_owned).collect()).collect()
}

/// What the file should have of a contact, spreadsheets left aside.
fn line_of(account: &Account, contact: &Value) -> Vec<String> {
    let shown = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let custom = |kind: &str| {
        let (id, _) = field(account, kind);
        let fields = contact["custom_fields"].as_array().expect("a list");
        fields
            .iter()
            .find(|field| field["definition"]["id"] == *id)
            .map_or(Value::Null, |field| field["value"].clone())
    };
    let first = |list: &str, kind: &str| {
        let items = contact[list].as_array().expect("a list");
        items.iter().find(|item| item["type"] == kind).cloned()
    };
    let phone = first("telephones", "phone").or_else(|| first("telephones", "mobile"));
    vec![
        shown(&custom("single_line")),
        shown(&custom("single_select")),
        first("emails", "primary").map_or_else(String::new, |item| shown(&item["email"])),
        phone.map_or_else(String::new, |item| shown(&item["number"])),
        shown(&contact["website"]),
        shown(&contact["web_url"]),
        String::new(),
        shown(&custom("user")["id"]),
    ]
}

fn contacts_are_exported_with_their_custom_fields(kind: Kind) {
    let account = account(kind);
    let dangerous = &account.ids("contacts")[5];
    let website = "=HYPERLINK(\"http://x\";\"y\")";
    account.control().update("contacts", dangerous, json!({"website": website})).expect("a row");
    account.sync_well(["contacts", "custom_field_definitions"]);

    let raw = run(&account, &["export", "contacts", "--raw"]);
    assert_eq!(raw.exit_code(), 0, "{raw:?}");
    assert_eq!(raw.standard_output.lines().next(), Some(HEADER));
    let lines = cells(&raw.standard_output, b';');
    let wanted: Vec<_> =
        account.records("contacts").values().map(|contact| line_of(&account, contact)).collect();
    assert_eq!(lines[1..], wanted);
    for column in [0, 1, 2, 3, 7] {
        assert!(wanted.iter().any(|line| !line[column].is_empty()), "column {column} shows nothing");
    }

    let file = account.connector().working_folder().join("contacts_export.csv");
    fs::write(&file, "before").expect("a file");
    let outcome =
        run(&account, &["export", "contacts", "--format", "csv", "--output", "contacts_export.csv"]);
    assert_eq!(outcome.response()["records"], 130, "{outcome:?}");
    let safe = cells(&fs::read_to_string(&file).expect("a file"), b';');
    let changed: Vec<_> = lines.iter().zip(&safe).filter(|(raw, safe)| raw != safe).collect();
    assert!(changed.iter().any(|(_, safe)| safe[4] == format!("'{website}")), "{changed:?}");
    assert!(safe.iter().all(|line| line.iter().all(|cell| !cell.starts_with(['=', '@']))));
    let parts = fs::read_dir(account.connector().working_folder()).expect("a folder");
    let left = parts
        .filter(|part| part.as_ref().is_ok_and(|part| part.file_name().to_string_lossy().ends_with(".part")));
    assert_eq!(left.count(), 0);
    let requests = account.control().requests().len();
    run(&account, &["export", "contacts"]);
    assert_eq!(account.control().requests().len(), requests, "an export asks the app for nothing");
}

fn the_layout_documents_is_exported_alike(kind: Kind) {
    let account = account(kind);
    account.sync_well(["contacts", "custom_field_definitions", "--layout", "documents"]);
    let found = run(&account, &["export", "contacts", "--raw"]);
    assert_eq!(found.exit_code(), 0, "{found:?}");
    let wanted: Vec<_> =
        account.records("contacts").values().map(|contact| line_of(&account, contact)).collect();
    assert_eq!(cells(&found.standard_output, b';')[1..], wanted);
    account.sync_well(["contacts", "custom_field_definitions"]);
    assert_eq!(run(&account, &["export", "contacts", "--raw"]).standard_output, found.standard_output);
}

fn any_stream_is_exported_with_its_columns_or_as_it_was_sent(kind: Kind) {
    let account = account(kind);
    account.sync_well(["companies"]);
    let outcome = run(&account, &["export", "companies", "--raw"]);
    let lines = cells(&outcome.standard_output, b',');
    let column = |name: &str| lines[0].iter().position(|column| column == name).expect("a column");
    let records = account.records("companies");
    assert_eq!(lines.len(), records.len() + 1);
    for (line, (id, record)) in lines[1..].iter().zip(&records) {
        assert_eq!((&line[column("id")], line[column("name")].as_str()), (id, text(&record["name"])));
        let user = record["responsible_user"]["id"].as_str().unwrap_or_default();
        assert_eq!(line[column("responsible_user_id")], user);
    }
    let outcome = run(&account, &["export", "companies", "--format", "ndjson"]);
    let sent: Vec<Value> = outcome
        .standard_output
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record on each line"))
        .collect();
    assert_eq!(sent, records.into_values().collect::<Vec<_>>());
}

fn what_cannot_be_exported_is_refused_by_name(kind: Kind) {
    let account = account(kind);
    let error = run(&account, &["export", "contact"]).error();
    assert_eq!(error["error_code"], "unknown_value");
    assert!(text(&error["error_metadata"]["hint"]).contains("contacts"), "{error}");
    account.sync_well(["departments"]);
    let outcome = run(&account, &["export", "contacts"]);
    assert_eq!((outcome.exit_code(), &outcome.error()["error_code"]), (69, &json!("not_found")));
    account.sync_well(["contacts", "custom_field_definitions"]);
    let account = account.environment("TEAMLEADER_EXPORT_CUSTOM_FIELDS", r#"{"or_id":"No such field"}"#);
    let outcome = run(&account, &["export", "contacts"]);
    assert_eq!(outcome.exit_code(), 64, "{outcome:?}");
    assert!(
        text(&outcome.error()["message"]).contains("/settings/export_custom_fields/or_id"),
        "{outcome:?}"
    );
}
