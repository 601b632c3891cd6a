//! `webhooks listen` and an app that tells of changes: they arrive at once, and nothing in a message is believed.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};
use system_tests::{
    account::{Account, block_on},
    binary::{RunningConnector, Signal},
    served::Served,
    store::Kind,
    waiting::wait_until,
};
use teamleader_sandbox::{Fault, FaultKind, WebhookOutcome};

on_both_stores! {
    a_change_and_a_delete_reach_the_table,
    a_forged_message_changes_nothing,
    messages_about_one_record_are_one_read,
}

/// A listener that is registered with the sandbox.
struct Listening {
    running: RunningConnector,
    url: String,
}

/// Logs in, reads the companies, and listens.
fn listening(kind: Kind) -> (Account, Listening) {
    let account = Account::with_records(12, kind).logged_in();
    account.sync_well(["companies", "deals"]);
    // The address must be known before it is registered, and is what a proxy would have.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|it| it.local_addr())
        .expect("a free port")
        .port();
    let address = format!("127.0.0.1:{port}");
    let public = format!("http://{address}");
    let mut running = account.connector().start([
        "webhooks",
        "listen",
        "--listen",
        &address,
        "--public-url",
        &public,
        "--register",
    ]);
    let ready: Value = serde_json::from_str(&running.wait_for_standard_output("ready")).expect("JSON");
    assert!(ready["registered"].as_array().is_some_and(|types| types.len() > 10), "{ready}");
    let registered = account.control().webhooks();
    assert_eq!(registered.len(), 1, "{registered:?}");
    let url = registered[0].url.clone();
    assert!(url.starts_with(&public) && url.len() > public.len() + 20, "the address cannot be guessed");
    account.control().clear_requests();
    (account, Listening { running, url })
}

impl Listening {
    fn stop(self) {
        self.running.signal(Signal::Terminate);
        let outcome = self.running.wait();
        assert_eq!(outcome.exit_code(), 143, "{outcome:?}");
        let secret = self.url.rsplit('/').next().unwrap_or_default();
        assert!(!format!("{outcome:?}").contains(secret), "the address is not told");
    }
}

/// Posts a message as anybody could, and returns the status.
fn post(url: &str, body: &str) -> u16 {
    let rest = url.strip_prefix("http://").expect("http");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut connection = TcpStream::connect(host).expect("somebody listens");
    let length = body.len();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).expect("the head is small");
    connection.write_all(body.as_bytes()).expect("the body is small");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

fn name(account: &Account, id: &str) -> Option<String> {
    let table = account.store().table("companies");
    let query = format!("SELECT name FROM {table} WHERE CAST(id AS TEXT) = '{id}' AND _deleted_at IS NULL");
    account.store().rows(&query).pop().and_then(|mut row| row.remove(0))
}

fn payload(kind: &str, entity: &str, id: &str, account: &str) -> Value {
    json!({"type": kind, "subject": {"type": entity, "id": id}, "account": {"type": "account", "id": account}})
}

fn a_change_and_a_delete_reach_the_table(kind: Kind) {
    let (account, listening) = listening(kind);
    let ids = account.ids("companies");
    account.control().update("companies", &ids[3], json!({"name": "Changed at once"})).expect("a row");
    account.control().delete("companies", &ids[5]).expect("a row");
    let new = account.control().insert("companies", json!({"name": "New at once"})).expect("a row");
    let deal = account.ids("deals")[2].clone();
    account.control().update("deals", &deal, json!({"title": "A deal at once"})).expect("a row");
    wait_until("the change is there", || name(&account, &ids[3]).as_deref() == Some("Changed at once"));
    wait_until("the delete is there", || name(&account, &ids[5]).is_none());
    wait_until("the new one is there", || name(&account, &new).as_deref() == Some("New at once"));
    let table = account.store().table("deals");
    let title = format!("title FROM {table} WHERE CAST(id AS TEXT) = '{deal}'");
    wait_until("the deal is there", || account.store().value(&title).as_deref() == Some("A deal at once"));
    account.assert_same("companies");
    let marked =
        format!("count(*) FROM {} WHERE _deleted_at IS NOT NULL", account.store().table("companies"));
    assert_eq!(account.store().value(&marked).as_deref(), Some("1"));
    block_on(account.control().webhooks_settled());
    let messages = account.control().webhook_messages();
    assert!(messages.iter().all(|it| it.outcome == WebhookOutcome::Delivered), "{messages:?}");
    listening.stop();
}

