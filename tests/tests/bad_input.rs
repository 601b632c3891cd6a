//! Bad input of every kind: the right code, the field by its name, never the value.

use std::{ffi::OsString, os::unix::ffi::OsStringExt};

use serde_json::{Value, json};
use system_tests::{
    account::{Account, text},
    store::Kind,
};

/// Arguments, exit code, error code, what the message must say. None may say "hunter2", which is in most of them.
type Row = (&'static [&'static str], i32, &'static str, &'static str);

/// Refused before any credential is looked at.
const ARGUMENTS: &[Row] = &[
    (&[], 64, "bad_request", "command"),
    (&["frobnicate-hunter2"], 64, "unsupported_operation", "no such command"),
    (&["--frobnicate"], 64, "bad_request", "known"),
    (&["list_companies", "--frobnicate=hunter2"], 64, "bad_request", "--frobnicate"),
    (&["list_companies", "hunter2"], 64, "bad_request", "word"),
    (&["list_companies", "--output", "hunter2"], 64, "invalid_value", "--output"),
    (&["list_companies", "--log-format", "hunter2"], 64, "invalid_value", "--log-format"),
    (&["list_companies", "--json"], 64, "invalid_value", "--json"),
    (&["list_companies", "--json", "{}", "--json-file", "hunter2"], 64, "bad_request", "--json"),
    (&["list_companies", "--json-file", "nowhere.json"], 64, "bad_request", "nowhere.json"),
    (&["completions", "hunter2"], 64, "invalid_value", "shell cannot have this value: one of bash"),
    (&["completions"], 64, "bad_request", "shell is missing"),
    (&["sandbox", "--port", "99999"], 64, "invalid_value", "--port"),
    (&["demo", "--records", "hunter2"], 64, "invalid_value", "--records"),
    (&["status", "hunter2"], 64, "bad_request", "word"),
];

