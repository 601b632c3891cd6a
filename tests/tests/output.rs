//! What a command prints: one line of JSON, records a line each, a file, and nothing for those who went away.

use std::{
    cell::RefCell,
    fs,
    io::Read,
    process::{Child, Command, Stdio},
};

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use system_tests::{
    account::{Account, text},
    binary::Outcome,
    store::Kind,
    waiting::wait_until,
};
use teamleader_sandbox::{Fault, FaultKind};

/// An account that is only read: three pages of companies.
fn account() -> Account {
    Account::with_records(250, Kind::Sqlite)
}

fn call(account: &Account, arguments: &[&str]) -> Outcome {
    let mut all = vec![arguments[0], "--json", account.envelope()];
    all.extend(&arguments[1..]);
    account.connector().run(all)
}

fn ids(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| text(&record["id"])).collect()
}

#[test]
fn every_command_prints_exactly_one_line_of_json() {
    let account = account();
    let commands: [&[&str]; 9] = [
        &["info"],
        &["status"],
        &["list_departments"],
        &["list_companies"],
        &["validate_credentials"],
        &["get_company"],
        &["sync", "departments"],
        &["nonsense"],
        &[],
    ];
    for arguments in commands {
        let outcome = match arguments {
            [] | ["info" | "status" | "nonsense", ..] => account.connector().run(arguments),
            _ => call(&account, arguments),
        };
        let envelope = outcome.envelope();
        for key in ["raw_data", "page"] {
            assert!(envelope.get(key).is_some(), "{arguments:?} lacks {key}: {envelope}");
        }
        let is_error = outcome.exit_code() != 0;
        assert_eq!(envelope.get("response").is_none(), is_error, "{arguments:?}: {envelope}");
        assert_eq!(envelope.get("error").is_some(), is_error, "{arguments:?}: {envelope}");
    }
}

#[test]
fn an_error_envelope_has_every_part_of_the_contract() {
    let account = account();
    let request = r#"{"request":{"id":"11111111-1111-0111-8111-111111111111"}}"#;
    let mut envelope: Value = serde_json::from_str(account.envelope()).unwrap();
    envelope["request"] = serde_json::from_str::<Value>(request).unwrap()["request"].take();
    let outcome = account.connector().run(["get_company", "--json", &envelope.to_string()]);
    assert_eq!(outcome.exit_code(), 69, "{outcome:?}");
    let envelope = outcome.envelope();
    let wanted = json!({
        "is_error": true,
        "error": {
            "message": envelope["error"]["message"],
            "status_code": 404,
            "error_code": "not_found",
            "app_error_code": "teamleader.not_found",
            "app_id": "teamleader",
            "raised_by": "NotFound",
            "raised_in": "teamleader::companies:get_company",
            "error_metadata": {
                "fault": "caller",
                "category": "client",
                "hint": envelope["error"]["error_metadata"]["hint"],
                "retryable": false,
                "throttled": false,
                "refreshable": false,
                "retry_after_seconds": null,
            },
        },
        "raw_data": null,
        "page": null,
    });
    assert_eq!(envelope, wanted);
    assert!(!text(&envelope["error"]["message"]).is_empty());
}

#[test]
fn pages_follow_each_other_by_their_tokens() {
    let account = account();
    let mut envelope: Value = serde_json::from_str(account.envelope()).unwrap();
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let outcome = account.connector().run(["list_companies", "--json", &envelope.to_string()]);
        assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
        let answer = outcome.envelope();
        seen.extend(ids(answer["response"].as_array().unwrap()).into_iter().map(str::to_owned));
        pages += 1;
        if answer["page"].is_null() {
            break;
        }
        assert_eq!(answer["page"]["size"], 100);
        envelope["page"] = json!({"token": answer["page"]["token"]});
    }
    seen.sort();
    let mut wanted = account.ids("companies");
    wanted.sort();
    // A short page is no proof: the empty one after it is.
    assert_eq!((seen, pages), (wanted, 4));
}

#[test]
fn all_pages_are_read_into_one_envelope() {
    let account = account();
    let outcome = call(&account, &["list_companies", "--all-pages"]);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    let envelope = outcome.envelope();
    let records = envelope["response"].as_array().unwrap();
    assert_eq!(records.len(), 250);
    assert_eq!(envelope["page"], Value::Null);
    let wanted = account.records("companies");
    for record in records {
        assert_eq!(&wanted[text(&record["id"])], record);
    }
}

