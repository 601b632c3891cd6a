//! Connecting an account through the app's own page.

use serde_json::json;
use system_tests::{
    account::{Account, follow_login, text},
    binary::Signal,
    browser::visit,
    store::Kind,
};
use teamleader_sandbox::Consent;

on_both_stores! {
    a_login_keeps_tokens_that_the_next_process_uses,
    a_denial_is_told_as_one,
    connections_have_names,
    a_connection_stays_with_its_account_unless_told,
    a_logout_forgets_the_tokens,
}

fn a_login_keeps_tokens_that_the_next_process_uses(kind: Kind) {
    let account = Account::with_records(10, kind);
    let outcome = account.login();
    let response = outcome.response();
    assert_eq!(response["account"], account.control().account().to_string(), "{response}");
    let status = account.connector().run(["status"]).response();
    assert_eq!(
        (&status["connections"][0]["name"], &status["connections"][0]["state"]),
        (&json!("default"), &json!("active")),
        "{status}"
    );
    let who = account.connector().run(["validate_credentials"]).response();
    assert_eq!((&who["valid"], &who["unique_tenant_id"]), (&json!(true), &response["account"]));
    let listed = account.connector().run([
        "list_companies",
        "--json",
        r#"{"auth":{"stored":{"connection":"default"}}}"#,
    ]);
    assert_eq!(listed.response().as_array().map(Vec::len), Some(10));
}

fn a_denial_is_told_as_one(kind: Kind) {
    let account = Account::with_records(1, kind);
    account.control().switch(|switches| switches.consent = Consent::Deny);
    let outcome = account.login();
    assert_eq!(outcome.exit_code(), 77, "{outcome:?}");
    assert_eq!(outcome.error()["error_code"], "permission_denied");
    assert_eq!(account.token_requests(), 0, "nothing is posted");
    let status = account.connector().run(["status"]).response();
    assert_eq!(status["connections"], json!([]), "{status}");
}

fn connections_have_names(kind: Kind) {
    let account = Account::with_records(3, kind).logged_in();
    let refused = account.connector().run(["login", "--no-browser", "--connection", "Second Ünit"]);
    assert_eq!((refused.exit_code(), &refused.error()["error_code"]), (64, &json!("invalid_value")));
    let hint = refused.error()["error_metadata"]["hint"].clone();
    assert_eq!(hint, "call it `Second--nit`", "the broker could not say it");
    let mut login = account.connector().start(["login", "--no-browser", "--connection", "acme/second"]);
    visit(&follow_login(&mut login));
    assert_eq!(login.wait().response()["connection"], "acme/second");
    let status = account.connector().run(["status"]).response();
    let names: Vec<_> = status["connections"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|connection| text(&connection["name"]))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let report = account.sync_well(["companies", "--connection", "acme/second"]);
    assert_eq!(report["streams"][0]["inserted"], 3);
}

fn a_connection_stays_with_its_account_unless_told(kind: Kind) {
    let account = Account::with_records(4, kind).logged_in();
    account.sync_well(["companies"]);
    let first = account.control().account().to_string();
    let second = account.control().switch_account(None).to_string();
    let refused = account.login();
    assert_eq!(refused.exit_code(), 69, "{refused:?}");
    let error = refused.error();
    assert_eq!(error["app_error_code"], "oauth.account_mismatch");
    for id in [&first, &second] {
        assert!(text(&error["message"]).contains(id.as_str()), "{error}");
    }
    let status = account.connector().run(["status"]).response();
    assert_eq!(status["connections"][0]["account"], first, "it has what it had: {status}");
    account.sync_well(["companies"]);

    let mut login = account.connector().start(["login", "--no-browser", "--change-account"]);
    visit(&follow_login(&mut login));
    assert_eq!(login.wait().response()["account"], second);
    for command in ["sync", "verify"] {
        let outcome = account.connector().run([command, "companies"]);
        assert_eq!(outcome.exit_code(), 69, "{outcome:?}");
        let report = outcome.envelope();
        assert_eq!(
            report["response"]["streams"][0]["error"]["app_error_code"], "sync.account_mismatch",
            "{report}"
        );
    }
    let token = account.control().issue_tokens().access_token;
    let envelope = json!({"auth": {"oauth": {"access_token": token}}}).to_string();
    let outcome = account.connector().run(["sync", "companies", "--json", &envelope]);
    assert_eq!(outcome.exit_code(), 69, "nor with a token of the caller's own: {outcome:?}");
    let elsewhere = match kind {
        Kind::Postgres => ["--schema", "elsewhere"],
        Kind::Sqlite => ["--to", "sqlite://elsewhere.db"],
    };
    account.sync_well(["companies", elsewhere[0], elsewhere[1]]);
}

