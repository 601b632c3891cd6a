//! Traces over OTLP/HTTP: of a command, and of a server, each in the trace of its caller.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use system_tests::{
    account::{Account, VAULT_KEY},
    collector::{Collector, Span},
    served::{Served, create_key},
    store::Kind,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn traceparent() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

fn traced(collector: &Collector) -> Account {
    Account::with_records(3, Kind::Sqlite)
        .logged_in()
        .environment("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())
        .environment("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
}

/// The span of this name that is a part of `parent`.
fn part_of(spans: &[Span], parent: &str, name: &str) -> Span {
    let found = spans.iter().find(|span| span.name == name && span.parent == parent);
    found.unwrap_or_else(|| panic!("{name} is no part of {parent} in {spans:#?}")).clone()
}

fn assert_no_secret(collector: &Collector, account: &Account, more: &[&str]) {
    let sent = collector.text();
    let secrets = ["def50200", "eyJhbGciOi", "eyJ0eXAiOi", account.sandbox().client_secret(), VAULT_KEY];
    for secret in secrets.iter().chain(more) {
        assert!(!sent.contains(secret), "{secret} is in a trace");
    }
}

#[test]
fn a_sync_is_a_part_of_the_trace_of_whoever_started_it() {
    let collector = Collector::start();
    let account = traced(&collector).environment("TRACEPARENT", &traceparent());
    account.control().expire_access_tokens();
    account.sync_well(["companies"]);
    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.trace_id == TRACE), "{spans:#?}");
    let command = part_of(&spans, CALLER, "sync");
    let capability = part_of(&spans, &command.id, "teamleader::sync");
    let run = part_of(&spans, &capability.id, "teamleader::run");
    let stream = part_of(&spans, &run.id, "stream companies");
    assert_eq!(
        (stream.attribute("connector.status"), stream.attribute("connector.received")),
        ("succeeded".into(), "3".into())
    );
    let listed = |span: &&Span| {
        span.attribute("url.path").ends_with("/companies.list") && span.attribute("error.type").is_empty()
    };
    let request = spans.iter().find(listed).expect("a request for companies");
    assert_eq!((&request.parent, request.attribute("http.request.method")), (&stream.id, "POST".into()));
    assert_eq!(request.attribute("http.response.status_code"), "200");
    let refresh = spans.iter().find(|span| span.name == "teamleader::refresh").expect("a refresh");
    let asked = part_of(&spans, &refresh.id, "POST");
    assert!(asked.attribute("url.path").ends_with("/access_token"), "{asked:?}");
    assert_no_secret(&collector, &account, &[]);
}

#[test]
fn a_request_to_the_server_is_a_part_of_the_trace_of_its_caller() {
    let collector = Collector::start();
    let account = traced(&collector);
    let key = create_key(&account, &["capability:call"]);
    let served = Served::start(&account);
    let request = format!(
        "POST /list_companies?hidden=s3cret HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ntraceparent: {}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}",
        served.address(),
        traceparent()
    );
    let mut connection = TcpStream::connect(served.address()).expect("the server listens");
    connection.write_all(request.as_bytes()).expect("the request is small");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("text");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let stopped = served.stop();
    assert!(stopped.standard_error.contains(&format!("\"trace_id\":\"{TRACE}\"")), "{stopped:?}");

    let spans: Vec<Span> = collector.spans().into_iter().filter(|span| span.trace_id == TRACE).collect();
    let request = part_of(&spans, CALLER, "POST /{capability}");
    assert_eq!(request.attribute("http.route"), "/{capability}");
    assert_eq!(request.attribute("url.path"), "/list_companies");
    assert_eq!(request.attribute("http.response.status_code"), "200");
    let capability = part_of(&spans, &request.id, "teamleader::list_companies");
    assert_eq!(part_of(&spans, &capability.id, "POST").attribute("http.response.status_code"), "200");
    assert_no_secret(&collector, &account, &[&key, "s3cret"]);
}

#[test]
fn a_collector_that_is_not_there_is_no_trouble() {
    let account = Account::with_records(3, Kind::Sqlite)
        .logged_in()
        .environment("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let listed = account.connector().run(["list_companies"]);
    assert_eq!(listed.exit_code(), 0, "{listed:?}");
    assert!(listed.standard_error.contains("the collector of traces cannot be reached"), "{listed:?}");
}
