//! The vault's keys: where they come from, what happens without, and how one follows the other.

use std::fs;

use serde_json::{Value, json};
use system_tests::{
    account::{Account, VAULT_KEY, follow_login, text},
    binary::Signal,
    browser::visit,
    store::{Kind, Store},
    waiting::wait_until,
};

on_both_stores! {
    a_command_gives_the_key,
    a_new_key_takes_over_and_nobody_has_to_log_in,
    a_rekeying_that_is_killed_leaves_everything_open,
    what_no_key_opens_is_left_and_told,
}

const NEW_KEY: &str = "bmV3IGtleSBuZXcga2V5IG5ldyBrZXkgbmV3IGtleSE=";
const OTHER_KEY: &str = "b3RoZXIga2V5IG90aGVyIGtleSBvdGhlciBrZXkgISE=";

/// How an access or refresh token of the sandbox begins.
const TOKENS: [&str; 3] = ["def50200", "eyJhbGciOi", "eyJ0eXAiOi"];

fn log_in_as(account: &Account, connection: &str) {
    let mut login = account.connector().start(["login", "--no-browser", "--connection", connection]);
    visit(&follow_login(&mut login));
    assert_eq!(login.wait().response()["connection"], connection);
}

fn rekey(account: &Account) -> Value {
    account.connector().run(["vault", "rekey"]).response()
}

fn companies(account: &Account, connection: &str) -> usize {
    let envelope = json!({"auth": {"stored": {"connection": connection}}}).to_string();
    let listed = account.connector().run(["list_companies", "--json", &envelope]);
    listed.response().as_array().expect("a list").len()
}

/// Connections that are sealed with the key of this id.
fn sealed_with(store: &Store, key_id: &str) -> usize {
    let table = store.own_table("connections");
    store.rows(&format!("SELECT name FROM {table} WHERE key_id = '{key_id}'")).len()
}

fn a_command_gives_the_key(kind: Kind) {
    let account = Account::with_records(3, kind).logged_in();
    let folder = account.connector().working_folder();
    let script = folder.join("key of the vault");
    fs::write(&script, format!("echo asked >> asked\necho 'a secret word' >&2\nprintf %s '{VAULT_KEY}'\n"))
        .expect("the folder can be written to");
    let account = account
        .environment("CONNECTOR_VAULT_KEY", "")
        .environment("CONNECTOR_VAULT_KEY_COMMAND", "sh 'key of the vault'")
        .environment("CONNECTOR_LOG", "trace");
    account.control().expire_access_tokens();
    let synced = account.sync(["companies", "deals"]);
    assert_eq!(synced.response()["status"], "succeeded");
    assert_eq!(account.token_requests(), 1);
    assert_eq!(
        fs::read_to_string(folder.join("asked")).expect("the script ran"),
        "asked\n",
        "once for a process"
    );
    assert!(!format!("{synced:?}").contains("a secret word"), "{synced:?}");
    let status = account.connector().run(["vault", "status"]).response();
    assert_eq!(status["source"], "CONNECTOR_VAULT_KEY_COMMAND");
    assert_eq!(
        (&status["keys"][0]["role"], &status["keys"][0]["connections"]),
        (&json!("current"), &json!(1))
    );

    fs::write(&script, format!("echo '{VAULT_KEY}' >&2\nexit 3\n")).expect("the folder can be written to");
    let failed = account.connector().run(["list_companies"]);
    assert_eq!(failed.exit_code(), 78, "{failed:?}");
    assert!(text(&failed.error()["message"]).contains("sh ended with exit status: 3"), "{failed:?}");
    assert!(!format!("{failed:?}").contains(VAULT_KEY), "{failed:?}");
}

