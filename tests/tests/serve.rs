//! `serve`: who may ask what, what nobody may, and the end in good order.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};
use system_tests::{
    account::{Account, VAULT_KEY, text},
    binary::{Connector, RunningConnector, Signal},
    openapi,
    served::{Served, create_key},
    store::Kind,
};

on_both_stores! {
    a_newcomer_makes_a_key_and_calls_a_capability,
    a_key_that_is_taken_back_opens_nothing_soon_after,
}

fn a_newcomer_makes_a_key_and_calls_a_capability(kind: Kind) {
    let account = Account::with_records(30, kind).logged_in();
    let key = create_key(&account, &["admin"]);
    let served = Served::start(&account);
    assert_eq!(served.get("/health/live", "").body, json!("OK"));
    let ready = served.get("/health/ready", "");
    assert_eq!((ready.status, &ready.body["status"]), (200, &json!("ready")));
    assert_eq!(served.get("/info", &key).body["response"]["app_id"], "teamleader");

    let listed = served.ask("POST", "/list_companies", &key, &json!({"page": {"size": 2}}));
    assert_eq!(listed.status, 200, "{}", listed.text);
    assert_eq!(listed.body["response"].as_array().map(Vec::len), Some(2));
    assert!(listed.body["page"]["token"].is_string());
    let same = account.connector().run(["list_companies", "--json", r#"{"page":{"size":2}}"#]);
    assert_eq!(listed.body, same.envelope(), "the same as on the command line");

    let told = served.ask("POST", "/app_info", &key, &json!({"request": {}}));
    assert_eq!((told.status, &told.body), (200, &account.connector().run(["app_info"]).envelope()));

    let missing = json!({"request": {"id": "018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b"}});
    let failed = served.ask("POST", "/get_company", &key, &missing);
    let same = account.connector().run(["get_company", "--json", &missing.to_string()]);
    assert_eq!((failed.status, &failed.body), (404, &same.envelope()));

    let outcome = served.stop();
    assert_eq!(outcome.exit_code(), 143, "{outcome:?}");
    let last = outcome.standard_output.lines().last().unwrap_or_default().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&last).expect("JSON")["response"]["status"], "interrupted");
    let told = format!("{}{}", outcome.standard_output, outcome.standard_error);
    assert!(!told.contains(&key) && !told.contains(&key[12..]), "the key is not told");
    assert!(outcome.standard_error.contains("/list_companies"), "requests are logged");
}

fn a_key_that_is_taken_back_opens_nothing_soon_after(kind: Kind) {
    let account = Account::with_records(3, kind);
    let (key, other) = (create_key(&account, &["admin"]), create_key(&account, &["admin"]));
    let served = Served::start(&account);
    assert_eq!(served.get("/info", &key).status, 200);
    account.connector().run(["keys", "revoke", &key[3..11]]).response();
    system_tests::waiting::wait_until("the key to be refused", || served.get("/info", &key).status == 401);
    assert_eq!(served.get("/info", &other).status, 200);
    let keys = account.connector().run(["keys", "list"]).response();
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(2));
    assert!(keys["keys"][0]["revoked_at"].is_string() && keys["keys"][1]["last_used_at"].is_string());
    assert!(!keys.to_string().contains(&key[12..]) && keys["keys"][0].get("digest").is_none());
}

