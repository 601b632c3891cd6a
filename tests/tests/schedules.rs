//! Syncs by the clock: kept in the store, started once by whichever server is there, never at the cost of the app.

use serde_json::{Value, json};
use system_tests::{
    account::{Account, text},
    served::{Served, create_key},
    store::Kind,
    streams::list_path,
    waiting::wait_until,
};
use teamleader_sandbox::{Fault, FaultKind};

on_both_stores! {
    a_schedule_is_set_shown_changed_and_removed,
    a_time_that_is_due_is_started_by_one_of_two_servers,
    a_run_that_is_still_at_work_is_not_overtaken,
    a_connection_that_needs_a_person_is_left_alone,
}

fn account(kind: Kind) -> Account {
    Account::with_records(12, kind).logged_in()
}

/// Sets a schedule that was due an hour ago.
fn set_due(account: &Account) {
    let made =
        account.connector().run(["schedule", "set", "often", "every 1h", "--stream", "companies"]).response();
    assert_eq!(made["enabled"], true, "{made}");
    // The clock of a test stands still.
    account.store().execute(&format!(
        "UPDATE {} SET next_at = '2026-01-01T00:00:00Z'",
        account.store().own_table("schedules")
    ));
}

/// The one schedule that there is.
fn schedule(account: &Account) -> Value {
    let listed = account.connector().run(["schedule", "list"]).response();
    assert_eq!(listed["schedules"].as_array().map(Vec::len), Some(1), "{listed}");
    listed["schedules"][0].clone()
}

fn runs(account: &Account) -> Vec<Value> {
    let status = account.connector().run(["status"]).response();
    status["runs"].as_array().expect("a list").clone()
}

fn a_schedule_is_set_shown_changed_and_removed(kind: Kind) {
    let account = account(kind);
    let key = create_key(&account, &["sync:write", "sync:read"]);
    let reading = create_key(&account, &["sync:read"]);
    let served = Served::start(&account);
    assert_eq!(served.get("/schedules", &reading).body["response"]["schedules"], json!([]));
    let path = "/schedules/acme%2Fsecond/nightly";
    let body = json!({
        "expression": "0 6 * * MON-FRI", "time_zone": "Europe/Brussels", "jitter_seconds": 60,
        "request": {"streams": ["companies"]},
    });
    let made = served.ask("PUT", path, &key, &body);
    assert_eq!(made.status, 200, "{made:?}");
    let made = &made.body["response"];
    assert_eq!((&made["connection"], &made["name"]), (&json!("acme/second"), &json!("nightly")));
    assert_eq!((&made["enabled"], &made["last"]), (&json!(true), &Value::Null));
    assert_eq!(served.get("/schedules", &reading).body["response"]["schedules"], json!([made]));
    let shown = schedule(&account);
    assert_eq!(&shown, made, "the command shows the same");

    let off = served.ask("PUT", path, &key, &json!({"expression": "every 1h30m", "enabled": false}));
    assert_eq!((off.status, &off.body["response"]["next_at"]), (200, &Value::Null), "{off:?}");
    for (body, place) in [
        (json!({"expression": "sometimes"}), "/expression"),
        (json!({"expression": "0 6 * * *", "time_zone": "Mars/Olympus"}), "/time_zone"),
        (json!({"expression": "every 1h", "request": {"streams": 1}}), "/request/streams"),
        (
            json!({"expression": "every 1h", "request": {"sink": {"url": "sqlite://x.db"}}}),
            "/request/sink/url",
        ),
    ] {
        let refused = served.ask("PUT", path, &key, &body);
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(text(&refused.body["error"]["message"]).contains(place), "{refused:?}");
    }
    assert_eq!(served.ask("PUT", path, &reading, &body).status, 403);
    assert_eq!(served.ask("DELETE", path, &reading, &Value::Null).status, 403);
    assert_eq!(served.ask("DELETE", path, &key, &Value::Null).status, 200);
    assert_eq!(served.ask("DELETE", path, &key, &Value::Null).status, 404);
    let gone = account.connector().run(["schedule", "remove", "nightly", "--connection", "acme/second"]);
    assert_eq!(gone.error()["error_code"], "not_found");
}

fn a_time_that_is_due_is_started_by_one_of_two_servers(kind: Kind) {
    let account = account(kind);
    set_due(&account);
    let servers = [Served::start(&account), Served::start(&account)];
    wait_until("the run is noted and over", || {
        schedule(&account)["last"]["run_id"].is_string()
            && runs(&account).iter().all(|run| run["status"] == "succeeded")
    });
    for served in servers {
        assert_eq!(served.stop().exit_code(), 143);
    }
    let runs = runs(&account);
    assert_eq!(runs.len(), 1, "months were missed, which is one run: {runs:?}");
    let shown = schedule(&account);
    assert_eq!(shown["last"]["run_id"], runs[0]["run_id"]);
    assert!(text(&shown["next_at"]) > text(&shown["last"]["at"]), "{shown}");
    account.assert_same("companies");
}

fn a_run_that_is_still_at_work_is_not_overtaken(kind: Kind) {
    let account = account(kind).environment("TEAMLEADER_TIMEOUT_SECONDS", "600");
    let slow = FaultKind::SlowHeaders { millis: 3_600_000 };
    account.control().add_fault(Fault::on(list_path("companies"), slow).times(1));
    let running = account.start_sync(["companies"]);
    wait_until("the sync stands still", || account.requests("companies") == 1);
    set_due(&account);
    let served = Served::start(&account);
    wait_until("it is told why there was no run", || schedule(&account)["last"]["skipped"].is_string());
    let shown = schedule(&account);
    assert!(text(&shown["last"]["skipped"]).contains(&running.id().to_string()), "{shown}");
    assert_eq!(shown["enabled"], true, "it goes on");
    assert_eq!(served.stop().exit_code(), 143);
    assert_eq!(account.requests("companies"), 1);
}

fn a_connection_that_needs_a_person_is_left_alone(kind: Kind) {
    let account = account(kind);
    set_due(&account);
    let connections = account.store().own_table("connections");
    account.store().execute(&format!("UPDATE {connections} SET state = 'reauthorization_required'"));
    account.control().clear_requests();
    let served = Served::start(&account);
    wait_until("it is told why there was no run", || schedule(&account)["last"]["skipped"].is_string());
    assert!(text(&schedule(&account)["last"]["skipped"]).contains("log in"));
    assert_eq!(served.stop().exit_code(), 143);
    assert!(account.control().requests().is_empty(), "the app is not asked");
    assert!(runs(&account).is_empty());
}
