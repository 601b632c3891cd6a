//! `demo`: what a newcomer sees, from nothing to queries that run.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    binary::{Connector, Outcome},
    store::{Kind, sqlite_rows},
};

fn run(connector: &Connector) -> Outcome {
    connector.run(["demo", "--records", "60"])
}

fn database(connector: &Connector) -> PathBuf {
    connector.working_folder().join("teamleader.db")
}

/// The queries that a demo prints, by their titles.
fn queries(outcome: &Outcome) -> Vec<(String, String)> {
    let (_, printed) = outcome.standard_error.split_once("Try these on").expect("the demo ends with queries");
    printed
        .split("\n-- ")
        .skip(1)
        .map(|query| {
            let (title, text) = query.split_once('\n').expect("a title and a query");
            let end = text.find(';').expect("a query ends");
            (title.to_owned(), text[..end].to_owned())
        })
        .collect()
}

fn assert_well(connector: &Connector, outcome: &Outcome) {
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    let response = outcome.envelope()["response"].take();
    for run in ["first", "second"] {
        assert_eq!(response[run]["status"], "succeeded", "{response}");
        let streams = response[run]["streams"].as_array().expect("a list");
        assert!(streams.len() > 50, "all that are read unless somebody chooses: {response}");
        let warned: Vec<_> = streams.iter().filter(|stream| stream.get("warnings").is_some()).collect();
        assert!(warned.is_empty(), "{warned:?}");
    }
    assert_eq!(of_stream(&response["first"], "companies")["inserted"], 60);
    let second = of_stream(&response["second"], "companies");
    assert_eq!((&second["mode"], &second["updated"]), (&json!("incremental"), &json!(1)), "{second}");
    assert_eq!(of_stream(&response["second"], "contacts")["inserted"], 1);
    assert_eq!(of_stream(&response["second"], "orders")["deleted"], 1);
    let rows = sqlite_rows(&database(connector), "SELECT CAST(count(*) AS TEXT) FROM companies")
        .expect("a database");
    assert_eq!(rows, [[Some("60".to_owned())]]);
}

#[test]
fn a_demo_ends_well_and_its_queries_give_rows() {
    let connector = Connector::new("tl-connector");
    let outcome = run(&connector);
    assert_well(&connector, &outcome);
    let queries = queries(&outcome);
    assert_eq!(queries.len(), 4, "{}", outcome.standard_error);
    for (title, query) in queries {
        // Only texts can be read here, and the queries have numbers.
        let wrapped = format!("SELECT 'row' FROM ({query})");
        let rows = sqlite_rows(&database(&connector), &wrapped)
            .unwrap_or_else(|error| panic!("{title}: {error}\n{query}"));
        assert!(!rows.is_empty(), "{title} gives nothing:\n{query}");
    }
}

#[test]
fn a_second_demo_in_the_same_folder_starts_over() {
    let connector = Connector::new("tl-connector");
    for _ in 0..2 {
        let outcome = run(&connector);
        assert_well(&connector, &outcome);
    }
}

#[test]
fn after_a_demo_its_status_and_its_environment_are_as_before() {
    let connector = Connector::new("tl-connector")
        .environment("TEAMLEADER_API_URL", "http://127.0.0.1:1")
        .environment("TEAMLEADER_CLIENT_ID", "of somebody real")
        .environment("CONNECTOR_STORE_URL", "sqlite://real.db");
    let outcome = run(&connector);
    assert_well(&connector, &outcome);
    assert!(!connector.working_folder().join("real.db").exists(), "a demo touches no configured store");
}

#[test]
fn a_demo_leaves_a_database_with_real_data_alone() {
    let account = Account::with_records(7, Kind::Sqlite).environment("CONNECTOR_STORE_URL", "");
    account.sync_well(["companies"]);
    let file = database(account.connector());
    let before = sqlite_rows(&file, "SELECT _doc FROM companies ORDER BY id").unwrap();
    let outcome = run(account.connector());
    assert_eq!(outcome.exit_code(), 69, "{outcome:?}");
    let error = outcome.error();
    assert_eq!(error["error_code"], "conflict");
    assert!(text(&error["message"]).contains("teamleader.db"), "{error}");
    assert_eq!(sqlite_rows(&file, "SELECT _doc FROM companies ORDER BY id").unwrap(), before);
}

#[test]
fn a_demo_leaves_a_file_that_is_not_its_own_alone() {
    let connector = Connector::new("tl-connector");
    let content = "Somebody's notes, which only look like a database by their name. ".repeat(20);
    for content in [content.as_str(), ""] {
        fs::write(database(&connector), content).unwrap();
        let outcome = run(&connector);
        assert_ne!(outcome.exit_code(), 0, "{outcome:?}");
        outcome.error();
        assert_eq!(fs::read_to_string(database(&connector)).unwrap(), content);
    }
}

#[test]
fn the_sandbox_of_the_binary_says_when_it_is_ready_and_ends_by_a_signal() {
    use system_tests::binary::Signal;

    let connector = Connector::new("tl-connector");
    let mut sandbox = connector.start(["sandbox", "--records", "7"]);
    let ready: Value = serde_json::from_str(&sandbox.wait_for_standard_output("ready")).unwrap();
    let reader = Connector::new("tl-connector")
        .environment("TEAMLEADER_API_URL", text(&ready["settings"]["api_url"]))
        .environment("TEAMLEADER_AUTH_URL", text(&ready["settings"]["auth_url"]))
        .environment("TEAMLEADER_CLIENT_ID", text(&ready["settings"]["client_id"]))
        .environment("TEAMLEADER_CLIENT_SECRET", text(&ready["settings"]["client_secret"]));
    let mut login = reader.start(["login", "--no-browser"]);
    system_tests::browser::visit(&system_tests::account::follow_login(&mut login));
    assert_eq!(login.wait().exit_code(), 0);
    let report = reader.run(["sync", "companies"]).response();
    assert_eq!(of_stream(&report, "companies")["inserted"], 7);
    sandbox.signal(Signal::Terminate);
    let outcome = sandbox.wait();
    assert_eq!(outcome.exit_code(), 143, "{outcome:?}");
}