fn a_forged_message_changes_nothing(kind: Kind) {
    let (account, listening) = listening(kind);
    let before = account.store().marks("companies");
    let (id, own) = (account.ids("companies")[4].clone(), account.control().account().to_string());
    let deleted = payload("company.deleted", "company", &id, &own).to_string();
    // Without the secret nobody is heard.
    let guessed = format!("{}/{}", &listening.url[..listening.url.rfind('/').expect("a path")], "guess");
    assert_eq!(post(&guessed, &deleted), 404);
    // With it: what is no message, what is somebody else's, and lies about a record that is there.
    for nonsense in
        ["", "{}", "[1]", r#"{"type":"company.deleted","subject":{"type":"company","id":"../x"}}"#]
    {
        assert_eq!(post(&listening.url, nonsense), 400, "{nonsense}");
    }
    let others =
        payload("company.deleted", "company", &id, "018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b").to_string();
    assert_eq!(post(&listening.url, &others), 204);
    assert_eq!(account.control().requests(), [], "none of this is a reason to read anything");
    let mut lie = payload("company.deleted", "company", &id, &own);
    lie["subject"]["name"] = "Forged".into();
    let unknown = payload("company.updated", "company", "018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b", &own);
    for message in [lie, unknown] {
        assert_eq!(post(&listening.url, &message.to_string()), 204);
    }
    // A true message afterwards shows that the lies are worked off.
    let last = account.ids("companies")[7].clone();
    account.control().update("companies", &last, json!({"name": "True"})).expect("a row");
    wait_until("the true one is there", || name(&account, &last).as_deref() == Some("True"));
    account.assert_same("companies");
    let after = account.store().marks("companies");
    let changed: Vec<_> = before.iter().zip(&after).filter(|(one, other)| one != other).collect();
    assert_eq!((before.len(), changed.len()), (after.len(), 1), "{changed:?}");
    listening.stop();
}

#[test]
fn a_server_takes_messages_at_its_own_port() {
    let account = Account::with_records(12, Kind::Sqlite).logged_in();
    account.sync_well(["companies"]);
    let served = Served::told(account.connector(), ["--webhooks", "default"]);
    let path = account.connector().run(["webhooks", "path"]).response()["path"].clone();
    let path = path.as_str().expect("a text").to_owned();
    let (id, own) = (account.ids("companies")[3].clone(), account.control().account().to_string());
    account
        .control()
        .update_silently("companies", &id, json!({"name": "Told to the server"}))
        .expect("a row");
    let message = payload("company.updated", "company", &id, &own).to_string();
    let guessed = format!("http://{}/{}", served.address(), "x".repeat(path.len() - 1));
    assert_eq!(post(&guessed, &message), 401, "it is a path like any other");
    assert_eq!(post(&format!("http://{}{path}", served.address()), &message), 204);
    wait_until("the change is there", || name(&account, &id).as_deref() == Some("Told to the server"));
    account.assert_same("companies");
    let outcome = served.stop();
    assert_eq!(outcome.exit_code(), 143, "{outcome:?}");
    assert!(!format!("{outcome:?}").contains(&path[1..]), "the secret is in no log");

    let refused = account.connector().run(["serve", "--listen", "127.0.0.1:0", "--webhooks", "nobody"]);
    assert_eq!(refused.exit_code(), 64, "{refused:?}");
}

fn messages_about_one_record_are_one_read(kind: Kind) {
    let (account, listening) = listening(kind);
    let (ids, own) = (account.ids("companies"), account.control().account().to_string());
    let about = |id: &str, status: u16| {
        let requests = account.control().requests();
        requests.iter().filter(|it| it.status == status && it.body.contains(id)).count()
    };
    // The app is down while the messages come, so that none is worked off before all are there.
    account.control().add_fault(Fault::on("/companies.*", FaultKind::status(503)));
    account.control().update("companies", &ids[1], json!({"name": "First"})).expect("a row");
    wait_until("the first is asked for", || about(&ids[1], 503) > 0);
    account.control().update_silently("companies", &ids[2], json!({"name": "Second"})).expect("a row");
    let message = payload("company.updated", "company", &ids[2], &own).to_string();
    for _ in 0..15 {
        assert_eq!(post(&listening.url, &message), 204);
    }
    account.control().clear_faults();
    wait_until("the second is there", || name(&account, &ids[2]).as_deref() == Some("Second"));
    assert_eq!(name(&account, &ids[1]).as_deref(), Some("First"));
    assert_eq!(about(&ids[2], 200), 1, "fifteen messages, one read");
    account.assert_same("companies");
    listening.stop();
}