fn a_logout_forgets_the_tokens(kind: Kind) {
    let account = Account::with_records(1, kind).logged_in();
    let response = account.connector().run(["logout"]).response();
    assert_eq!(response["account"], account.control().account().to_string());
    assert_eq!(response["revoked_at_provider"], json!(null), "this app takes nothing back: {response}");
    let status = account.connector().run(["status"]).response();
    assert_eq!(status["connections"], json!([]), "{status}");
    let again = account.connector().run(["logout"]);
    assert_eq!((again.exit_code(), &again.error()["error_code"]), (69, &json!("not_found")), "{again:?}");
    assert_ne!(account.sync(["companies"]).exit_code(), 0);
}

/// Somebody on another machine, whose browser cannot reach this one.
fn far_away() -> Account {
    let account = Account::with_records(1, Kind::Sqlite);
    let elsewhere = "https://elsewhere.example/callback";
    account.control().switch(|switches| switches.redirect_uris.push(elsewhere.to_owned()));
    account.environment("TEAMLEADER_REDIRECT_URI", elsewhere)
}

#[test]
fn wrong_addresses_are_explained_and_the_right_one_is_taken() {
    let account = far_away();
    let mut login = account.connector().start_typing(["login"]);
    let callback = follow_login(&mut login);
    let (address, query) = callback.split_once('?').unwrap();
    for (wrong, explanation) in [
        ("what do you mean?", "not the whole address"),
        (address, "not the whole address"),
        (&*format!("{address}?code=a&state=other"), "from another login"),
        (&*format!("{}/oauth2/authorize?x=y", account.sandbox().url()), "address to agree at"),
    ] {
        login.type_line(wrong);
        login.wait_for_standard_error(explanation);
    }
    assert_eq!(account.token_requests(), 0);
    login.type_line("");
    login.type_line(&format!("  {address}?{query} "));
    let outcome = login.wait();
    assert_eq!(outcome.response()["account"], account.control().account().to_string());
    let code = query.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap();
    assert!(!outcome.standard_error.contains(code), "{outcome:?}");
}

#[test]
fn an_input_that_ends_before_the_address_comes_ends_the_login() {
    let outcome = far_away().connector().run(["login", "--no-browser"]);
    assert_eq!(outcome.exit_code(), 64, "{outcome:?}");
    assert!(text(&outcome.error()["message"]).contains("standard input ended"), "{outcome:?}");
}

#[test]
fn a_callback_with_another_state_is_passed_over() {
    let account = Account::with_records(1, Kind::Sqlite);
    let mut login = account.connector().start(["login", "--no-browser"]);
    let callback = follow_login(&mut login);
    let (address, query) = callback.split_once('?').unwrap();
    let state = query.split('&').find_map(|pair| pair.strip_prefix("state=")).unwrap();
    for other in [
        format!("{address}?code=stolen&state=x{state}"),
        format!("{address}?code=stolen"),
        format!("{address}?error=access_denied"),
        address.to_owned(),
        format!("{}/favicon.ico", address.trim_end_matches("/callback")),
    ] {
        assert_eq!(visit(&other).status, 400, "{other}");
    }
    assert_eq!(account.token_requests(), 0, "nothing is posted for them");
    assert_eq!(visit(&callback).status, 200);
    assert_eq!(login.wait().exit_code(), 0);
}

#[test]
fn a_login_asks_for_exactly_the_tokens_of_its_code_with_pkce() {
    let account = Account::with_records(1, Kind::Sqlite);
    let mut login = account.connector().start(["login", "--no-browser"]);
    let callback = follow_login(&mut login);
    visit(&callback);
    assert_eq!(login.wait().exit_code(), 0);
    let requests = account.control().requests();
    let authorize = requests.iter().find(|request| request.path == "/oauth2/authorize").unwrap();
    for part in ["response_type=code", "code_challenge_method=S256", "code_challenge=", "state="] {
        assert!(authorize.query.contains(part), "{part} in {}", authorize.query);
    }
    let exchange = requests.iter().find(|request| request.path == "/oauth2/access_token").unwrap();
    assert!(exchange.body.contains("code_verifier="), "the code is bound to us");
    assert_eq!(account.token_requests(), 1);
}

