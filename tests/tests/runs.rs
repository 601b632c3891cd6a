//! Syncs over HTTP: started, followed, cancelled, and one at a time for each connection, whoever starts it.

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    served::{Reply, Served, create_key},
    store::Kind,
    streams::list_path,
    waiting::wait_until,
};
use teamleader_sandbox::{Fault, FaultKind};

on_both_stores! {
    a_run_is_followed_to_its_end_and_remembered,
    a_run_is_cancelled_and_keeps_what_was_committed,
    a_connection_that_is_being_synced_is_refused_to_everybody_else,
    a_server_that_is_killed_frees_its_connections,
    a_server_that_stops_ends_its_runs_in_good_order,
    what_cannot_be_started_is_refused_at_once,
}

const AN_HOUR: u64 = 3_600_000;

/// 45 records of each kind in pages of 10, so that a stream takes five requests.
fn account(kind: Kind) -> Account {
    Account::with_records(45, kind)
        .environment("TEAMLEADER_PAGE_SIZE", "10")
        .environment("TEAMLEADER_TIMEOUT_SECONDS", "600")
        .logged_in()
}

fn key(account: &Account) -> String {
    create_key(account, &["sync:write", "sync:read"])
}

fn companies() -> Value {
    json!({"streams": ["companies"]})
}

/// Lets the n-th request for companies wait for ever, once.
fn hold(account: &Account, nth: u64) {
    account.control().clear_requests();
    let fault = FaultKind::SlowHeaders { millis: AN_HOUR };
    account.control().add_fault(Fault::on(list_path("companies"), fault).nth(nth).times(1));
}

/// Starts a sync of companies, and gives the run's id.
fn start(served: &Served, key: &str) -> String {
    let answer = served.ask("POST", "/sync", key, &companies());
    assert_eq!(answer.status, 202, "{answer:?}");
    text(&answer.body["response"]["run_id"]).to_owned()
}

/// The same, and it stands still at the n-th request.
fn started_and_held(account: &Account, served: &Served, key: &str, nth: u64) -> String {
    hold(account, nth);
    let run = start(served, key);
    wait_until("the sync stands still", || account.requests("companies") as u64 >= nth);
    run
}

fn response(answer: &Reply) -> &Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    &answer.body["response"]
}

/// Follows a run to its end, and gives the last view.
fn end_of(served: &Served, key: &str, run: &str) -> Value {
    let last = served.follow(&format!("/sync/{run}/events"), key).last().expect("an event");
    assert_eq!(last.name, "end", "{last:?}");
    last.data
}

fn a_run_is_followed_to_its_end_and_remembered(kind: Kind) {
    let account = account(kind);
    let (key, served) = (key(&account), Served::start(&account));
    hold(&account, 3);
    let started = served.ask("POST", "/sync", &key, &json!({"request": companies()}));
    assert_eq!(started.status, 202, "{started:?}");
    let run = text(&started.body["response"]["run_id"]).to_owned();
    assert_eq!(started.headers["location"], format!("/sync/{run}"));

    // It stands still, which is told to whoever looks and to whoever follows.
    let mut events = served.follow(&format!("/sync/{run}/events"), &key);
    let committed = events.find(|event| event.data["streams"][0]["received"].as_u64() >= Some(10));
    let view = committed.expect("rows are committed").data;
    assert_eq!((text(&view["status"]), &view["connection"]), ("running", &json!("default")), "{view}");
    assert_eq!(view["streams"][0]["stream"], "companies");
    let seen = response(&served.get(&format!("/sync/{run}"), &key)).clone();
    assert_eq!((text(&seen["status"]), &seen["finished_at"]), ("running", &Value::Null));

    account.control().clear_faults();
    // The request that waits goes on waiting; another one takes its place only in a run of its own.
    served.ask("POST", &format!("/sync/{run}/cancel"), &key, &Value::Null);
    assert_eq!(events.last().expect("the end").data["status"], "interrupted");
    let run = start(&served, &key);
    let end = end_of(&served, &key, &run);
    assert_eq!(end["status"], "succeeded", "{end}");
    assert_eq!(of_stream(&end["report"], "companies")["rejected"], 0);
    account.assert_same("companies");

    // The end is told to those who come late, too; a browser that came back for more learns that there is none.
    assert_eq!(served.follow(&format!("/sync/{run}/events"), &key).count(), 1);
    let history = response(&served.get("/syncs?connection=default&limit=2", &key)).clone();
    let ids: Vec<_> = history["runs"].as_array().expect("a list").iter().map(|run| &run["status"]).collect();
    assert_eq!(ids, ["succeeded", "interrupted"]);
    assert_eq!(served.stop().exit_code(), 143);

    // Another process knows it from the store.
    let other = Served::start(&account);
    let seen = response(&other.get(&format!("/sync/{run}"), &key)).clone();
    assert_eq!((&seen["run_id"], text(&seen["status"])), (&json!(run), "succeeded"));
    assert_eq!(end_of(&other, &key, &run)["report"]["run_id"], json!(run));
}