#[test]
fn whoever_has_no_right_key_gets_nothing_but_health_and_docs() {
    let account = Account::with_records(3, Kind::Sqlite).logged_in();
    let reader = create_key(&account, &["status:read"]);
    let served = Served::start(&account);
    for path in ["/health/live", "/health/ready", "/healthz", "/readyz", "/openapi.json", "/docs/"] {
        assert_eq!(served.get(path, "").status, 200, "{path}");
    }
    for (method, path) in
        [("GET", "/info"), ("POST", "/list_companies"), ("GET", "/metrics"), ("POST", "/nothing")]
    {
        let wrong = served.ask(method, path, "bk_wrong", &Value::Null);
        assert_eq!(wrong.status, 401, "{path}");
        assert_eq!(wrong.headers["www-authenticate"], r#"Bearer realm="connector", error="invalid_token""#);
        assert_eq!(wrong.body["is_error"], true);
    }
    for path in ["/list_companies", "/nothing", "/other/list_companies"] {
        let limited = served.ask("POST", path, &reader, &Value::Null);
        assert_eq!(limited.status, 403, "{path}");
        assert!(limited.headers["www-authenticate"].contains("insufficient_scope"));
    }
    let in_address = served.get(&format!("/info?access_token={reader}"), &reader);
    assert_eq!(in_address.status, 400);
    assert!(!in_address.text.contains(&reader));
    assert_eq!(account.requests("companies"), 0);
}

#[test]
fn many_wrong_keys_have_to_wait() {
    let account = Account::with_records(3, Kind::Sqlite);
    let served = Served::start(&account);
    for _ in 0..10 {
        assert_eq!(served.get("/info", "bk_wrong").status, 401);
    }
    let refused = served.get("/info", "bk_wrong");
    assert_eq!(refused.status, 429);
    assert!(refused.headers["retry-after"].parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
}

#[test]
fn the_metrics_count_requests_and_need_their_scope() {
    let account = Account::with_records(3, Kind::Sqlite).logged_in();
    let key = create_key(&account, &["metrics:read", "capability:call"]);
    let served = Served::start(&account);
    assert_eq!(served.ask("POST", "/list_companies", &key, &Value::Null).status, 200);
    let metrics = served.get("/metrics", &key);
    assert_eq!(metrics.status, 200);
    for line in [
        r#"connector_http_requests_total{method="POST",route="/{capability}",status="200"} 1"#,
        r#"connector_connections{connector="teamleader",state="active"} 1"#,
        "connector_build_info{version=",
        "connector_http_request_duration_seconds_bucket",
    ] {
        assert!(metrics.text.contains(line), "{line} is missing in {}", metrics.text);
    }
}

#[test]
fn the_metrics_tell_what_was_done_for_the_connections() {
    let account = Account::with_records(3, Kind::Sqlite).logged_in();
    let key =
        create_key(&account, &["metrics:read", "sync:write", "sync:read", "token:read", "connection:write"]);
    let served = Served::start(&account);
    let tokens = account.control().issue_tokens();
    let import = json!({"refresh_token": tokens.refresh_token, "access_token": tokens.access_token, "expires_in": 3600});
    assert_eq!(served.ask("PUT", "/acme/teamleader/tokens", &key, &import).status, 204);
    account.control().clear_requests();
    let started = served.ask("POST", "/sync", &key, &json!({"streams": ["companies"]}));
    let run = text(&started.body["response"]["run_id"]).to_owned();
    let end = served.follow(&format!("/sync/{run}/events"), &key).last().expect("an event");
    assert_eq!(end.data["status"], "succeeded", "{end:?}");
    let token = "/default/teamleader/binb-token";
    assert_eq!(served.get(token, &key).status, 200);
    assert_eq!(served.get(&format!("{token}?force_refresh=true"), &key).body["refreshed"], true);
    let again = served.get(&format!("{token}?force_refresh=true"), &key).body;
    assert_eq!(
        (&again["refreshed"], &again["warning"]["error_code"]),
        (&json!(false), &json!("renewed_just_now")),
        "whoever insists at once again spends no refresh token"
    );
    account.control().revoke_tokens();
    assert_eq!(served.get("/acme/teamleader/binb-token?force_refresh=true", &key).status, 424);

    let metrics = served.get("/metrics", &key).text;
    for line in [
        r#"connector_runs_started_total{connector="teamleader"} 1"#,
        r#"connector_runs_ended_total{connector="teamleader",status="succeeded"} 1"#,
        r#"connector_rows_total{connector="teamleader",stream="companies",outcome="inserted"} 3"#,
        r#"connector_rows_total{connector="teamleader",stream="companies",outcome="rejected"} 0"#,
        r#"connector_broker_tokens_total{connector="teamleader",refreshed="false"} 2"#,
        r#"connector_broker_tokens_total{connector="teamleader",refreshed="true"} 1"#,
        r#"connector_refreshes_total{connector="teamleader",outcome="refreshed"} 1"#,
        r#"connector_refreshes_total{connector="teamleader",outcome="permanent"} 1"#,
        r#"connector_refresh_duration_seconds_count{connector="teamleader"} 2"#,
    ] {
        assert!(metrics.contains(line), "{line} is missing in {metrics}");
    }
    let value = |series: &str| -> u64 {
        let line = metrics.lines().find(|line| line.starts_with(series)).expect("the series is there");
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a whole number")
    };
    let counted: u64 = ["200", "400"]
        .map(|status| value(&format!("connector_app_requests_total{{status=\"{status}\"}}")))
        .iter()
        .sum();
    assert_eq!(counted, value("connector_app_request_duration_seconds_count"));
    assert_eq!(value(r#"connector_app_requests_total{status="400"}"#), 1, "the refused refresh");
    for name in [run.as_str(), "default"] {
        assert!(!metrics.contains(name), "{name} is a label in {metrics}");
    }
}

#[test]
fn the_document_is_valid_and_the_same_from_the_command_line() {
    let account = Account::with_records(3, Kind::Sqlite);
    let spec = account.connector().run(["spec"]);
    let verdict = openapi::validate(&spec.standard_output);
    assert_eq!((&verdict["valid"], &verdict["version"]), (&json!(true), &json!("3.1")), "{verdict}");
    let served = Served::start(&account);
    let mut document = served.get("/openapi.json", "").body;
    let mut printed: Value = serde_json::from_str(&spec.standard_output).expect("JSON");
    document["servers"].take();
    printed["servers"].take();
    assert_eq!(document, printed);

    let all = Connector::new("connector").run(["spec"]);
    let verdict = openapi::validate(&all.standard_output);
    assert_eq!(verdict["valid"], true, "{verdict}");
    let all: Value = serde_json::from_str(&all.standard_output).expect("JSON");
    // With a single connector linked in, its paths need no id in front.
    let paths = all["paths"].as_object().expect("paths");
    assert!(paths.keys().any(|path| path.ends_with("/list_companies")));
}

#[test]
fn a_key_that_asks_too_often_waits_and_another_does_not() {
    let account = Account::with_records(3, Kind::Sqlite);
    let (busy, other) = (create_key(&account, &["sync:read"]), create_key(&account, &["sync:read"]));
    let mut running =
        account.connector().start(["serve", "--listen", "127.0.0.1:0", "--requests-per-second", "1"]);
    let ready: Value = serde_json::from_str(&running.wait_for_standard_output("\"ready\"")).expect("JSON");
    let get = |key: &str| {
        let head = "GET /syncs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
        raw(text(&ready["listening"]), &format!("{head}authorization: Bearer {key}\r\n\r\n"))
    };
    assert!(get(&busy).starts_with("HTTP/1.1 200"));
    let refused = (0..100).map(|_| get(&busy)).find(|answer| !answer.starts_with("HTTP/1.1 200"));
    let refused = refused.expect("a hundred requests do not fit into a hundred seconds' worth of them");
    assert!(refused.starts_with("HTTP/1.1 429") && refused.contains("retry-after: 1"), "{refused}");
    assert!(refused.contains("access.too_many_requests"), "{refused}");
    assert!(get(&other).starts_with("HTTP/1.1 200"), "each key has a rate of its own");
}

#[test]
fn an_address_that_others_reach_needs_a_proxy_with_tls() {
    let account = Account::with_records(3, Kind::Sqlite);
    let refused = account.connector().run(["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.exit_code(), 78, "{refused:?}");
    assert!(text(&refused.error()["error_metadata"]["hint"]).contains("--behind-tls-proxy"));
    let behind_proxy = ["serve", "--listen", "0.0.0.0:0", "--behind-tls-proxy"];
    assert_eq!(
        account.connector().run(behind_proxy).exit_code(),
        78,
        "browsers come over TLS, but to where?"
    );
    let address = ["--public-url", "https://connect.example"];
    let mut running = account.connector().start(behind_proxy.into_iter().chain(address));
    running.wait_for_standard_output("\"ready\"");
}

/// What a server answers to bytes, to the end of the connection.
fn raw(address: &str, bytes: &str) -> String {
    let mut connection = TcpStream::connect(address).expect("the server listens");
    connection.write_all(bytes.as_bytes()).expect("the request is small");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("text");
    answer
}

fn start(account: &Account) -> (RunningConnector, String) {
    let mut running = account.connector().start(["serve", "--listen", "127.0.0.1:0"]);
    let ready: Value = serde_json::from_str(&running.wait_for_standard_output("\"ready\"")).expect("JSON");
    (running, text(&ready["listening"]).to_owned())
}

#[test]
fn odd_requests_are_answered_with_envelopes() {
    let account = Account::with_records(3, Kind::Sqlite);
    let (_running, address) = start(&account);
    let status = |head: &str, body: &str| {
        let answer = raw(&address, &format!("{head}\r\nConnection: close\r\n\r\n{body}"));
        let status: u16 = answer.split(' ').nth(1).expect("a status").parse().expect("a number");
        (status, answer)
    };
    let (rebound, answer) = status("GET /health/live HTTP/1.1\r\nHost: evil.example", "");
    assert_eq!(rebound, 421, "{answer}");
    assert!(answer.contains("\"is_error\":true"));
    let (found, answer) = status("GET /nothing HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine-1", "");
    assert_eq!(found, 404);
    assert!(answer.contains("\"not_found\"") && answer.contains("x-request-id: mine-1"), "{answer}");
    assert!(answer.contains("x-content-type-options: nosniff"));
    let (method, answer) = status("PUT /health/live HTTP/1.1\r\nHost: localhost", "");
    assert_eq!(method, 405);
    assert!(answer.to_lowercase().contains("allow: get,head"), "{answer}");
    let put = "PUT /schedules/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000";
    assert_eq!(status(put, "{").0, 401, "nobody reads what a stranger sends");
    let key = create_key(&account, &["sync:write"]);
    assert_eq!(status(&format!("{put}\r\nAuthorization: Bearer {key}"), "{").0, 413);
}

#[test]
fn whoever_sends_nothing_keeps_nobody_out() {
    let account = Account::with_records(3, Kind::Sqlite);
    let (_running, address) = start(&account);
    let idle: Vec<TcpStream> = (0..700)
        .map(|number| {
            let mut connection = TcpStream::connect(&address).expect("the server listens");
            if number % 2 == 0 {
                connection.write_all(b"GET /health/live HTTP/1.1\r\n").expect("a part of a head");
            }
            connection
        })
        .collect();
    let answer = raw(&address, "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(idle);
}

#[test]
fn a_request_under_way_is_finished_before_the_end() {
    let account = Account::with_records(3, Kind::Sqlite);
    let (running, address) = start(&account);
    let mut connection = TcpStream::connect(&address).expect("the server listens");
    connection.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    let key = create_key(&account, &["sync:write"]);
    let head = format!(
        "PUT /schedules/a/b HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Length: 2\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).expect("the head is small");
    // Once the server asks for the body, the request is under way.
    let mut line = [0; 25];
    connection.read_exact(&mut line).expect("an answer");
    assert!(line.starts_with(b"HTTP/1.1 100 Continue"));
    running.signal(Signal::Terminate);
    connection.write_all(b"{}").expect("the body is small");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(running.wait().exit_code(), 143);
}

#[test]
fn one_server_has_every_connector() {
    let connector = Connector::new("connector").environment("CONNECTOR_VAULT_KEY", VAULT_KEY);
    let arguments = ["keys", "create", "--label", "all", "--scope", "admin", "--expires", "90d"];
    let created = connector.run(arguments).response();
    let key = text(&created["key"]).to_owned();
    assert!(connector.working_folder().join("connector.db").is_file());
    let mut running = connector.start(["serve", "--listen", "127.0.0.1:0"]);
    let ready: Value = serde_json::from_str(&running.wait_for_standard_output("\"ready\"")).expect("JSON");
    let request = format!(
        "GET /teamleader/info HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    );
    let answer = raw(text(&ready["listening"]), &request);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"list_companies\""), "{answer}");
    running.signal(Signal::Interrupt);
    assert_eq!(running.wait().exit_code(), 130);
    let refused = connector.run(["sync"]);
    assert_eq!((refused.exit_code(), text(&refused.error()["app_id"])), (64, "connector"));
}