#[test]
fn the_redirected_address_may_be_pasted() {
    let account = Account::with_records(1, Kind::Sqlite);
    // Somebody on another machine: the page there cannot reach us.
    let url = account
        .connector()
        .run([
            "get_authorization_url",
            "--json",
            r#"{"request":{"redirect_uri":"http://127.0.0.1:1/cb","state":"s1"}}"#,
        ])
        .response();
    let page = visit(text(&url["authorization_url"]));
    let request = json!({"request": {
        "redirect_uri_with_code": page.location.unwrap(),
        "state": "s1",
        "code_verifier": url["code_verifier"],
    }});
    let tokens = account
        .connector()
        .run_with_input(["handle_authorization_callback", "--json", "-"], request.to_string())
        .response();
    for key in ["access_token", "refresh_token", "token_type", "expires_in", "expires_at", "scope", "state"] {
        assert!(tokens.get(key).is_some(), "{key} is missing");
    }
    let refresh = json!({"request": {"refresh_token": tokens["refresh_token"]}}).to_string();
    let new =
        account.connector().run_with_input(["refresh_access_token", "--json", "-"], &*refresh).response();
    assert_ne!(new["refresh_token"], tokens["refresh_token"], "it rotates");
    let used = account.connector().run_with_input(["refresh_access_token", "--json", "-"], &*refresh);
    assert_eq!((used.exit_code(), &used.error()["error_code"]), (78, &json!("creds_revoked")));
    let envelope = json!({"auth": {"oauth": {"access_token": new["access_token"]}}}).to_string();
    assert_eq!(account.connector().run(["validate_credentials", "--json", &envelope]).exit_code(), 0);
}

#[test]
fn a_login_that_nobody_answers_is_ended_by_a_signal() {
    let account = Account::with_records(1, Kind::Sqlite);
    let mut login = account.connector().start(["login", "--no-browser"]);
    login.wait_for_standard_error("/oauth2/authorize");
    login.signal(Signal::Interrupt);
    let outcome = login.wait();
    assert_eq!(outcome.exit_code(), 130, "{outcome:?}");
    outcome.envelope();
}

#[test]
fn a_login_without_client_or_secret_names_what_is_missing() {
    let account = Account::with_records(1, Kind::Sqlite)
        .environment("TEAMLEADER_CLIENT_ID", "")
        .environment("TEAMLEADER_CLIENT_SECRET", "");
    let outcome = account.connector().run(["login", "--no-browser"]);
    assert!([64, 78].contains(&outcome.exit_code()), "{outcome:?}");
    assert!(outcome.error()["message"].to_string().contains("/settings/client_"), "{outcome:?}");
    assert_eq!(account.control().requests(), []);
}

#[test]
fn a_postgres_store_without_a_key_refuses_the_login_and_takes_a_sync() {
    let account = Account::with_records(5, Kind::Postgres).environment("CONNECTOR_VAULT_KEY", "");
    let outcome = account.connector().run(["login", "--no-browser"]);
    assert_eq!(outcome.exit_code(), 78, "{outcome:?}");
    let error = outcome.error();
    assert!(error.to_string().contains("CONNECTOR_VAULT_KEY"), "{error}");
    assert!(text(&error["error_metadata"]["hint"]).contains("openssl"), "{error}");
    assert_eq!(account.control().requests(), [], "before anybody agrees");
    account.sync_well(["companies"]);
    account.assert_same("companies");
}

#[test]
fn a_sqlite_store_makes_its_own_key_that_nobody_else_may_read() {
    use std::os::unix::fs::PermissionsExt;

    let account = Account::with_records(5, Kind::Sqlite).environment("CONNECTOR_VAULT_KEY", "").logged_in();
    account.sync_well(["companies"]);
    let key = account.connector().working_folder().join("store.db.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::remove_file(&key).unwrap();
    let outcome = account.sync(["companies"]);
    assert_eq!(outcome.exit_code(), 78, "{outcome:?}");
}

#[test]
fn another_vault_key_is_told_apart() {
    let account = Account::with_records(5, Kind::Sqlite).logged_in();
    let account = account.environment("CONNECTOR_VAULT_KEY", &"5a".repeat(32));
    let outcome = account.sync(["companies"]);
    assert_eq!(outcome.exit_code(), 78, "{outcome:?}");
    assert!(
        outcome.error()["error_metadata"]["hint"].to_string().contains("CONNECTOR_VAULT_OLD_KEYS"),
        "{outcome:?}"
    );
    assert!(!format!("{outcome:?}").contains(&"5a".repeat(32)));
}