fn a_run_is_cancelled_and_keeps_what_was_committed(kind: Kind) {
    let account = account(kind);
    let (key, served) = (key(&account), Served::start(&account));
    let run = started_and_held(&account, &served, &key, 4);
    wait_until("rows are committed", || account.store().count("companies") >= 10);
    let answer = served.ask("DELETE", &format!("/sync/{run}"), &key, &Value::Null);
    assert_eq!((answer.status, &answer.body["response"]["status"]), (202, &json!("stopping")));
    let end = end_of(&served, &key, &run);
    assert_eq!(end["status"], "interrupted", "{end}");
    let rows = account.store().count("companies");
    assert_eq!(of_stream(&end["report"], "companies")["inserted"], rows);
    assert!(rows >= 20, "three pages were answered, and {rows} rows are there");

    // Once more does no harm.
    let again = served.ask("POST", &format!("/sync/{run}/cancel"), &key, &Value::Null);
    assert_eq!((again.status, &again.body["response"]["status"]), (200, &json!("ended")));
    account.control().clear_faults();
    let run = start(&served, &key);
    assert_eq!(end_of(&served, &key, &run)["status"], "succeeded");
    account.assert_same("companies");
}

fn a_connection_that_is_being_synced_is_refused_to_everybody_else(kind: Kind) {
    let account = account(kind);
    let key = key(&account);
    let servers = [Served::start(&account), Served::start(&account)];
    let run = started_and_held(&account, &servers[0], &key, 2);
    for served in &servers {
        let refused = served.ask("POST", "/sync", &key, &companies());
        assert_eq!(refused.code(), (409, "store.lease_held"), "{refused:?}");
        assert!(text(&refused.body["error"]["message"]).contains(&run), "{refused:?}");
    }
    let refused = account.sync(["deals"]);
    assert_eq!(refused.exit_code(), 69, "{refused:?}");
    assert!(text(&refused.error()["message"]).contains(&run));
    // It can be looked at from the other server, and stopped there too.
    assert_eq!(response(&servers[1].get(&format!("/sync/{run}"), &key))["status"], "running");
    let elsewhere = servers[1].ask("DELETE", &format!("/sync/{run}"), &key, &Value::Null);
    assert_eq!((elsewhere.status, &elsewhere.body["response"]["status"]), (202, &json!("stopping")));
    assert_eq!(end_of(&servers[1], &key, &run)["status"], "interrupted");

    // The other way round: the command holds it, and the servers are refused.
    hold(&account, 1);
    let command = account.start_sync(["companies"]);
    wait_until("the command stands still", || account.requests("companies") >= 1);
    for served in &servers {
        let refused = served.ask("POST", "/sync", &key, &companies());
        assert_eq!(refused.status, 409, "{refused:?}");
        assert!(text(&refused.body["error"]["message"]).contains(&command.id().to_string()));
    }
    let latest = response(&servers[0].get("/syncs?limit=1", &key)).clone();
    let run = text(&latest["runs"][0]["run_id"]);
    assert_eq!(servers[0].ask("DELETE", &format!("/sync/{run}"), &key, &Value::Null).status, 202);
    let ended = command.wait();
    assert_eq!((ended.exit_code(), &ended.envelope()["response"]["status"]), (143, &json!("interrupted")));
}

fn a_server_that_is_killed_frees_its_connections(kind: Kind) {
    let account = account(kind);
    let (key, served, other) = (key(&account), Served::start(&account), Served::start(&account));
    let killed = started_and_held(&account, &served, &key, 3);
    served.kill();
    account.control().clear_faults();
    // At once: nobody waits for anything to run out.
    let run = start(&other, &key);
    assert_eq!(end_of(&other, &key, &run)["status"], "succeeded");
    account.assert_same("companies");
    assert_eq!(response(&other.get(&format!("/sync/{killed}"), &key))["status"], "interrupted");
}

fn a_server_that_stops_ends_its_runs_in_good_order(kind: Kind) {
    let account = account(kind);
    let (key, served) = (key(&account), Served::start(&account));
    let run = started_and_held(&account, &served, &key, 4);
    wait_until("rows are committed", || account.store().count("companies") >= 10);
    let events = served.follow(&format!("/sync/{run}/events"), &key);
    assert_eq!(served.stop().exit_code(), 143);
    // Whoever follows is told of the end.
    let last = events.last().expect("an event");
    assert_eq!((last.name.as_str(), &last.data["status"]), ("end", &json!("interrupted")), "{last:?}");
    let status = account.connector().run(["status"]).response();
    assert_eq!(status["runs"][0]["run_id"], json!(run));
    assert_eq!(status["runs"][0]["status"], "interrupted");
    assert!(!status["runs"][0]["report"].is_null(), "it said itself how it ended: {status}");
}

fn what_cannot_be_started_is_refused_at_once(kind: Kind) {
    let account = account(kind);
    let (writing, reading) = (key(&account), create_key(&account, &["sync:read"]));
    let served = Served::start(&account);
    for (body, place) in [
        (json!({"streams": ["company"]}), "/request/streams/0"),
        (json!({"steams": []}), "/request"),
        (json!({"request": {"mode": "half"}}), "/request/mode"),
        (json!({"connection": "nobody"}), "nobody"),
    ] {
        let refused = served.ask("POST", "/sync", &writing, &body);
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(text(&refused.body["error"]["message"]).contains(place), "{refused:?}");
    }
    assert_eq!(served.ask("POST", "/sync", &reading, &companies()).status, 403);
    assert_eq!(served.ask("POST", "/sync", "bk_abcd1234_none", &companies()).status, 401);
    assert_eq!(served.ask("POST", "/laputa/sync", &writing, &companies()).status, 404);
    let nobody = "/sync/00000000-0000-4000-8000-000000000000";
    for path in [nobody.to_owned(), format!("{nobody}/events")] {
        assert_eq!(served.get(&path, &reading).status, 404, "{path}");
    }
    assert_eq!(served.get("/syncs?limit=many", &reading).status, 400);
    assert_eq!(response(&served.get("/syncs", &reading))["runs"], json!([]));
    assert_eq!(account.requests("companies"), 0);
}
