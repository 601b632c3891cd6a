//! Databases that are not there, not ours, not reachable, or gone in the middle.

use std::{fs, path::Path, process::Command, sync::OnceLock};

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    binary::{Connector, Outcome},
    postgres::Server,
    store::{Kind, Store},
    waiting::wait_until,
};
use teamleader_sandbox::{Fault, FaultKind, Options};

/// A server of this file's own, which asks for passwords.
fn guarded_server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Server::start_on_loopback().expect("a server");
        let database = server.create_database();
        database.query("create role guarded login password 'right'; create role reader login;");
        let file = server.folder().join("data/pg_hba.conf");
        let rules = fs::read_to_string(&file).expect("the server's rules");
        fs::write(&file, format!("host all guarded 127.0.0.1/32 scram-sha-256\n{rules}"))
            .expect("the server's rules");
        assert_eq!(database.query("select pg_reload_conf()"), "t");
        server
    })
}

fn account() -> Account {
    Account::with_records(5, Kind::Sqlite)
}

fn sync_to(account: &Account, url: &str) -> Outcome {
    account.sync(["companies", "--to", url])
}

/// Checks what is said about a database, wherever in the envelope, and that no password is.
fn assert_refused(outcome: &Outcome, exit_code: i32, error_code: &str, said: &str) -> Value {
    assert_eq!(outcome.exit_code(), exit_code, "{outcome:?}");
    let error = outcome.error();
    assert_eq!(error["error_code"], error_code, "{error}");
    assert!(text(&error["message"]).contains(said), "{error}");
    assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:?}");
    error
}

#[test]
fn a_url_that_is_none_is_told_as_that() {
    let account = account();
    for (url, said) in [
        ("", "URL"),
        ("postgres://u:hunter2@host:port/db", "URL"),
        ("postgres://u:hunter2/x@host/db", "@"),
        ("mysql://u:hunter2@host/db", "mysql"),
        ("sqlite://", "file"),
        ("hunter2", "scheme"),
    ] {
        // A wrong request where it was asked for, a wrong configuration where it stands in the environment.
        let mut outcomes = vec![(sync_to(&account, url), 64)];
        if !url.is_empty() {
            let configured = Connector::new("tl-connector").environment("CONNECTOR_STORE_URL", url);
            outcomes.push((configured.run(["sync", "--json", account.envelope()]), 78));
        }
        for (outcome, exit_code) in outcomes {
            assert_eq!(outcome.exit_code(), exit_code, "{url}: {outcome:?}");
            assert!(text(&outcome.error()["message"]).contains(said), "{url}: {outcome:?}");
            assert!(!format!("{outcome:?}").contains("hunter2"), "{url}: {outcome:?}");
        }
    }
    assert_eq!(account.control().requests(), [], "nothing is read for nothing");
}

#[test]
fn a_server_that_does_not_listen_may_do_so_later() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let account = account();
    let outcome = sync_to(&account, &format!("postgres://u:hunter2@127.0.0.1:{port}/db"));
    let error = assert_refused(&outcome, 75, "connection_rejected", &port.to_string());
    assert_eq!(error["error_metadata"]["retryable"], true);
    assert_eq!(account.control().requests(), []);
}

#[test]
fn a_host_that_nobody_knows_is_named() {
    let outcome = sync_to(&account(), "postgres://u:hunter2@nowhere.invalid/db");
    assert!([75, 78].contains(&outcome.exit_code()), "{outcome:?}");
    assert!(text(&outcome.error()["message"]).contains("nowhere.invalid"), "{outcome:?}");
}

#[test]
fn a_wrong_password_is_told_as_that() {
    let url = guarded_server().url("postgres");
    let wrong = url.replacen("postgres@", "guarded:hunter2@", 1);
    let error = assert_refused(&sync_to(&account(), &wrong), 78, "unauthorized", "guarded");
    assert!(text(&error["error_metadata"]["hint"]).contains("password"), "{error}");
}

