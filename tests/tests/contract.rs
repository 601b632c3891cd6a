//! What the command line promises to programs, one test for each promise that has no file of its own.

use std::fs;

use serde_json::{Value, json};
use system_tests::{
    account::{Account, text},
    binary::{Outcome, Signal},
    store::Kind,
    streams::list_path,
    waiting::wait_until,
};
use teamleader_sandbox::{Fault, FaultKind};

const NOBODY: &str = "018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b";

/// The envelope of an account with more in it.
fn envelope(account: &Account, more: &Value) -> String {
    let mut envelope: Value = serde_json::from_str(account.envelope()).expect("an envelope");
    for (name, part) in more.as_object().into_iter().flatten() {
        envelope[name] = part.clone();
    }
    envelope.to_string()
}

#[test]
fn nothing_to_do_has_a_code_of_its_own_where_that_is_asked_for() {
    let account = Account::with_records(5, Kind::Sqlite);
    let of_nobody = envelope(&account, &json!({"request": {"filter": {"ids": [NOBODY]}}}));
    let list = |arguments: &[&str]| {
        let all = ["list_companies", "--json", &of_nobody];
        account.connector().run(all.iter().chain(arguments)).exit_code()
    };
    let sync = |arguments: &[&str]| account.sync(arguments.iter().copied()).exit_code();
    let codes = [
        list(&[]),
        list(&["--exit-skip"]),
        list(&["--exit-skip", "--output", "ndjson", "--all-pages"]),
        list(&["--exit-skip", "--exit-zero"]),
        sync(&["--exit-skip", "users"]),
        sync(&["--exit-skip", "users"]),
        sync(&["users"]),
        sync(&["--exit-skip", "--exit-zero", "users"]),
    ];
    assert_eq!(codes, [0, 99, 99, 0, 0, 99, 0, 0]);
    let something = account.connector().run(["list_users", "--exit-skip", "--json", account.envelope()]);
    assert_eq!(something.exit_code(), 0, "{something:?}");
}

#[test]
fn an_envelope_may_be_larger_than_arguments_can_be() {
    let account = Account::with_records(5, Kind::Sqlite);
    let large = envelope(&account, &json!({"ignored": "x".repeat(3 << 20)}));
    fs::write(account.connector().working_folder().join("large.json"), &large).unwrap();
    let outcomes = [
        account.connector().run(["list_users", "--json-file", "large.json"]),
        account.connector().run_with_input(["list_users", "--json-file", "-"], large.clone()),
        account.connector().run_with_input(["list_users", "--json", "-"], large),
    ];
    for outcome in outcomes {
        assert!(!outcome.response().as_array().unwrap().is_empty(), "{outcome:?}");
    }
}

#[test]
fn a_list_that_is_interrupted_ends_with_an_envelope_that_says_so() {
    let account = Account::with_records(250, Kind::Sqlite);
    for (signal, code) in [(Signal::Interrupt, 130), (Signal::Terminate, 143)] {
        account.control().clear_requests();
        account.control().add_fault(
            Fault::on(list_path("companies"), FaultKind::SlowHeaders { millis: 3_600_000 }).nth(2).times(1),
        );
        let list = ["list_companies", "--all-pages", "--output", "ndjson", "--json", account.envelope()];
        let running = account.connector().start(list);
        wait_until("the list stands still", || account.requests("companies") >= 2);
        running.signal(signal);
        let outcome = running.wait();
        let (records, envelope) = outcome.records_and_envelope();
        assert_eq!((outcome.exit_code(), records.len()), (code, 100), "{outcome:?}");
        assert_eq!(envelope["response"]["status"], "interrupted");
    }
}

/// What the help of a capability shows as its example, with the id of a record that is there.
fn example(account: &Account, name: &str, id: &str) -> Outcome {
    let help = account.connector().run([name, "--help"]).standard_output;
    let example = help.lines().find_map(|line| line.trim().strip_prefix("tl-connector "));
    let example = example.unwrap_or_else(|| panic!("no example for {name}: {help}"));
    let Some((command, envelope)) = example.split_once(" --json '") else {
        panic!("another example for {name}: {example}")
    };
    account.connector().run([command, "--json", &envelope.trim_end_matches('\'').replace(NOBODY, id)])
}

#[test]
fn the_example_of_every_capability_is_a_request_that_it_takes() {
    let account = Account::with_records(20, Kind::Sqlite).logged_in();
    let info = account.connector().run(["info"]).response();
    let mut refused = Vec::new();
    for name in info["capabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .filter(|name| !["app_info", "info"].contains(name))
    {
        let outcome = example(&account, name, NOBODY);
        let envelope = outcome.envelope();
        let pointer = envelope["error"]["message"].as_str().unwrap_or_default();
        // What it is about need not be there; that is another answer than not to be understood.
        if outcome.exit_code() == 64 && pointer.starts_with("/request") {
            refused.push(format!("{name}: {pointer}"));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn the_example_for_a_single_record_reads_it() {
    let account = Account::with_records(20, Kind::Sqlite).logged_in();
    for (name, stream) in [("get_company", "companies"), ("get_deal", "deals"), ("get_user", "users")] {
        let id = account.ids(stream).remove(0);
        assert_eq!(example(&account, name, &id).response()["id"], id, "{name}");
    }
}