#[test]
fn ndjson_is_a_record_a_line_and_then_the_envelope_without_them() {
    let account = account();
    let one_page = call(&account, &["list_companies", "--output", "ndjson"]);
    let (records, envelope) = one_page.records_and_envelope();
    assert_eq!(records.len(), 100);
    assert!(!envelope["page"]["token"].is_null(), "{envelope}");
    assert!(envelope.get("response").is_some_and(|response| !response.is_array()), "{envelope}");

    let all = call(&account, &["list_companies", "--output", "ndjson", "--all-pages"]);
    assert_eq!(all.exit_code(), 0, "{all:?}");
    let (records, envelope) = all.records_and_envelope();
    assert_eq!((records.len(), &envelope["page"]), (250, &Value::Null));
    let wanted = account.records("companies");
    for record in &records {
        assert_eq!(&wanted[text(&record["id"])], record);
    }

    let single = call(&account, &["validate_credentials", "--output", "ndjson"]);
    let (records, _) = single.records_and_envelope();
    assert_eq!(records[0]["valid"], true);
}

#[test]
fn an_error_after_the_first_records_is_the_last_line() {
    let account = account();
    account.control().add_fault(Fault::on("/companies.list", FaultKind::status(403)).nth(3));
    let outcome = call(&account, &["list_companies", "--output", "ndjson", "--all-pages"]);
    assert_eq!(outcome.exit_code(), 77, "{outcome:?}");
    let (records, envelope) = outcome.records_and_envelope();
    assert_eq!((records.len(), &envelope["error"]["error_code"]), (200, &json!("permission_denied")));
}