#[test]
fn a_database_that_is_missing_is_told_as_that() {
    let url = guarded_server().url("nosuchdatabase");
    let error = assert_refused(&sync_to(&account(), &url), 78, "not_found", "nosuchdatabase");
    assert!(text(&error["error_metadata"]["hint"]).contains("create the database"), "{error}");
}

#[test]
fn a_role_that_may_not_is_told_what_it_lacks() {
    let database = guarded_server().create_database();
    let url = database.url().replacen("postgres@", "reader@", 1);
    let error = assert_refused(&sync_to(&account(), &url), 77, "permission_denied", "permission denied");
    assert!(text(&error["error_metadata"]["hint"]).contains("grant"), "{error}");
    assert_eq!(
        database.query("select count(*) from pg_namespace where nspname in ('connector', 'teamleader')"),
        "0"
    );
}

#[test]
fn a_role_with_just_enough_rights_syncs() {
    let database = guarded_server().create_database();
    database
        .query("create schema connector authorization reader; create schema teamleader authorization reader");
    let url = database.url().replacen("postgres@", "reader@", 1);
    let account = account();
    let outcome = sync_to(&account, &url);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    assert_eq!(database.query("select count(*) from teamleader.companies"), "5");
}

#[test]
fn a_table_of_somebody_else_is_left_alone() {
    let account = Account::with_records(5, Kind::Postgres);
    account.store().execute("CREATE SCHEMA teamleader");
    account.store().execute("CREATE TABLE teamleader.companies (id uuid PRIMARY KEY, mine text)");
    account
        .store()
        .execute("INSERT INTO teamleader.companies VALUES ('018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b', 'mine')");
    let outcome = account.sync(["companies", "users"]);
    assert_ne!(outcome.exit_code(), 0, "{outcome:?}");
    let report = outcome.envelope()["response"].take();
    assert_eq!(report["status"], "partial", "{report}");
    assert!(text(&of_stream(&report, "companies")["error"]["message"]).contains("companies"), "{report}");
    account.assert_same("users");
    assert_eq!(account.store().rows("SELECT mine FROM teamleader.companies"), [[Some("mine".to_owned())]]);
}

#[test]
fn a_schema_may_be_chosen_and_need_not_be_there() {
    let account = Account::with_records(5, Kind::Postgres);
    account.sync_well(["companies", "--schema", "My \"Sales\" schéma"]);
    let rows = account.store().rows("SELECT count(*)::text FROM \"My \"\"Sales\"\" schéma\".companies");
    assert_eq!(rows, [[Some("5".to_owned())]]);
}

#[test]
fn a_file_that_cannot_be_a_store_is_named() {
    let account = account();
    let folder = account.connector().working_folder();
    fs::write(
        folder.join("notes.txt"),
        "This is not a database, but a text that is longer than a header.".repeat(20),
    )
    .unwrap();
    fs::create_dir(folder.join("folder.db")).unwrap();
    for (url, error_code, said) in [
        ("sqlite://missing/store.db", "not_found", "missing"),
        ("sqlite://folder.db", "invalid_value", "folder.db"),
        ("sqlite://notes.txt", "invalid_value", "notes.txt"),
        ("sqlite://absent.db?mode=rw", "not_found", "absent.db"),
        ("sqlite:///proc/store.db", "permission_denied", "/proc/store.db"),
    ] {
        assert_refused(&sync_to(&account, url), 78, error_code, said);
    }
    assert_eq!(fs::read_to_string(folder.join("notes.txt")).unwrap().len(), 1280);
}

#[test]
fn a_folder_that_may_not_be_written_is_named() {
    let account = account();
    let folder = account.connector().working_folder().join("readonly");
    fs::create_dir(&folder).unwrap();
    assert!(Command::new("chmod").arg("555").arg(&folder).status().unwrap().success());
    if fs::write(folder.join("probe"), "").is_ok() {
        // Root may write everywhere: there is no such folder for this user.
        return;
    }
    let outcome = sync_to(&account, &format!("sqlite://{}", folder.join("store.db").display()));
    assert_refused(&outcome, 78, "permission_denied", "readonly");
}

