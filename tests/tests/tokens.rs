//! Access tokens that expire, refresh tokens that rotate, grants that are gone.

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    binary::Signal,
    served::{Served, create_key},
    store::Kind,
    streams::STREAMS,
    waiting::wait_until,
};
use teamleader_sandbox::{Action, Fault, FaultKind, RefreshError, Scheduled};

on_both_stores! {
    a_token_that_expires_in_the_middle_of_a_walk_is_refreshed_once,
    a_refreshed_token_serves_the_next_process,
    a_token_that_expired_before_the_run_is_refreshed_once_for_all_streams,
    a_revoked_grant_asks_for_a_person,
    two_processes_that_meet_an_expired_token_refresh_it_once,
}

fn account(kind: Kind) -> Account {
    Account::with_records(25, kind).environment("TEAMLEADER_PAGE_SIZE", "10").logged_in()
}

fn connection_state(account: &Account) -> Value {
    let status = account.connector().run(["status"]).response();
    status["connections"][0]["state"].clone()
}

fn a_token_that_expires_in_the_middle_of_a_walk_is_refreshed_once(kind: Kind) {
    let account = account(kind);
    account.control().add_fault(Fault::on("/companies.list", FaultKind::TokenExpiry).nth(2).times(1));
    account.sync_well(STREAMS);
    assert_eq!(account.token_requests(), 1);
    for stream in STREAMS {
        account.assert_same(stream);
    }
}

fn a_refreshed_token_serves_the_next_process(kind: Kind) {
    let account = account(kind);
    for round in 1..=3 {
        account.control().expire_access_tokens();
        account.sync_well(["companies", "users"]);
        assert_eq!(account.token_requests(), round, "one refresh for each expiry");
        account.sync_well(["companies", "users"]);
        assert_eq!(account.token_requests(), round, "the new token is kept");
    }
    assert_eq!(connection_state(&account), "active");
}

fn a_token_that_expired_before_the_run_is_refreshed_once_for_all_streams(kind: Kind) {
    let account = account(kind).environment("TEAMLEADER_CONCURRENCY", "10");
    account.control().expire_access_tokens();
    account.control().add_fault(Fault::on("/oauth2/access_token", FaultKind::SlowHeaders { millis: 300 }));
    account.sync_well(STREAMS);
    assert_eq!(account.token_requests(), 1);
}

fn a_revoked_grant_asks_for_a_person(kind: Kind) {
    for form in [RefreshError::Legacy, RefreshError::Grant, RefreshError::Rfc] {
        let account = account(kind);
        account.control().switch(|switches| switches.refresh_error = form);
        account.sync_well(["companies"]);
        account.control().revoke_tokens();
        account.control().clear_requests();
        let outcome = account.sync(["companies", "deals", "users"]);
        assert_eq!(outcome.exit_code(), 78, "{form:?}: {outcome:?}");
        let report = outcome.envelope()["response"].take();
        assert_eq!(report["status"], "failed", "{form:?}: {report}");
        let error = &of_stream(&report, "companies")["error"];
        assert_eq!(error["error_code"], "creds_revoked", "{form:?}: {report}");
        assert!(text(&error["error_metadata"]["hint"]).contains("login"), "{error}");
        assert_eq!(account.token_requests(), 1, "{form:?}: a dead token is tried once");
        assert_eq!(connection_state(&account), "reauthorization_required", "{form:?}");

        let again = account.connector().run(["list_companies"]);
        assert_eq!(
            (again.exit_code(), &again.error()["error_code"]),
            (78, &json!("creds_revoked")),
            "{again:?}"
        );
        assert_eq!(account.token_requests(), 1, "{form:?}: nor by the next process");

        let login = account.login();
        assert_eq!(login.exit_code(), 0, "{login:?}");
        assert_eq!(connection_state(&account), "active");
        account.sync_well(["companies"]);
        account.assert_same("companies");
    }
}

fn two_processes_that_meet_an_expired_token_refresh_it_once(kind: Kind) {
    let account = account(kind);
    for _ in 0..3 {
        account.control().clear_requests();
        account.control().expire_access_tokens();
        // Slow enough for the second process to want the same.
        account
            .control()
            .add_fault(Fault::on("/oauth2/access_token", FaultKind::SlowHeaders { millis: 700 }).times(1));
        let both = [account.connector().start(["list_companies"]), account.connector().start(["list_deals"])];
        for running in both {
            let outcome = running.wait();
            assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
        }
        assert_eq!(account.token_requests(), 1);
    }
}

