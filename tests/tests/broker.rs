//! The token broker of a real server: tokens for other programs, each of them in the audit log.

use std::thread;

use serde_json::{Value, json};
use system_tests::{
    account::{Account, text},
    served::{Reply, Served, create_key},
    store::Kind,
    waiting::wait_until,
};
use teamleader_sandbox::{Fault, FaultKind};

on_both_stores! {
    a_token_is_handed_out_as_it_is_in_the_vault,
    many_callers_of_two_servers_renew_a_token_once,
    a_refresh_token_alone_is_tried_and_belongs_to_its_account,
    a_refresh_under_way_is_waited_for_when_the_server_is_stopped,
    a_grant_that_is_gone_asks_for_a_person_and_hands_out_nothing,
    a_log_that_was_changed_is_told_from_a_whole_one,
    without_the_log_nothing_is_handed_out,
    a_connection_comes_and_goes,
    nothing_secret_is_said,
}

const TOKEN: &str = "/default/teamleader/binb-token";
const STATUS: &str = "/default/teamleader/binb-status";

fn account(kind: Kind) -> Account {
    Account::with_records(3, kind).logged_in()
}

/// What is in the audit log, as the command shows it.
fn audited(account: &Account) -> Vec<Value> {
    let mut listed = account.connector().run(["audit", "list", "--limit", "1000"]).response();
    match listed["entries"].take() {
        Value::Array(entries) => entries,
        other => panic!("no entries: {other}"),
    }
}

fn a_token_is_handed_out_as_it_is_in_the_vault(kind: Kind) {
    let account = account(kind);
    let key = create_key(&account, &["token:read"]);
    let served = Served::start(&account);
    let answer = served.get(TOKEN, &key);
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = &answer.body;
    assert_eq!((&body["refreshed"], &body["generation"]), (&json!(false), &json!(1)));
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(
        (answer.headers["cache-control"].as_str(), &answer.headers["pragma"][..]),
        ("no-store", "no-cache")
    );
    assert!(!answer.headers["x-request-id"].is_empty());
    assert_eq!(account.token_requests(), 0, "the one of the login is good");
    assert_eq!(served.get(&format!("/laputa{TOKEN}"), &key).body["access_token"], body["access_token"]);

    // The app takes it.
    let envelope = json!({"auth": {"oauth": {"access_token": body["access_token"]}}}).to_string();
    let called = account.connector().run(["get_me", "--json", &envelope]);
    assert_eq!(called.exit_code(), 0, "{called:?}");

    // What the key is not for is refused before it is looked at what there is.
    for path in [STATUS, "/nobody/nothing/binb-status", "/connections", "/audit"] {
        assert_eq!(served.get(path, &key).status, 403, "{path}");
    }
    assert_eq!(served.get(TOKEN, "bk_abcd1234_no").status, 401);
    let told: Vec<_> = audited(&account)
        .iter()
        .map(|entry| (text(&entry["action"]).to_owned(), entry["outcome"].clone()))
        .collect();
    assert_eq!(told.len(), 7, "{told:?}");
    assert_eq!(told.iter().filter(|(_, outcome)| outcome == "ok").count(), 2, "{told:?}");
}