fn account_on(server: &Server) -> Account {
    let connector = Connector::new("tl-connector");
    let store = Store::on(server.create_database());
    let options = Options::default().records(45).requests_per_minute(None);
    Account::in_store(options, store, connector).environment("TEAMLEADER_PAGE_SIZE", "10")
}

#[test]
fn a_server_that_stops_in_the_middle_is_told_and_nothing_is_lost() {
    let server = Server::start_on_loopback().unwrap();
    let account = account_on(&server);
    // Time to stop the server while a page is on its way.
    account
        .control()
        .add_fault(Fault::on("/companies.list", FaultKind::SlowHeaders { millis: 3_000 }).nth(3).times(1));
    let running = account.start_sync(["companies"]);
    wait_until("the third page is asked for", || account.requests("companies") == 3);
    wait_until("the first pages are committed", || account.store().count("companies") > 10);
    server.stop().unwrap();
    let outcome = running.wait();
    assert_eq!(outcome.exit_code(), 75, "{outcome:?}");
    let report = outcome.envelope()["response"].take();
    let error = &of_stream(&report, "companies")["error"];
    assert!(text(&error["error_code"]).starts_with("connection_"), "{report}");
    let inserted = of_stream(&report, "companies")["inserted"].as_u64().unwrap_or(0);
    assert!(inserted > 10, "{report}");

    server.start_again().unwrap();
    assert_eq!(account.store().count("companies") as u64, inserted);
    account.sync_well(["companies"]);
    account.assert_same("companies");
}

#[test]
fn a_server_that_is_back_at_once_costs_nothing() {
    let server = Server::start_on_loopback().unwrap();
    let account = account_on(&server);
    account
        .control()
        .add_fault(Fault::on("/companies.list", FaultKind::SlowHeaders { millis: 3_000 }).nth(3).times(1));
    let running = account.start_sync(["companies"]);
    wait_until("the first pages are committed", || account.store().count("companies") > 10);
    server.stop().unwrap();
    server.start_again().unwrap();
    let outcome = running.wait();
    // The lease went with the session: to go on is right, and so is to stop and say so.
    assert!([0, 69, 75].contains(&outcome.exit_code()), "{outcome:?}");
    account.sync_well(["companies"]);
    account.assert_same("companies");
}

#[test]
fn a_table_that_was_dropped_is_filled_again() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let account = Account::with_records(15, kind);
        account.sync_well(["companies"]);
        account.store().execute(&format!("DROP TABLE {}", account.store().table("companies")));
        account.sync_well(["companies"]);
        account.assert_same("companies");
        account.store().execute(&format!("DELETE FROM {}", account.store().table("companies")));
        account.sync_well(["companies"]);
        account.assert_same("companies");
    }
}

#[test]
fn a_column_that_somebody_narrowed_costs_its_values_only() {
    let account = Account::with_records(15, Kind::Postgres);
    account.sync_well(["companies"]);
    account
        .store()
        .execute("ALTER TABLE teamleader.companies ALTER COLUMN name TYPE varchar(3) USING left(name, 3)");
    let id = account.control().insert("companies", json!({"name": "Longer than three"})).unwrap();
    let outcome = account.sync(["companies"]);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    account.assert_same("companies");
    assert!(account.store().documents("companies").contains_key(&id));
}

#[test]
fn a_status_of_a_store_that_is_not_there_makes_none() {
    let account = account();
    let status = account.connector().run(["status"]).response();
    assert_eq!((&status["connections"], &status["runs"]), (&json!([]), &json!([])), "{status}");
    assert!(!Path::new(account.store().url().trim_start_matches("sqlite://")).exists());
}
