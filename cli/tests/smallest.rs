//! The smallest connector, as a program against a stand-in for its app.

#![expect(clippy::unwrap_used, reason = "what tests share may fail as they do")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// Most lines of a connector that is of use.
const MOST_LINES: usize = 60;

/// Notes of the stand-in: more than a page of them.
const NOTES: usize = 101;

/// The example, which Cargo builds together with all tests of the crate.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().parent().unwrap().join("examples/smallest");
    assert!(
        program.is_file(),
        "`cargo build -p connector-cli --example smallest` builds {}",
        program.display()
    );
    program
}

/// Runs the connector in a folder, and gives its one line of JSON.
async fn run(folder: &tempfile::TempDir, api_url: &str, arguments: &[&str]) -> (i32, Value) {
    let (code, answer, _) = run_with(folder, &[("NOTES_API_URL", api_url)], arguments).await;
    (code, answer)
}

/// The same with these variables and no others; what it logged comes last.
async fn run_with(
    folder: &tempfile::TempDir,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> (i32, Value, String) {
    let mut command = Command::new(program());
    command.args(arguments).current_dir(folder.path()).env_clear().envs(variables.iter().copied());
    let done = tokio::task::spawn_blocking(move || command.output());
    let Output { status, stdout, stderr } = done.await.unwrap().unwrap();
    let (last, logged) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    let answer = serde_json::from_str(last.lines().last().unwrap_or_default());
    let answer = answer.unwrap_or_else(|_| panic!("no JSON: {last} {logged}"));
    (status.code().unwrap(), answer, logged)
}

/// The app, which gives no more than so many notes a page and counts its pages by that.
async fn stand_in(notes: usize, most: usize) -> MockServer {
    let server = MockServer::start().await;
    let token = || header("authorization", "Bearer t-1");
    Mock::given(method("GET"))
        .and(path("/notes"))
        .and(token())
        .respond_with(move |request: &Request| {
            let asked: HashMap<_, _> = request.url.query_pairs().collect();
            let number = |name: &str| asked[name].parse::<usize>().unwrap();
            let (page, size) = (number("page"), number("per_page").min(most));
            let ids = ((page - 1) * size..notes.min(page * size))
                .map(|n| json!({"id": format!("n-{n}"), "text": "x"}));
            ResponseTemplate::new(200).set_body_json(json!({"data": ids.collect::<Vec<_>>()}))
        })
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/notes"))
        .and(token())
        .and(body_json(json!({"text": "hello"})))
        .respond_with(ResponseTemplate::new(201).set_body_json(json!({"id": "n-new", "text": "hello"})))
        .mount(&server)
        .await;
    server
}

const AUTH: &str = r#""auth":{"token":{"token":"t-1"}}"#;

#[test]
fn the_smallest_connector_is_small() {
    let source = include_str!("../examples/smallest.rs");
    assert!(source.lines().count() <= MOST_LINES, "{} lines", source.lines().count());
}

#[tokio::test]
async fn the_smallest_connector_lists_creates_and_tells_about_itself() {
    let (server, folder) = (stand_in(NOTES, NOTES).await, tempfile::tempdir().unwrap());
    let run = async |arguments: &[&str]| run(&folder, &server.uri(), arguments).await;
    let (code, info) = run(&["info"]).await;
    assert_eq!(code, 0);
    let created = &info["response"]["capability_schema"]["create_note"];
    assert_eq!((&created["effect"], &created["description"]), (&json!("write"), &json!("Writes a note.")));
    assert_eq!(info["response"]["streams"][0]["cursor"], "since");

    let (code, listed) = run(&["list_notes", "--all-pages", "--json", &format!("{{{AUTH}}}")]).await;
    assert_eq!((code, listed["response"].as_array().map(Vec::len)), (0, Some(NOTES)), "{listed}");

    let create = format!(r#"{{{AUTH},"request":{{"text":"hello"}}}}"#);
    let (code, made) = run(&["create_note", "--json", &create]).await;
    assert_eq!((code, &made["response"]["id"]), (0, &json!("n-new")), "{made}");

    let (code, refused) =
        run(&["create_note", "--json", &format!(r#"{{{AUTH},"request":{{"text":5}}}}"#)]).await;
    assert_eq!(code, 64);
    assert_eq!(refused["error"]["message"], "/request/text must be of type string");
}

#[tokio::test]
async fn the_smallest_connector_syncs_into_a_database() {
    let (server, folder) = (stand_in(NOTES, NOTES).await, tempfile::tempdir().unwrap());
    let request = format!(r#"{{{AUTH},"request":{{"sink":{{"url":"sqlite://notes.db"}}}}}}"#);
    let (code, report) = run(&folder, &server.uri(), &["sync", "--json", &request]).await;
    assert_eq!((code, &report["response"]["status"]), (0, &json!("succeeded")), "{report}");
    assert_eq!(report["response"]["streams"][0]["inserted"], NOTES);
}

#[tokio::test]
async fn an_app_that_gives_less_than_it_is_asked_for_is_listed_and_synced_alike() {
    let (server, folder) = (stand_in(230, 50).await, tempfile::tempdir().unwrap());
    let (code, listed) =
        run(&folder, &server.uri(), &["list_notes", "--all-pages", "--json", &format!("{{{AUTH}}}")]).await;
    assert_eq!((code, listed["response"].as_array().map(Vec::len)), (0, Some(230)));
    let request = format!(r#"{{{AUTH},"request":{{"sink":{{"url":"sqlite://notes.db"}}}}}}"#);
    let (_, report) = run(&folder, &server.uri(), &["sync", "--json", &request]).await;
    let stream = &report["response"]["streams"][0];
    assert_eq!(
        [&stream["received"], &stream["inserted"], &stream["unchanged"]],
        [&json!(230), &json!(230), &json!(0)],
        "{report}"
    );
    let (code, verdict) = run(&folder, &server.uri(), &["verify", "--json", &request]).await;
    assert_eq!((code, &verdict["response"]["streams"][0]["compared"]), (0, &json!(230)), "{verdict}");
}

#[tokio::test]
async fn a_file_of_variables_says_what_the_process_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = "CONNECTOR_EXIT_ZERO=1\nCONNECTOR_LISTEN=nowhere\nCONNECTOR_LOG=debug\n";
    std::fs::write(folder.path().join(".env"), file).unwrap();
    let (code, refused, _) = run_with(&folder, &[], &["--colour"]).await;
    assert_eq!((code, &refused["error"]["error_code"]), (0, &json!("bad_request")));
    let (code, ..) = run_with(&folder, &[("CONNECTOR_EXIT_ZERO", "0")], &["--colour"]).await;
    assert_eq!(code, 64);
    let (_, refused, _) = run_with(&folder, &[], &["serve"]).await;
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("--listen cannot have this value"), "{message}");
    let (.., logged) = run_with(&folder, &[], &["create_note"]).await;
    assert!(logged.contains("DEBUG"), "{logged}");
    let (.., logged) = run_with(&folder, &[("CONNECTOR_LOG", "info")], &["create_note"]).await;
    assert!(!logged.contains("DEBUG"), "{logged}");
}

#[tokio::test]
async fn what_an_operator_set_wrongly_is_told_apart_from_what_a_caller_sent() {
    let folder = tempfile::tempdir().unwrap();
    let json = format!(r#"{{{AUTH},"request":{{"text":"hello"}}}}"#);
    let (code, refused) = run(&folder, "http://example.com", &["create_note", "--json", &json]).await;
    assert_eq!((code, &refused["error"]["error_code"]), (78, &json!("invalid_value")));
    let text = |name: &str| refused["error"].pointer(name).unwrap().as_str().unwrap();
    assert!(text("/message").contains("must start with https://"), "{refused}");
    assert!(text("/error_metadata/hint").contains("NOTES_API_URL"), "{refused}");
    let json =
        format!(r#"{{{AUTH},"request":{{"text":"hello"}},"settings":{{"api_url":"http://example.com"}}}}"#);
    let (code, ..) = run_with(&folder, &[], &["create_note", "--json", &json]).await;
    assert_eq!(code, 64);
}

#[tokio::test]
async fn what_is_typed_wrongly_is_refused_before_anybody_is_asked_for_credentials() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, error_code, part) in [
        (&["sync", "nonsense"][..], "unknown_value", "/request/streams/0 must be one of \"notes\""),
        (&["verify", "nonsense"], "unknown_value", "/request/streams/0"),
        (&["verify", "--from", "2020"], "invalid_value", "--from cannot have this value: a day"),
        (&["rejects", "list", "nonsense"], "unknown_value", "no stream of this name"),
        (&["rejects", "retry", "nonsense"], "unknown_value", "/request/streams/0"),
        (&["schedule", "set", "nightly", "nonsense"], "invalid_value", "EXPRESSION cannot have this value"),
        (&["schedule", "set", "n", "every 1h", "--stream", "x"], "unknown_value", "no stream of this name"),
    ] {
        let (code, refused) = run(&folder, "https://api.example.com", arguments).await;
        assert_eq!((code, &refused["error"]["error_code"]), (64, &json!(error_code)), "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(part), "{arguments:?}: {refused}");
    }
    let json = format!("{{{AUTH}}}");
    let (_, refused) = run(&folder, "https://api.example.com", &["sync", "--to", "x", "--json", &json]).await;
    let hint = &refused["error"]["error_metadata"]["hint"];
    assert!(hint.as_str().unwrap().contains("sqlite://file.db"), "{refused}");
    let (code, refused) = run(&folder, "https://api.example.com", &["sync"]).await;
    assert_eq!((code, &refused["error"]["message"]), (64, &json!("/auth is missing")));
}