fn many_callers_of_two_servers_renew_a_token_once(kind: Kind) {
    let account = account(kind);
    let key = create_key(&account, &["token:read", "connection:write"]);
    let servers = [Served::start(&account), Served::start(&account)];
    let tokens = account.control().issue_tokens();
    let import = json!({
        "refresh_token": tokens.refresh_token, "access_token": tokens.access_token, "expires_in": 0, "connection": "moved",
    });
    let imported = servers[0].ask("PUT", "/default/teamleader/tokens", &key, &import);
    assert_eq!(imported.status, 204, "{imported:?}");
    account.control().clear_requests();
    let path = format!("{TOKEN}?connection=moved");
    let answers: Vec<Reply> = thread::scope(|scope| {
        let callers: Vec<_> = (0..16)
            .map(|caller| {
                scope.spawn({
                    let (servers, path, key) = (&servers, &path, &key);
                    move || servers[caller % 2].get(path, key)
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().expect("an answer")).collect()
    });
    let tokens: std::collections::HashSet<_> =
        answers.iter().map(|answer| text(&answer.body["access_token"]).to_owned()).collect();
    assert_eq!(tokens.len(), 1, "{answers:?}");
    assert_eq!(account.token_requests(), 1);
    assert_eq!(account.connector().run(["audit", "verify"]).exit_code(), 0, "two servers write one chain");
    let refreshed = audited(&account).iter().filter(|entry| entry["refreshed"] == true).count();
    assert!(refreshed >= 1);
}

fn a_refresh_token_alone_is_tried_and_belongs_to_its_account(kind: Kind) {
    let account = account(kind);
    let key = create_key(&account, &["token:read", "status:read", "connection:write"]);
    let served = Served::start(&account);
    let import = |refresh_token: &str| {
        let body = json!({"refresh_token": refresh_token, "connection": "moved"});
        served.ask("PUT", "/default/teamleader/tokens", &key, &body)
    };
    let refused = import("of-nobody");
    assert_eq!(refused.code(), (400, "teamleader.invalid_request"), "{refused:?}");
    let path = format!("{TOKEN}?connection=moved");
    assert_eq!(served.get(&path, &key).code(), (404, "teamleader.connection_not_found"));

    account.control().clear_requests();
    let imported = import(&account.control().issue_tokens().refresh_token);
    assert_eq!((imported.status, account.token_requests()), (204, 1), "{imported:?}");
    let handed = served.get(&path, &key);
    assert_eq!((handed.status, &handed.body["refreshed"]), (200, &json!(false)), "{handed:?}");
    let status = account.connector().run(["status"]).response();
    let connections = status["connections"].as_array().expect("a list");
    let accounts: Vec<_> = connections.iter().map(|connection| text(&connection["account"])).collect();
    assert_eq!(accounts.len(), 2, "{status}");
    assert_eq!(accounts[0], accounts[1], "it is known whose the tokens are: {status}");
    let again = import(&account.control().issue_tokens().refresh_token);
    assert_eq!(again.code(), (409, "teamleader.account_unknown"), "{again:?}");
}

fn a_refresh_under_way_is_waited_for_when_the_server_is_stopped(kind: Kind) {
    let account = account(kind);
    let key = create_key(&account, &["token:read"]);
    let served = Served::start(&account);
    account.control().clear_requests();
    let slow = FaultKind::SlowHeaders { millis: 5_000 };
    account.control().add_fault(Fault::on("/oauth2/access_token", slow).times(1));
    let before = served.get(TOKEN, &key).body["access_token"].clone();
    let answer = thread::scope(|scope| {
        let asking = scope.spawn(|| served.get(&format!("{TOKEN}?force_refresh=true"), &key));
        wait_until("the app has the refresh token", || account.token_requests() == 1);
        served.terminate();
        asking.join().expect("an answer")
    });
    assert_eq!(answer.status, 200, "whoever waits for it is answered: {answer:?}");
    assert_eq!(served.wait().exit_code(), 143);
    let again = Served::start(&account);
    let kept = again.get(TOKEN, &key);
    assert_eq!((kept.status, account.token_requests()), (200, 1), "{kept:?}");
    assert_ne!(kept.body["access_token"], before, "the new token was kept");
    assert_eq!(kept.body["access_token"], answer.body["access_token"]);
}

fn a_grant_that_is_gone_asks_for_a_person_and_hands_out_nothing(kind: Kind) {
    let account = account(kind);
    let reader = create_key(&account, &["token:read", "status:read"]);
    let writer = create_key(&account, &["token:read", "connection:write"]);
    let served = Served::start(&account);
    account.control().revoke_tokens();
    for _ in 0..2 {
        let answer = served.get(&format!("{TOKEN}?force_refresh=true"), &reader);
        assert_eq!(answer.code(), (424, "teamleader.reauthorization_required"), "{answer:?}");
        assert_eq!(answer.body["error"]["error_code"], "creds_revoked");
        assert!(
            answer.body.get("response").is_none() && answer.body["error"].get("authorization_url").is_none()
        );
    }
    assert_eq!(account.token_requests(), 1, "a dead token is tried once");
    let status = served.get(STATUS, &reader);
    assert_eq!(status.body["state"], "reauthorization_required", "{status:?}");
    let answer = served.get(&format!("{TOKEN}?force_refresh=true"), &writer);
    let way_out = text(&answer.body["error"]["authorization_url"]);
    assert!(way_out.starts_with(&account.sandbox().url()), "{answer:?}");
}

fn a_log_that_was_changed_is_told_from_a_whole_one(kind: Kind) {
    let account = account(kind);
    let key = create_key(&account, &["token:read", "audit:read"]);
    let served = Served::start(&account);
    for _ in 0..4 {
        assert_eq!(served.get(TOKEN, &key).status, 200);
    }
    let verified = account.connector().run(["audit", "verify"]).response();
    assert_eq!(verified["entries"], 4);
    let noted = format!("4:{}", text(&verified["hash"]));
    let page = served.get("/audit?limit=2", &key);
    assert_eq!(page.body["items"][1]["seq"], 2, "{page:?}");
    assert_eq!(account.connector().run(["audit", "verify", "--noted", &noted]).exit_code(), 0);
    let table = account.store().own_table("audit");
    account.store().execute(&format!("UPDATE {table} SET entry = replace(entry, 'ok', 'no') WHERE seq = 3"));
    let broken = account.connector().run(["audit", "verify"]);
    assert_eq!(broken.exit_code(), 78, "{broken:?}");
    assert_eq!(broken.error()["app_error_code"], "audit.broken");
    assert!(text(&broken.error()["message"]).contains("entry 3"), "{broken:?}");
}

fn without_the_log_nothing_is_handed_out(kind: Kind) {
    let account = account(kind);
    let key = create_key(&account, &["token:read", "connection:write"]);
    let served = Served::start(&account);
    let token = text(&served.get(TOKEN, &key).body["access_token"]).to_owned();
    let table = account.store().own_table("audit");
    let bare = if kind == Kind::Postgres { "audit" } else { table.as_str() };
    let away = if kind == Kind::Postgres { "connector.audit_away" } else { "connector_audit_away" };
    let away_bare = away.trim_start_matches("connector.");
    account.store().execute(&format!("ALTER TABLE {table} RENAME TO {away_bare}"));
    for (method, path) in [("GET", TOKEN), ("DELETE", TOKEN)] {
        let answer = served.ask(method, path, &key, &Value::Null);
        assert_eq!(answer.code(), (503, "teamleader.audit_unavailable"), "{answer:?}");
        assert!(answer.headers.contains_key("retry-after") && !answer.text.contains(&token));
    }
    account.store().execute(&format!("ALTER TABLE {away} RENAME TO {bare}"));
    assert_eq!(text(&served.get(TOKEN, &key).body["access_token"]), token, "and it was not deleted either");
}

fn a_connection_comes_and_goes(kind: Kind) {
    let account = account(kind);
    let key = create_key(&account, &["admin"]);
    let served = Served::start(&account);
    assert_eq!(served.get(STATUS, &key).body["state"], "active");
    let begun = served.ask("POST", "/beta/teamleader/authorize", &key, &Value::Null);
    assert!(text(&begun.body["authorization_url"]).starts_with(&account.sandbox().url()), "{begun:?}");
    let status = served.get("/beta/teamleader/binb-status", &key);
    assert_eq!(status.body["state"], "pending_authorization", "{status:?}");

    let tokens = account.control().issue_tokens();
    let import = json!({"refresh_token": tokens.refresh_token, "access_token": tokens.access_token, "expires_in": 3600});
    let imported = served.ask("PUT", "/acme/teamleader/tokens", &key, &import);
    assert_eq!(imported.status, 204, "{imported:?}");
    let handed = served.get("/acme/teamleader/binb-token", &key);
    assert_eq!(handed.body["access_token"], json!(tokens.access_token), "{handed:?}");
    let listed = served.get("/connections", &key);
    let apps: Vec<_> =
        listed.body["items"].as_array().expect("a list").iter().map(|item| text(&item["app_id"])).collect();
    assert_eq!(apps, ["acme", "default"]);

    let deleted = served.ask("DELETE", "/acme/teamleader/binb-token", &key, &Value::Null);
    assert!([202, 204].contains(&deleted.status), "{deleted:?}");
    assert_eq!(
        served.get("/acme/teamleader/binb-token", &key).code(),
        (404, "teamleader.connection_not_found")
    );
    assert_eq!(served.get("/acme/teamleader/binb-status", &key).body["state"], "revoked");
    assert_eq!(served.get(TOKEN, &key).status, 200, "others stay");
}

fn nothing_secret_is_said(kind: Kind) {
    let account = account(kind).environment("CONNECTOR_LOG", "trace");
    let key = create_key(&account, &["admin"]);
    let served = Served::start(&account);
    let handed = served.get(&format!("{TOKEN}?force_refresh=true"), &key);
    let token = text(&handed.body["access_token"]).to_owned();
    let imported = json!({"refresh_token": "r3fresh-of-nobody", "connection": "x"});
    served.ask("PUT", "/default/teamleader/tokens", &key, &imported);
    served.get(&format!("{TOKEN}?connection=x"), &key);
    served.get(&format!("{TOKEN}?access_token=s3cret-in-a-query"), &key);
    served.ask("POST", "/default/teamleader/authorize", &key, &json!({"scope": "s3cret-in-a-body", "no": 1}));
    let log = serde_json::to_string(&audited(&account)).expect("JSON");
    assert!(log.contains("token_fp"));
    let said = served.stop();
    let key_secret = key.rsplit('_').next().expect("a secret");
    for secret in [token.as_str(), "r3fresh", "s3cret", key_secret, account.sandbox().client_secret()] {
        for text in [&said.standard_output, &said.standard_error, &log] {
            assert!(!text.contains(secret), "{secret} is said: {text}");
        }
    }
}
