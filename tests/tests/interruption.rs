//! Runs that end before they are done: killed, asked to stop, or started beside another one.

use std::time::Duration;

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    binary::{RunningConnector, Signal},
    store::Kind,
    streams::{STREAMS, WINDOWED, list_path, resource},
    waiting::wait_until,
};
use teamleader_sandbox::{Fault, FaultKind};

on_both_stores! {
    a_run_that_is_killed_is_continued_without_hole_or_duplicate,
    a_run_that_is_killed_again_and_again_gets_to_its_end,
    a_run_that_is_killed_while_it_reads_changes_loses_none,
    a_run_that_is_killed_shows_as_interrupted,
    a_run_that_is_asked_to_stop_commits_and_says_so,
    a_run_that_waits_for_the_database_is_ended_by_a_signal,
    a_second_run_at_the_same_time_is_told_of_the_first,
}

const AN_HOUR: u64 = 3_600_000;

/// 45 records of each kind in pages of 10, so that a stream takes five requests.
fn account(kind: Kind) -> Account {
    Account::with_records(45, kind)
        .environment("TEAMLEADER_PAGE_SIZE", "10")
        .environment("TEAMLEADER_TIMEOUT_SECONDS", "600")
}

/// Lets the n-th request of a stream from now on wait for ever, once.
fn hold(account: &Account, stream: &str, nth: u64) {
    let fault = FaultKind::SlowHeaders { millis: AN_HOUR };
    account.control().add_fault(Fault::on(list_path(stream), fault).nth(nth).times(1));
}

/// Starts a sync that stands still at the n-th request of a stream.
fn started_and_held(account: &Account, stream: &str, nth: u64) -> RunningConnector {
    account.control().clear_requests();
    hold(account, stream, nth);
    let running = account.start_sync(STREAMS);
    let reached = || account.requests(stream) as u64 >= nth;
    wait_until("the sync stands still", reached);
    running
}

fn assert_killed(running: RunningConnector) {
    running.signal(Signal::Kill);
    let outcome = running.wait();
    assert_eq!(outcome.status.code(), None, "{outcome:?}");
    assert_eq!(outcome.standard_output, "");
}

fn a_run_that_is_killed_is_continued_without_hole_or_duplicate(kind: Kind) {
    for (stream, nth) in
        [("departments", 1), ("companies", 1), ("companies", 3), ("deals", 4), ("projects", 2), ("events", 5)]
    {
        let account = account(kind);
        assert_killed(started_and_held(&account, stream, nth));
        account.control().clear_faults();
        account.sync_well(STREAMS);
        for stream in STREAMS {
            account.assert_same(stream);
        }
    }
}

fn a_run_that_is_killed_again_and_again_gets_to_its_end(kind: Kind) {
    let account = account(kind);
    // Each time as soon as a few more rows are committed.
    for rows in [1, 11, 21] {
        account.control().clear_faults();
        account.control().clear_requests();
        hold(&account, "companies", 4);
        let running = account.start_sync(["companies", "contacts"]);
        wait_until("rows are committed", || account.store().count("companies") >= rows);
        assert_killed(running);
    }
    account.control().clear_faults();
    account.sync_well(STREAMS);
    for stream in STREAMS {
        account.assert_same(stream);
    }
}

fn a_run_that_is_killed_while_it_reads_changes_loses_none(kind: Kind) {
    let account = account(kind);
    account.sync_well(STREAMS);
    for stream in STREAMS {
        for id in account.ids(stream).iter().take(25) {
            let fields = json!({"title": "changed", "name": "changed", "first_name": "changed"});
            account.control().update(resource(stream), id, fields).expect("a row");
        }
    }
    for nth in [1, 2, 3] {
        assert_killed(started_and_held(&account, "companies", nth));
        account.control().clear_faults();
    }
    account.sync_well(STREAMS);
    account.sync_well([WINDOWED, "--full"]);
    for stream in STREAMS {
        account.assert_same(stream);
    }
}

fn a_run_that_is_killed_shows_as_interrupted(kind: Kind) {
    let account = account(kind);
    assert_killed(started_and_held(&account, "companies", 2));
    account.control().clear_faults();
    account.sync_well(["departments"]);
    let status = account.connector().run(["status"]).response();
    let ends: Vec<_> =
        status["runs"].as_array().expect("a list").iter().map(|run| text(&run["status"])).collect();
    assert_eq!(ends, ["succeeded", "interrupted"]);
}