#[test]
fn a_result_goes_to_a_file_plain_or_compressed() {
    let account = account();
    for (name, is_compressed) in [("result.json", false), ("result.json.gz", true)] {
        let outcome = call(&account, &["list_companies", "--all-pages", "--result-file-path", name]);
        assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
        let told = outcome.envelope();
        assert!(told.to_string().contains(name) && !told["response"].is_array(), "{told}");
        let path = account.connector().working_folder().join(name);
        let bytes = fs::read(&path).unwrap();
        let mut content = String::new();
        if is_compressed {
            GzDecoder::new(&bytes[..]).read_to_string(&mut content).unwrap();
        } else {
            content = String::from_utf8(bytes).unwrap();
        }
        assert_eq!(content.lines().count(), 1);
        let envelope: Value = serde_json::from_str(&content).unwrap();
        assert_eq!(envelope["response"].as_array().unwrap().len(), 250);
    }
    let left: Vec<_> = fs::read_dir(account.connector().working_folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("result.json"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn lines_go_to_a_result_file_as_they_come() {
    let account = account();
    let lines =
        ["list_companies", "--all-pages", "--output", "ndjson", "--result-file-path", "result.ndjson"];
    let outcome = call(&account, &lines);
    let told = outcome.envelope();
    assert_eq!((outcome.exit_code(), outcome.standard_output.lines().count()), (0, 1), "{outcome:?}");
    assert!(told["result_file_path"].is_string(), "{told}");
    let content = fs::read_to_string(account.connector().working_folder().join("result.ndjson")).unwrap();
    let lines: Vec<Value> = content.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 251);
    assert!(lines[..250].iter().all(|record| record["id"].is_string()));
    assert_eq!(lines[250], json!({"response": null, "raw_data": null, "page": null}));
}

#[test]
fn a_result_file_that_cannot_be_written_is_an_error_that_names_it() {
    let account = account();
    let outcome = call(&account, &["list_departments", "--result-file-path", "nowhere/result.json"]);
    assert_ne!(outcome.exit_code(), 0);
    assert!(text(&outcome.error()["message"]).contains("nowhere/result.json"), "{outcome:?}");
}

#[test]
fn an_error_goes_to_the_result_file_too_and_keeps_its_exit_code() {
    let account = account();
    let outcome = call(&account, &["get_company", "--result-file-path", "result.json"]);
    assert_eq!(outcome.exit_code(), 64, "{outcome:?}");
    outcome.envelope();
    let written = fs::read(account.connector().working_folder().join("result.json"));
    if let Ok(written) = written {
        let envelope: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(envelope["is_error"], true);
    } else {
        outcome.error();
    }
}

#[test]
fn nothing_is_written_to_the_working_folder_by_a_call() {
    let account = account();
    for arguments in [
        &["list_companies"][..],
        &["validate_credentials"],
        &["get_company"],
        &["list_users", "--output", "ndjson"],
    ] {
        call(&account, arguments);
    }
    account.connector().run(["info"]);
    account.connector().run(["status"]);
    let left: Vec<_> = fs::read_dir(account.connector().working_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn exit_zero_hides_the_code_and_not_the_envelope() {
    let account = account();
    let by_flag = account.connector().run(["list_companies", "--exit-zero"]);
    let misplaced = account.connector().run(["--exit-zero", "list_companies", "--nonsense"]);
    let account = account.environment("CONNECTOR_EXIT_ZERO", "1");
    let by_variable = account.connector().run(["nonsense"]);
    for outcome in [by_flag, misplaced, by_variable] {
        assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
        outcome.error();
    }
}

#[test]
fn a_reader_that_goes_away_is_no_accident() {
    let account = account();
    for form in ["json", "ndjson"] {
        let mut process = account
            .connector()
            .command()
            .args(["list_companies", "--all-pages", "--output", form, "--json", account.envelope()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(process.stdout.take());
        let ended = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code().is_some(), "{form}: {:?}", ended.status);
        assert!(!said.contains("panicked"), "{form}: {said}");
        assert_eq!(ended.status.code(), Some(0), "{form}: {said}");
    }
}

#[test]
fn standard_error_is_lines_of_json_where_nobody_looks() {
    let account = account().environment("CONNECTOR_LOG", "debug");
    let outcome = account.sync(["companies", "departments"]);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    assert!(outcome.standard_error.contains("stream finished"), "{outcome:?}");
    for line in outcome.standard_error.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
    let as_text =
        account.connector().run(["sync", "--json", account.envelope(), "--log-format", "text", "companies"]);
    assert!(as_text.standard_error.lines().all(|line| !line.starts_with('{')), "{as_text:?}");
}

#[test]
fn an_envelope_comes_from_a_file_or_from_standard_input() {
    let account = account();
    let file = account.connector().working_folder().join("envelope.json");
    fs::write(&file, account.envelope()).unwrap();
    let from_file = account.connector().run(["list_departments", "--json-file", "envelope.json"]);
    assert_eq!(from_file.exit_code(), 0, "{from_file:?}");
    for flag in ["--json", "--json-file"] {
        let from_input =
            account.connector().run_with_input(["list_departments", flag, "-"], account.envelope());
        assert_eq!(from_input.response(), from_file.response());
    }
}

#[test]
fn help_of_a_capability_shows_an_example_that_works() {
    let account = Account::with_records(20, Kind::Sqlite).logged_in();
    let info = account.connector().run(["info"]).response();
    for name in info["capabilities"].as_array().unwrap().iter().map(text) {
        let help = account.connector().run([name, "--help"]);
        assert_eq!(help.exit_code(), 0, "{name}: {help:?}");
        if !name.starts_with("list_") {
            continue;
        }
        let example = help.standard_output.lines().find_map(|line| line.trim().strip_prefix("tl-connector "));
        let example = example.unwrap_or_else(|| panic!("no example for {name}: {}", help.standard_output));
        let (command, envelope) = example.split_once(" --json '").unwrap();
        let outcome = account.connector().run([command, "--json", envelope.trim_end_matches('\'')]);
        assert_eq!(outcome.exit_code(), 0, "{example}: {outcome:?}");
        let filter = &info["capability_schema"][name]["argument"]["properties"]["filter"];
        assert!(help.standard_output.contains("\"type\": \"object\""), "{name}: no schema");
        assert_eq!(help.standard_output.contains("\"filter\""), filter.is_object(), "{name}: another schema");
    }
}

/// A process that is gone when its test is.
struct Standing(RefCell<Child>);

impl Drop for Standing {
    fn drop(&mut self) {
        // Both fail only where it has ended by itself.
        let _ = self.0.get_mut().kill();
        let _ = self.0.get_mut().wait();
    }
}

/// The exit code after a signal, of a command of whose output the first byte is read and no more.
fn ended_without_reader(account: &Account, arguments: &[&str]) -> Option<i32> {
    let mut command = account.connector().command();
    let mut process =
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a connector");
    let mut stdout = process.stdout.take().expect("a pipe");
    let process = Standing(RefCell::new(process));
    // What follows is more than a pipe holds: only a signal ends it.
    stdout.read_exact(&mut [0]).expect("something that was printed");
    let id = process.0.borrow().id().to_string();
    let sent = Command::new("/bin/sh").args(["-c", r#"kill -s TERM "$0""#, &id]).status().expect("a shell");
    assert!(sent.success());
    let ended = || process.0.borrow_mut().try_wait().expect("a child of this test");
    wait_until("the process has ended", || ended().is_some());
    ended().and_then(|status| status.code())
}

#[test]
fn a_reader_that_stands_still_does_not_hold_back_a_signal() {
    let account = account();
    account.sync_well(["companies"]);
    let call = ["list_companies", "--json", account.envelope(), "--all-pages"];
    assert_eq!(ended_without_reader(&account, &call), Some(143));
    assert_eq!(ended_without_reader(&account, &[&call[..], &["--output", "ndjson"]].concat()), Some(143));
    assert_eq!(ended_without_reader(&account, &["export", "companies", "--format", "ndjson"]), Some(143));
}
