//! The older tool's routes: what its callers send and read, and nothing that is not so.

use serde_json::{Value, json};
use system_tests::{
    account::{Account, text},
    served::{Served, create_key},
    store::Kind,
    streams::list_path,
    waiting::wait_until,
};
use teamleader_sandbox::{Fault, FaultKind};

on_both_stores! {
    a_sync_is_started_and_its_tables_are_told,
    a_sync_that_cannot_start_is_not_said_to_have,
    the_file_of_contacts_is_made_and_fetched,
    a_code_that_nobody_asked_for_is_rejected,
}

const SYNC: &str = "/sync/teamleader";

/// The tables of the older tool, by its models.
const MODELS: [(&str, &str); 8] = [
    ("companies", "tl_companies"),
    ("contacts", "tl_contacts"),
    ("custom_fields", "tl_custom_fields"),
    ("departments", "tl_departments"),
    ("events", "tl_events"),
    ("invoices", "tl_invoices"),
    ("projects", "tl_projects"),
    ("users", "tl_users"),
];

fn serving(account: &Account) -> (Served, String) {
    (Served::start(account), create_key(account, &["sync:write", "sync:read"]))
}

fn a_sync_is_started_and_its_tables_are_told(kind: Kind) {
    let account = Account::with_records(6, kind).environment("TEAMLEADER_TIMEOUT_SECONDS", "600").logged_in();
    let (served, key) = serving(&account);
    assert_eq!(served.ask("GET", SYNC, "bk_abcd1234_none", &Value::Null).status, 401);
    let before = served.get(SYNC, &key).body;
    for (model, table) in MODELS {
        let expected = json!({"database_table": table, "synced_entries": 0, "last_modified": null});
        assert_eq!(before[model], expected, "{model}");
    }
    assert_eq!(before["job_running"], false);

    let refused = served.ask("POST", SYNC, &key, &Value::Null);
    assert_eq!(
        (refused.status, refused.body),
        (422, json!({"detail": [{"loc": ["body"], "msg": "field required", "type": "value_error.missing"}]}))
    );
    let slow = FaultKind::SlowHeaders { millis: 3_600_000 };
    account.control().add_fault(Fault::on(list_path("companies"), slow).times(1));
    let started = served.ask("POST", SYNC, &key, &json!({"full_sync": false}));
    assert_eq!(
        (started.status, started.body),
        (200, json!({"status": "Teamleader sync started", "full_sync": false}))
    );
    assert_eq!(served.get(SYNC, &key).body["job_running"], true);
    let again = served.ask("POST", SYNC, &key, &json!({"full_sync": true}));
    assert_eq!(
        (again.status, again.body),
        (200, json!({"status": "Teamleader sync was already running", "full_sync": true}))
    );
    let runs = served.get("/syncs", &key).body;
    let run = text(&runs["response"]["runs"][0]["run_id"]).to_owned();
    served.ask("DELETE", &format!("/sync/{run}"), &key, &Value::Null);
    wait_until("it ended", || served.get(SYNC, &key).body["job_running"] == false);

    account.control().clear_faults();
    served.ask("POST", SYNC, &key, &json!({"full_sync": true}));
    wait_until("it ended", || served.get(SYNC, &key).body["job_running"] == false);
    let after = served.get(SYNC, &key).body;
    let table = match kind {
        Kind::Sqlite => "tl_companies",
        Kind::Postgres => "teamleader.tl_companies",
    };
    let companies = &after["companies"];
    assert_eq!(
        (&companies["database_table"], &companies["synced_entries"]),
        (&json!(table), &json!(6)),
        "{after}"
    );
    assert!(text(&companies["last_modified"]).ends_with("+00:00"), "{after}");
    assert_eq!(account.store().value(&format!("count(*) FROM {table}")).as_deref(), Some("6"));
}

fn a_sync_that_cannot_start_is_not_said_to_have(kind: Kind) {
    // Nobody logged in.
    let account = Account::with_records(3, kind);
    let (served, key) = serving(&account);
    let refused = served.ask("POST", SYNC, &key, &json!({"full_sync": true}));
    assert_eq!((refused.status, &refused.body["full_sync"]), (400, &json!(true)), "{refused:?}");
    assert!(text(&refused.body["status"]).contains("could not be started"), "{refused:?}");
    assert_eq!(refused.body["error"]["error_code"], "integration_missing_parameter");
    assert_eq!(served.get(SYNC, &key).body["job_running"], false);
}

fn the_file_of_contacts_is_made_and_fetched(kind: Kind) {
    let account = Account::with_records(7, kind).logged_in();
    let (served, key) = serving(&account);
    let status = || served.get("/export/export_status", &key).body;
    assert_eq!(
        status(),
        json!({"export_running": false, "last_export": "Please run an export first with POST /export/export_csv"})
    );
    assert_eq!(served.get("/export/download_csv", &key).status, 404);
    // Whoever's records are in the file, it is not for one customer.
    let limited = ["keys", "create", "--label", "one", "--scope", "sync:write", "--app", "default"];
    let limited = account.connector().run(limited).response();
    assert_eq!(served.get("/export/download_csv", text(&limited["key"])).status, 403);
    let make = || {
        let started = served.ask("POST", "/export/export_csv", &key, &Value::Null);
        assert_eq!(
            (started.status, started.body),
            (200, json!({"status": "Contacts csv export started. Check status for completion"}))
        );
        wait_until("the export ended", || status()["export_running"] == false);
        text(&status()["last_export"]).to_owned()
    };
    assert!(make().contains("failed"), "nothing is stored yet: {}", status());

    account.sync_well(["contacts", "custom_field_definitions"]);
    let ended = make();
    assert!(ended.parse::<jiff::civil::DateTime>().is_ok(), "{ended}");
    let file = served.get("/export/download_csv", &key);
    assert_eq!(file.status, 200, "{file:?}");
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"contacts_export.csv\"");
    let (_, body) = file.text.split_once("\r\n\r\n").expect("a body");
    assert!(body.starts_with("or_id;cp_name_catpro;email;phone;website;form_url;description;accountmanager"));
    assert_eq!(body.lines().count(), 8, "{body}");
    let files = std::fs::read_dir(account.connector().working_folder()).expect("a folder");
    let names: Vec<_> = files.map(|file| file.expect("a file").file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("csv")), "{names:?}");
    let reading = create_key(&account, &["sync:read"]);
    assert_eq!(served.get("/export/download_csv", &reading).status, 403, "it is what was stored");
}

fn a_code_that_nobody_asked_for_is_rejected(kind: Kind) {
    let account = Account::with_records(3, kind);
    let (served, _) = serving(&account);
    let answer = served.ask("GET", "/sync/oauth?code=abc&state=def", "", &Value::Null);
    assert_eq!((answer.status, answer.body), (200, json!("code rejected")));
    assert_eq!(account.token_requests(), 0, "the app is not asked");
}