fn a_run_that_is_asked_to_stop_commits_and_says_so(kind: Kind) {
    for (signal, code) in [(Signal::Terminate, 143), (Signal::Interrupt, 130)] {
        let account = account(kind);
        let running = started_and_held(&account, "companies", 4);
        wait_until("rows are committed", || account.store().count("companies") >= 10);
        running.signal(signal);
        let outcome = running.wait();
        assert_eq!(outcome.exit_code(), code, "{outcome:?}");
        let envelope = outcome.envelope();
        let report = &envelope["response"];
        assert_eq!(report["status"], "interrupted", "{report}");
        let part = of_stream(report, "companies");
        let rows = account.store().count("companies");
        assert_eq!((text(&part["status"]), &part["inserted"]), ("interrupted", &Value::from(rows)), "{part}");
        assert!(rows > 20, "three pages were answered, and {rows} rows are there");
        let marks = account.store().marks("companies");

        account.control().clear_faults();
        account.sync_well(STREAMS);
        for stream in STREAMS {
            account.assert_same(stream);
        }
        let kept = account.store().marks("companies").iter().filter(|mark| marks.contains(mark)).count();
        assert_eq!(kept, rows, "committed rows are not written again");
    }
}

fn a_run_that_waits_for_the_database_is_ended_by_a_signal(kind: Kind) {
    // Far less than the databases themselves would wait for a lock.
    let account = account(kind).time_limit(Duration::from_secs(20)).environment("CONNECTOR_LOG", "debug");
    account.sync_well(["companies"]);
    let id = &account.ids("companies")[0];
    account.control().update("companies", id, json!({"name": "Changed"})).expect("a row");
    account.control().clear_requests();
    // Time to lock the table between the request and the write.
    let late = FaultKind::SlowHeaders { millis: 1_000 };
    account.control().add_fault(Fault::on(list_path("companies"), late).times(1));
    let mut running = account.start_sync(["companies"]);
    wait_until("the changes are asked for", || account.requests("companies") == 1);
    let lock = account.store().lock("companies");
    running.wait_for_standard_error("\"answered\"");
    if kind == Kind::Postgres {
        let waiting = "count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL";
        wait_until("the write waits", || account.store().value(waiting).as_deref() == Some("1"));
    }
    running.signal(Signal::Terminate);
    let outcome = running.wait();
    assert_eq!(outcome.exit_code(), 143, "{outcome:?}");
    assert_eq!(outcome.envelope()["response"]["status"], "interrupted");
    drop(lock);
    account.control().clear_faults();
    account.sync_well(["companies"]);
    account.assert_same("companies");
}

fn a_second_run_at_the_same_time_is_told_of_the_first(kind: Kind) {
    let account = account(kind);
    let first = started_and_held(&account, "companies", 2);
    let second = account.sync(["departments"]);
    assert_eq!(second.exit_code(), 69, "{second:?}");
    let error = second.error();
    assert_eq!(error["error_code"], "conflict", "{error}");
    assert!(text(&error["message"]).contains(&first.id().to_string()), "{error}");
    assert!(!error["error_metadata"]["hint"].is_null(), "{error}");

    // Another connection, and one that only looks, are free.
    let token = account.envelope().to_owned();
    let other = account.connector().run(["sync", "--json", &token, "departments", "--connection", "other"]);
    assert_eq!(other.exit_code(), 0, "{other:?}");
    let dry = account.sync(["departments", "--dry-run"]);
    assert_eq!(dry.exit_code(), 0, "{dry:?}");

    assert_killed(first);
    account.control().clear_faults();
    account.sync_well(["companies"]);
    account.assert_same("companies");
}

/// Nothing to commit, and nobody who answers: a signal still ends it.
#[test]
fn a_call_that_waits_for_the_app_is_ended_by_a_signal() {
    let account = account(Kind::Sqlite);
    hold(&account, "companies", 1);
    let running = account.connector().start(["list_companies", "--json", account.envelope()]);
    wait_until("it waits", || account.requests("companies") == 1);
    running.signal(Signal::Terminate);
    let outcome = running.wait();
    assert_eq!(outcome.exit_code(), 143, "{outcome:?}");
    assert_eq!(outcome.envelope()["response"]["status"], "interrupted");
}