/// Envelopes without any credential: what is wrong in them is found before that.
const WITHOUT_CREDENTIALS: &[(&str, &str, i32, &str, &str)] = &[
    ("list_companies", "", 64, "bad_request", "JSON"),
    ("list_companies", "{", 64, "bad_request", "JSON"),
    ("list_companies", "hunter2", 64, "bad_request", "JSON"),
    ("list_companies", r#"{"request":{"hunter2}}"#, 64, "bad_request", "JSON"),
    ("list_companies", "[]", 64, "bad_request", "object"),
    ("list_companies", r#""hunter2""#, 64, "bad_request", "object"),
    ("list_companies", r#"{"request":"hunter2"}"#, 64, "invalid_value", "/request"),
    ("list_companies", r#"{"settings":["hunter2"]}"#, 64, "invalid_value", "/settings"),
    ("list_companies", r#"{"page":"hunter2"}"#, 64, "invalid_value", "/page"),
    ("list_companies", r#"{"page":{"size":"hunter2"}}"#, 64, "invalid_value", "/page/size"),
    ("list_companies", r#"{"page":{"size":-1}}"#, 64, "invalid_value", "/page/size"),
    ("list_companies", r#"{"include_raw_data":"hunter2"}"#, 64, "invalid_value", "/include_raw_data"),
    ("list_companies", r#"{"request":{"hunter":1}}"#, 64, "unknown_value", "/request/hunter"),
    (
        "list_companies",
        r#"{"request":{"filter":{"colour":"hunter2"}}}"#,
        64,
        "unknown_value",
        "/request/filter/colour",
    ),
    (
        "list_companies",
        r#"{"request":{"filter":{"status":"hunter2"}}}"#,
        64,
        "unknown_value",
        "/request/filter/status",
    ),
    (
        "list_companies",
        r#"{"request":{"filter":{"ids":"hunter2"}}}"#,
        64,
        "invalid_value",
        "/request/filter/ids",
    ),
    (
        "list_companies",
        r#"{"request":{"filter":{"updated_since":"hunter2"}}}"#,
        64,
        "invalid_value",
        "/request/filter/updated_since",
    ),
    (
        "list_companies",
        r#"{"request":{"sort":[{"field":"hunter2"}]}}"#,
        64,
        "unknown_value",
        "/request/sort/0/field",
    ),
    (
        "list_companies",
        r#"{"request":{"sort":[{"field":"name","order":"hunter2"}]}}"#,
        64,
        "unknown_value",
        "/request/sort/0/order",
    ),
    ("list_companies", r#"{"request":{"includes":["hunter2"]}}"#, 64, "unknown_value", "/request/includes/0"),
    ("get_company", r#"{"request":{}}"#, 64, "bad_request", "/request/id"),
    ("get_company", "{}", 64, "bad_request", "/request/id"),
    ("get_company", r#"{"request":{"id":5}}"#, 64, "invalid_value", "/request/id"),
    ("get_company", r#"{"request":{"id":""}}"#, 64, "invalid_value", "/request/id"),
    ("get_company", r#"{"request":{"id":"a","hunter":2}}"#, 64, "unknown_value", "/request/hunter"),
    ("validate_credentials", r#"{"request":{"hunter":2}}"#, 64, "unknown_value", "/request/hunter"),
    ("sync", r#"{"request":{"streams":"hunter2"}}"#, 64, "invalid_value", "/request/streams"),
    ("sync", r#"{"request":{"mode":"hunter2"}}"#, 64, "unknown_value", "/request/mode"),
    ("sync", r#"{"request":{"sink":{"layout":"hunter2"}}}"#, 64, "unknown_value", "/request/sink/layout"),
    ("sync", r#"{"request":{"sink":{"schema":""}}}"#, 64, "invalid_value", "/request/sink/schema"),
    ("sync", r#"{"request":{"sink":{"hunter":2}}}"#, 64, "unknown_value", "/request/sink/hunter"),
    ("sync", r#"{"request":{"dry_run":"hunter2"}}"#, 64, "invalid_value", "/request/dry_run"),
    ("refresh_access_token", "{}", 64, "bad_request", "/request/refresh_token"),
    ("handle_authorization_callback", "{}", 64, "bad_request", "/request/redirect_uri_with_code"),
    (
        "handle_authorization_callback",
        r#"{"request":{"redirect_uri_with_code":"hunter2"}}"#,
        64,
        "invalid_value",
        "/request/redirect_uri_with_code",
    ),
    // The credentials are missing, or of a wrong kind; that comes before the settings.
    ("list_companies", "{}", 64, "integration_missing_parameter", "/auth"),
    ("list_companies", r#"{"settings":{"colour":"hunter2"}}"#, 64, "integration_missing_parameter", "/auth"),
    ("sync", "{}", 64, "integration_missing_parameter", "/auth"),
    ("list_companies", r#"{"auth":{"hunter2":{}}}"#, 64, "", "/auth"),
    ("list_companies", r#"{"auth":{"oauth":{}}}"#, 64, "", "/auth"),
    (
        "list_companies",
        r#"{"auth":{"oauth":{"access_token":""}}}"#,
        64,
        "integration_missing_parameter",
        "/auth",
    ),
    ("list_companies", r#"{"auth":{"oauth":{"access_token":["hunter2"]}}}"#, 64, "", "/auth"),
    ("list_companies", r#"{"auth":{"oauth":{"access_token":"hunter2\n"}}}"#, 64, "invalid_value", "token"),
    (
        "list_companies",
        r#"{"auth":{"basic":{"username":"u","password":"hunter2"}}}"#,
        64,
        "unknown_value",
        "/auth",
    ),
    (
        "list_companies",
        r#"{"auth":{"oauth":{"access_token":"hunter2"},"token":{"token":"hunter2"}}}"#,
        64,
        "",
        "/auth",
    ),
    (
        "list_companies",
        r#"{"auth":{"stored":{"connection":"nobody"}}}"#,
        64,
        "integration_missing_parameter",
        "nobody",
    ),
    ("sync", r#"{"request":{"connection":"nobody"}}"#, 64, "integration_missing_parameter", "nobody"),
];

/// Envelopes with a valid token.
const WITH_CREDENTIALS: &[(&str, &str, i32, &str, &str)] = &[
    ("list_companies", r#"{"settings":{"colour":"hunter2"}}"#, 64, "unknown_value", "/settings/colour"),
    ("list_companies", r#"{"settings":{"page_size":5000}}"#, 64, "invalid_value", "/settings/page_size"),
    ("list_companies", r#"{"settings":{"page_size":0}}"#, 64, "invalid_value", "/settings/page_size"),
    ("list_companies", r#"{"settings":{"page_size":"hunter2"}}"#, 64, "invalid_value", "/settings/page_size"),
    (
        "list_companies",
        r#"{"settings":{"requests_per_minute":-1}}"#,
        64,
        "invalid_value",
        "/settings/requests_per_minute",
    ),
    (
        "list_companies",
        r#"{"settings":{"timeout_seconds":0}}"#,
        64,
        "invalid_value",
        "/settings/timeout_seconds",
    ),
    ("list_companies", r#"{"settings":{"concurrency":99}}"#, 64, "invalid_value", "/settings/concurrency"),
    (
        "list_companies",
        r#"{"settings":{"api_version":"hunter2"}}"#,
        64,
        "invalid_value",
        "/settings/api_version",
    ),
    ("list_companies", r#"{"settings":{"api_url":"hunter2"}}"#, 64, "invalid_value", "/settings/api_url"),
    (
        "list_companies",
        r#"{"settings":{"api_url":"http://hunter2.example"}}"#,
        64,
        "invalid_value",
        "/settings/api_url",
    ),
    (
        "list_companies",
        r#"{"settings":{"api_url":"ftp://hunter2.example"}}"#,
        64,
        "invalid_value",
        "/settings/api_url",
    ),
    ("list_companies", r#"{"page":{"size":0}}"#, 64, "invalid_value", "/page/size"),
    ("list_companies", r#"{"page":{"token":"hunter2"}}"#, 64, "invalid_page_token", "token"),
    ("list_companies", r#"{"page":{"token":""}}"#, 64, "invalid_page_token", "token"),
    ("sync", r#"{"request":{"streams":["companies","hunter2"]}}"#, 64, "unknown_value", "/request/streams/1"),
    (
        "sync",
        r#"{"request":{"sink":{"url":"mysql://u:hunter2@h/db"}}}"#,
        64,
        "invalid_value",
        "/request/sink/url",
    ),
    ("sync", r#"{"request":{"sink":{"url":"hunter2"}}}"#, 64, "invalid_value", "/request/sink/url"),
    (
        "sync",
        r#"{"request":{"sink":{"url":"postgres://u:hunter2@h:port/db"}}}"#,
        64,
        "invalid_value",
        "/request/sink/url",
    ),
    ("get_company", r#"{"request":{"id":"hunter2"}}"#, 64, "bad_request", "id"),
    ("get_company", r#"{"request":{"id":"11111111-1111-0111-8111-111111111111"}}"#, 69, "not_found", ""),
    ("list_companies", r#"{"auth":{"oauth":{"access_token":"hunter2"}}}"#, 78, "unauthorized", ""),
    ("refresh_access_token", r#"{"request":{"refresh_token":"hunter2"}}"#, 78, "creds_revoked", ""),
    (
        "refresh_access_token",
        r#"{"request":{"refresh_token":"a","client_secret":"hunter2"}}"#,
        78,
        "unauthorized",
        "",
    ),
    (
        "handle_authorization_callback",
        r#"{"request":{"redirect_uri_with_code":"http://127.0.0.1/cb?code=hunter2&state=a","state":"b"}}"#,
        64,
        "bad_request",
        "state",
    ),
    (
        "handle_authorization_callback",
        r#"{"request":{"redirect_uri_with_code":"http://127.0.0.1/cb?error=access_denied&state=a","state":"a"}}"#,
        77,
        "permission_denied",
        "access_denied",
    ),
    (
        "handle_authorization_callback",
        r#"{"request":{"redirect_uri_with_code":"http://127.0.0.1/cb?code=a&code=hunter2&state=a","state":"a"}}"#,
        64,
        "bad_request",
        "more than one code",
    ),
    (
        "handle_authorization_callback",
        r#"{"request":{"redirect_uri_with_code":"http://127.0.0.1/cb?state=a","state":"a"}}"#,
        64,
        "bad_request",
        "no code",
    ),
    (
        "handle_authorization_callback",
        r#"{"request":{"redirect_uri_with_code":"http://127.0.0.1/cb?code=hunter2&state=a","state":"a"}}"#,
        64,
        "bad_request",
        "",
    ),
];

/// Runs and collects what is not as the row says, so that one run shows all of it.
fn check(
    account: &Account,
    arguments: &[OsString],
    input: &str,
    row: (i32, &str, &str),
    wrong: &mut Vec<String>,
) {
    let (exit_code, error_code, said) = row;
    let outcome = account.connector().run_with_input(arguments, input);
    let envelope: Value = serde_json::from_str(outcome.standard_output.trim_end()).unwrap_or_default();
    let error = &envelope["error"];
    let message = error["message"].as_str().unwrap_or_default();
    let is_code = error_code.is_empty() || error["error_code"] == error_code;
    let is_one_line = outcome.standard_output.lines().count() == 1;
    // The arguments themselves are repeated by nobody, on either output.
    let is_quiet = !format!("{}{}", outcome.standard_output, outcome.standard_error).contains("hunter2");
    let is_right = outcome.status.code() == Some(exit_code)
        && is_code
        && is_one_line
        && message.contains(said)
        && is_quiet;
    if !is_right {
        wrong.push(format!(
            "{arguments:?} {input}\n   wanted {exit_code} {error_code} “{said}”, came {:?} {}{}",
            outcome.status.code(),
            outcome.standard_output.trim_end(),
            if is_quiet { "" } else { "\n   and the value is shown" }
        ));
    }
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn words(arguments: &[&str]) -> Vec<OsString> {
    arguments.iter().map(OsString::from).collect()
}

#[test]
fn bad_arguments_are_refused_by_their_names() {
    let account = Account::with_records(1, Kind::Sqlite);
    let mut wrong = Vec::new();
    for (arguments, exit_code, error_code, said) in ARGUMENTS {
        check(&account, &words(arguments), "", (*exit_code, error_code, said), &mut wrong);
    }
    assert_none(&wrong);
}

#[test]
fn bad_envelopes_are_refused_by_the_field_before_anything_is_sent() {
    let account = Account::with_records(1, Kind::Sqlite);
    let mut wrong = Vec::new();
    for (capability, envelope, exit_code, error_code, said) in WITHOUT_CREDENTIALS {
        let arguments = words(&[capability, "--json", "-"]);
        check(&account, &arguments, envelope, (*exit_code, error_code, said), &mut wrong);
    }
    assert_none(&wrong);
    assert_eq!(account.control().requests(), [], "nothing is sent");
}

#[test]
fn bad_settings_tokens_and_ids_are_refused_by_their_names() {
    let account = Account::with_records(1, Kind::Sqlite);
    let with_token: Value = serde_json::from_str(account.envelope()).unwrap();
    let mut wrong = Vec::new();
    for (capability, envelope, exit_code, error_code, said) in WITH_CREDENTIALS {
        let mut envelope: Value = serde_json::from_str(envelope).unwrap();
        if envelope["auth"].is_null() {
            envelope["auth"] = with_token["auth"].clone();
        }
        let arguments = words(&[capability, "--json-file", "-"]);
        check(&account, &arguments, &envelope.to_string(), (*exit_code, error_code, said), &mut wrong);
    }
    assert_none(&wrong);
    let posted: Vec<_> = account
        .control()
        .requests()
        .into_iter()
        .filter(|request| request.path == "/oauth2/access_token")
        .collect();
    assert_eq!(posted.len(), 3, "callbacks that are wrong by themselves are not posted");
}

#[test]
fn bad_settings_of_the_environment_are_named() {
    for (name, value, field) in [
        ("TEAMLEADER_PAGE_SIZE", "hunter2", "/settings/page_size"),
        ("TEAMLEADER_PAGE_SIZE", "500", "/settings/page_size"),
        ("TEAMLEADER_API_URL", "hunter2", "/settings/api_url"),
        ("TEAMLEADER_API_VERSION", "hunter2", "/settings/api_version"),
        ("TEAMLEADER_CONCURRENCY", "-1", "/settings/concurrency"),
    ] {
        let account = Account::with_records(1, Kind::Sqlite).environment(name, value);
        let outcome = account.connector().run(["list_companies", "--json", account.envelope()]);
        let message = outcome.error()["message"].to_string();
        assert!([64, 78].contains(&outcome.exit_code()), "{name}: {outcome:?}");
        assert!(message.contains(field), "{name}: {message}");
        assert!(!format!("{outcome:?}").contains("hunter2"), "{name}: {outcome:?}");
    }
}

#[test]
fn a_page_token_of_another_list_or_filter_is_refused() {
    let account = Account::with_records(150, Kind::Sqlite);
    let envelope = |part: Value| {
        let mut envelope: Value = serde_json::from_str(account.envelope()).unwrap();
        for (name, value) in part.as_object().unwrap() {
            envelope[name] = value.clone();
        }
        envelope.to_string()
    };
    let first = account.connector().run(["list_companies", "--json", account.envelope()]);
    let token = text(&first.envelope()["page"]["token"]).to_owned();
    let mut damaged = token.clone();
    damaged.replace_range(
        token.len() / 2..=token.len() / 2,
        if token.as_bytes()[token.len() / 2] == b'A' { "B" } else { "A" },
    );
    for (capability, part) in [
        ("list_contacts", json!({"page": {"token": token}})),
        ("list_companies", json!({"page": {"token": token}, "request": {"filter": {"status": "active"}}})),
        ("list_companies", json!({"page": {"token": damaged}})),
        ("list_companies", json!({"page": {"token": token[..token.len() - 3]}})),
    ] {
        let outcome = account.connector().run([capability, "--json", &envelope(part.clone())]);
        assert_eq!(outcome.error()["error_code"], "invalid_page_token", "{part}: {outcome:?}");
        assert_eq!(outcome.exit_code(), 64);
        assert!(!outcome.standard_output.contains(&token), "the token is shown");
    }
}

#[test]
fn arguments_that_are_no_text_are_refused() {
    let account = Account::with_records(1, Kind::Sqlite);
    let strange = OsString::from_vec(b"\xff\xfehunter2".to_vec());
    for arguments in [
        vec![strange.clone()],
        vec!["list_companies".into(), "--json".into(), strange.clone()],
        vec!["sync".into(), strange],
    ] {
        let outcome = account.connector().run(&arguments);
        assert_eq!(outcome.exit_code(), 64, "{outcome:?}");
        outcome.error();
        assert!(!outcome.standard_output.contains("hunter2"), "{outcome:?}");
    }
}

#[test]
fn an_empty_list_of_ids_asks_for_nothing_and_gets_nothing() {
    let account = Account::with_records(5, Kind::Sqlite);
    account.control().switch(|switches| switches.empty_ids_ignored = true);
    let mut envelope: Value = serde_json::from_str(account.envelope()).unwrap();
    envelope["request"] = json!({"filter": {"ids": []}});
    let outcome = account.connector().run(["list_companies", "--json", &envelope.to_string()]);
    assert_eq!(outcome.response(), json!([]));
}