#[test]
fn a_token_of_the_vault_is_retrieved_by_command_and_not_over_http() {
    let account = account(Kind::Sqlite);
    let call = |request: Value| {
        let envelope = json!({"request": request}).to_string();
        account.connector().run(["retrieve_token", "--json", &envelope])
    };
    let first = call(json!({})).response();
    assert_eq!((&first["connection"], &first["refreshed"]), (&json!("default"), &json!(false)), "{first}");
    assert_eq!(call(json!({"min_ttl": 30})).response()["access_token"], first["access_token"]);
    let other = call(json!({"force_refresh": true})).response();
    assert_eq!((&other["refreshed"], account.token_requests()), (&json!(true), 1), "{other}");
    assert_ne!(other["access_token"], first["access_token"]);
    let told = account.connector().run(["token_status"]).response();
    assert_eq!((&told["state"], &told["generation"]), (&json!("active"), &other["generation"]));
    assert!(!told.to_string().contains(text(&other["access_token"])));
    assert_eq!(call(json!({"connection": "nobody"})).exit_code(), 69);

    let key = create_key(&account, &["capability:call"]);
    let served = Served::start(&account);
    let refused = served.ask("POST", "/retrieve_token", &key, &Value::Null);
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(text(&refused.body["error"]["error_metadata"]["hint"]).contains("binb-token"), "{refused:?}");
    let told = served.ask("POST", "/token_status", &key, &Value::Null);
    assert_eq!(told.body["response"]["state"], "active", "{told:?}");

    account.control().revoke_tokens();
    assert_eq!(call(json!({"force_refresh": true})).exit_code(), 78);
    assert_eq!(account.connector().run(["token_status"]).response()["state"], "reauthorization_required");
    assert_eq!(account.connector().run(["logout"]).exit_code(), 0);
    assert_eq!(account.connector().run(["token_status"]).response()["state"], "revoked");
}

#[test]
fn a_refresh_that_fails_for_a_moment_does_not_cost_the_connection() {
    let account = account(Kind::Sqlite);
    account.control().expire_access_tokens();
    account.control().add_fault(Fault::on("/oauth2/access_token", FaultKind::status(503)).times(1));
    let first = account.sync(["companies"]);
    assert!([0, 75].contains(&first.exit_code()), "{first:?}");
    assert_eq!(connection_state(&account), "active");
    account.sync_well(["companies"]);
    account.assert_same("companies");
}

#[test]
fn a_token_of_the_callers_own_is_not_refreshed() {
    let account = Account::with_records(5, Kind::Sqlite);
    account.control().expire_access_tokens();
    let outcome = account.sync(["companies"]);
    assert_eq!(outcome.exit_code(), 78, "{outcome:?}");
    let report = outcome.envelope()["response"].take();
    assert_eq!(of_stream(&report, "companies")["error"]["error_code"], "unauthorized", "{report}");
    assert_eq!(account.token_requests(), 0);
}

#[test]
fn a_wrong_client_secret_is_told_as_that_and_does_not_condemn_the_connection() {
    let account = account(Kind::Sqlite);
    account.control().expire_access_tokens();
    let wrong = json!({"settings": {"client_secret": "hunter2"}}).to_string();
    for _ in 0..2 {
        let outcome = account.connector().run(["list_companies", "--json", &wrong]);
        assert_eq!(outcome.exit_code(), 78, "{outcome:?}");
        let error = outcome.error();
        assert!(text(&error["error_metadata"]["hint"]).contains("client_secret"), "{error}");
        assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:?}");
    }
    assert_eq!(account.token_requests(), 1, "what was refused is not sent again at once");
    let connection = account.connector().run(["status"]).response()["connections"][0].take();
    assert_eq!(
        (&connection["state"], &connection["reason"], &connection["failures"]),
        (&json!("misconfigured"), &json!("invalid_client"), &json!(1)),
        "{connection}"
    );
    assert!(connection["retry_after"].is_string(), "{connection}");
    // The right one is tried at once.
    account.sync_well(["companies"]);
    assert_eq!(connection_state(&account), "active");
}

#[test]
fn a_process_that_is_killed_while_it_refreshes_keeps_no_other_out() {
    let account = account(Kind::Sqlite);
    account.control().expire_access_tokens();
    account
        .control()
        .add_fault(Fault::on("/oauth2/access_token", FaultKind::SlowHeaders { millis: 3_600_000 }).times(1));
    let first = account.connector().start(["list_companies"]);
    wait_until("the refresh is under way", || account.token_requests() == 1);
    first.signal(Signal::Kill);
    first.wait();
    // The app has used up the refresh token and nobody has its successor: only a person can help, and is told so.
    let second = account.connector().run(["list_companies"]);
    assert_eq!(
        (second.exit_code(), &second.error()["error_code"]),
        (78, &json!("creds_revoked")),
        "{second:?}"
    );
    assert_eq!(account.login().exit_code(), 0);
    account.sync_well(["companies"]);
    account.assert_same("companies");
}

#[test]
fn a_process_that_is_killed_while_its_token_is_valid_leaves_it_in_use() {
    let account = account(Kind::Sqlite);
    account
        .control()
        .add_fault(Fault::on("/oauth2/access_token", FaultKind::SlowHeaders { millis: 3_600_000 }).times(1));
    account.control().add_fault(Fault::on("/companies.list", FaultKind::status(401)).times(1));
    let first = account.connector().start(["list_companies"]);
    wait_until("the refresh is under way", || account.token_requests() == 1);
    first.signal(Signal::Kill);
    first.wait();
    // By its date the token is good, and it is: nobody asks for another as long as that is so.
    account.sync_well(["companies"]);
    assert_eq!(account.token_requests(), 1);
    account.assert_same("companies");
}

#[test]
fn tokens_that_expire_again_and_again_are_refreshed_each_time() {
    let account = account(Kind::Sqlite);
    account.control().switch(|switches| switches.refresh_kills_access_token = true);
    for request in [1, 3] {
        let expiry = Scheduled::after(request, "/companies.list", Action::ExpireTokens);
        account.control().schedule(expiry);
    }
    account.sync_well(["companies"]);
    assert_eq!(account.token_requests(), 2);
    account.assert_same("companies");
}