fn a_new_key_takes_over_and_nobody_has_to_log_in(kind: Kind) {
    let account = Account::with_records(3, kind).logged_in();
    log_in_as(&account, "second");
    account.control().clear_requests();
    let path = |account: &Account| account.connector().run(["webhooks", "path"]).response()["path"].take();
    let path_before = path(&account);

    let account = account
        .environment("CONNECTOR_VAULT_KEY", NEW_KEY)
        .environment("CONNECTOR_VAULT_OLD_KEYS", VAULT_KEY);
    assert_eq!(companies(&account, "second"), 3, "the older key opens");
    let report = rekey(&account);
    assert_eq!((&report["rekeyed"], &report["already"]), (&json!(3), &json!(0)), "{report}");
    assert_eq!(report["failed"], json!([]));
    let again = rekey(&account);
    assert_eq!((&again["rekeyed"], &again["already"]), (&json!(0), &json!(3)), "{again}");

    let account = account.environment("CONNECTOR_VAULT_OLD_KEYS", "");
    assert_eq!(
        account.control().requests().iter().filter(|request| request.path.contains("oauth2")).count(),
        0
    );
    for connection in ["default", "second"] {
        assert_eq!(companies(&account, connection), 3);
    }
    account.control().expire_access_tokens();
    account.sync_well(["companies"]);
    assert_eq!(path(&account), path_before, "whoever posts to the address of before is still heard");
    let status = account.connector().run(["vault", "status"]).response();
    assert_eq!(status["keys"].as_array().map(Vec::len), Some(1), "{status}");
    assert_eq!(status["keys"][0]["key_id"], report["key_id"]);

    let dump = account.store().dump();
    for secret in TOKENS.into_iter().chain([VAULT_KEY, NEW_KEY, account.sandbox().client_secret()]) {
        assert!(
            !dump.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()),
            "{secret} lies in the database"
        );
    }
    let account = account.environment("CONNECTOR_VAULT_KEY", VAULT_KEY);
    let refused = account.connector().run(["list_companies"]);
    assert_eq!(
        (refused.exit_code(), &refused.error()["app_error_code"]),
        (78, &json!("vault.decryption_failed"))
    );
}

/// Whoever writes this connection waits, until the guard is given back.
fn hold(store: &Store, connection: &str) {
    let table = store.own_table("connections");
    match store.kind() {
        // There is nothing to wait for in SQLite, but there is no end to this sum.
        Kind::Sqlite => store.execute(&format!(
            "CREATE TRIGGER held BEFORE UPDATE ON {table} WHEN old.name = '{connection}' BEGIN
                 SELECT sum(i) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n);
             END"
        )),
        Kind::Postgres => {
            store.execute(
                "CREATE FUNCTION connector.held() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM pg_sleep(3600); RETURN new; END'",
            );
            store.execute(&format!(
                "CREATE TRIGGER held BEFORE UPDATE ON {table} FOR EACH ROW WHEN (old.name = '{connection}')
                 EXECUTE FUNCTION connector.held()"
            ));
        }
    }
}

fn let_go(store: &Store) {
    match store.kind() {
        Kind::Sqlite => store.execute("DROP TRIGGER held"),
        Kind::Postgres => {
            // The server finds out about a client that is gone when it wants to tell it something.
            store.execute(
                "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
                 WHERE wait_event = 'PgSleep' AND datname = current_database()",
            );
            store.execute("DROP FUNCTION connector.held CASCADE");
        }
    }
}

fn a_rekeying_that_is_killed_leaves_everything_open(kind: Kind) {
    let connections = ["a", "b", "c", "default"];
    let account = Account::with_records(2, kind).logged_in();
    for connection in &connections[..3] {
        log_in_as(&account, connection);
    }
    let mut account = account;
    let (mut to, mut from) = (NEW_KEY, VAULT_KEY);
    for (at, held) in connections.into_iter().enumerate() {
        account =
            account.environment("CONNECTOR_VAULT_KEY", to).environment("CONNECTOR_VAULT_OLD_KEYS", from);
        let status = account.connector().run(["vault", "status"]).response();
        let key_id = text(&status["keys"][0]["key_id"]).to_owned();
        assert_eq!(sealed_with(account.store(), &key_id), 0);

        hold(account.store(), held);
        let running = account.connector().start(["vault", "rekey"]);
        wait_until("the connections before are rekeyed", || sealed_with(account.store(), &key_id) == at);
        running.signal(Signal::Kill);
        drop(running);
        let_go(account.store());
        assert_eq!(sealed_with(account.store(), &key_id), at, "each by itself, and none by half");
        for connection in connections {
            assert_eq!(companies(&account, connection), 2, "{connection} after {held} was held");
        }

        let report = rekey(&account);
        assert_eq!((&report["rekeyed"], &report["already"]), (&json!(4 - at), &json!(at)), "{report}");
        account = account.environment("CONNECTOR_VAULT_OLD_KEYS", "");
        assert_eq!(companies(&account, held), 2);
        std::mem::swap(&mut to, &mut from);
    }
}

fn what_no_key_opens_is_left_and_told(kind: Kind) {
    let account = Account::with_records(2, kind).logged_in().environment("CONNECTOR_VAULT_KEY", OTHER_KEY);
    log_in_as(&account, "other");
    let account = account
        .environment("CONNECTOR_VAULT_KEY", NEW_KEY)
        .environment("CONNECTOR_VAULT_OLD_KEYS", OTHER_KEY);
    let outcome = account.connector().run(["vault", "rekey"]);
    assert_eq!(outcome.exit_code(), 78, "{outcome:?}");
    let report = outcome.envelope()["response"].take();
    assert_eq!((&report["rekeyed"], &report["already"]), (&json!(1), &json!(0)), "{report}");
    let failed = &report["failed"][0];
    assert_eq!(
        (&failed["kind"], &failed["connection"]),
        (&json!("connection"), &json!("default")),
        "{report}"
    );
    let status = account.connector().run(["vault", "status"]).response();
    let missing = status["keys"].as_array().and_then(|keys| keys.last().cloned()).expect("a key");
    assert_eq!((&missing["role"], &missing["key_id"]), (&json!("missing"), &failed["key_id"]), "{status}");

    let both = [OTHER_KEY, VAULT_KEY].join(" ");
    let account = account.environment("CONNECTOR_VAULT_OLD_KEYS", &both);
    let report = rekey(&account);
    assert_eq!((&report["rekeyed"], &report["already"]), (&json!(1), &json!(1)), "{report}");
}

#[test]
fn nothing_starts_on_postgresql_without_a_key() {
    let account = Account::with_records(1, Kind::Postgres).environment("CONNECTOR_VAULT_KEY", "");
    for arguments in
        [&["login", "--no-browser"][..], &["serve", "--listen", "127.0.0.1:0"], &["vault", "rekey"]]
    {
        let outcome = account.connector().run(arguments);
        assert_eq!(outcome.exit_code(), 78, "{arguments:?}: {outcome:?}");
        let error = outcome.error();
        assert_eq!(error["error_code"], "integration_missing_parameter", "{error}");
        assert!(text(&error["message"]).contains("CONNECTOR_VAULT_KEY_COMMAND"), "{error}");
    }
    assert!(account.control().requests().is_empty());
}

#[test]
fn two_sources_of_the_key_are_refused() {
    let account = Account::with_records(1, Kind::Sqlite)
        .environment("CONNECTOR_VAULT_KEY_COMMAND", "touch ran")
        .environment("CONNECTOR_VAULT_KEY_FILE", "key");
    for arguments in
        [&["login", "--no-browser"][..], &["serve", "--listen", "127.0.0.1:0"], &["vault", "status"]]
    {
        let outcome = account.connector().run(arguments);
        assert_eq!(outcome.exit_code(), 78, "{arguments:?}: {outcome:?}");
        let message = text(&outcome.error()["message"]).to_owned();
        assert!(message.contains("CONNECTOR_VAULT_KEY and CONNECTOR_VAULT_KEY_FILE"), "{message}");
        assert!(!format!("{outcome:?}").contains(VAULT_KEY), "{outcome:?}");
    }
    assert!(!account.connector().working_folder().join("ran").exists());
}

#[test]
fn the_file_beside_a_database_is_changed_for_another() {
    let account = Account::with_records(2, Kind::Sqlite).environment("CONNECTOR_VAULT_KEY", "").logged_in();
    let file = account.store().url().trim_start_matches("sqlite://").to_owned() + ".key";
    let old = file.clone() + ".old";
    fs::rename(&file, &old).unwrap();
    let account = account.environment("CONNECTOR_VAULT_OLD_KEY_FILES", &old);
    assert_eq!(rekey(&account)["rekeyed"], 1);
    fs::remove_file(&old).unwrap();
    let account = account.environment("CONNECTOR_VAULT_OLD_KEY_FILES", "");
    assert_eq!(companies(&account, "default"), 2);
    assert_eq!(account.connector().run(["vault", "status"]).response()["source"], json!(file));
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_that_touches_the_vault_leaves_no_core_file() {
    let account = Account::with_records(1, Kind::Sqlite);
    let mut running = account.connector().start(["sandbox", "--port", "0"]);
    running.wait_for_standard_output("ready");
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
}
