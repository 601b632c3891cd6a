//! What a sync says of itself, checked twice: by the rows, and by `verify`, which reads the app again.

use std::time::Duration;

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    binary::{Outcome, RunningConnector},
    comparison::difference,
    store::Kind,
    streams::resource,
};
use teamleader_sandbox::{Fault, FaultKind, Framing, When};

on_both_stores! {
    rows_that_somebody_changed_are_named_and_mended,
    a_record_that_changed_in_the_app_is_different_until_it_is_read,
    a_row_that_is_marked_as_deleted_although_the_app_has_it_is_named_and_mended,
}

/// Read by value, by page with changes, by page alone, without pages, and for each parent with pages and without.
const LISTS: [(&str, &str); 6] = [
    ("companies", "/companies.list"),
    ("invoices", "/invoices.list"),
    ("quotations", "/quotations.list"),
    ("payment_terms", "/paymentTerms.list"),
    ("days_off", "/users.listDaysOff"),
    ("document_templates", "/documentTemplates.list"),
];

/// What these need; it is read without a fault.
const PARENTS: [&str; 2] = ["users", "departments"];

fn account() -> Account {
    let account = Account::with_records(25, Kind::Sqlite).environment("TEAMLEADER_PAGE_SIZE", "10");
    // All cases run at the same time, on however few cores there are.
    account.time_limit(Duration::from_mins(4))
}

fn streams<'a>() -> Vec<&'a str> {
    PARENTS.into_iter().chain(LISTS.map(|(stream, _)| stream)).collect()
}

fn start_verify(account: &Account, arguments: &[&str]) -> RunningConnector {
    let all = ["verify", "--json", account.envelope()].into_iter().chain(arguments.iter().copied());
    account.connector().start(all)
}

fn verify(account: &Account, arguments: &[&str]) -> Outcome {
    start_verify(account, arguments).wait()
}

/// The verdict about one stream, and the ids that are missing, extra and different.
fn verdict(report: &Value, stream: &str) -> (String, [Vec<String>; 3]) {
    let part = of_stream(report, stream);
    let ids = |kind: &str| -> Vec<String> {
        let ids = part[kind].as_array().unwrap_or_else(|| panic!("{part}"));
        assert_eq!(part[format!("{kind}_count")], ids.len(), "{part}");
        ids.iter().map(|id| text(id).to_owned()).collect()
    };
    (text(&part["status"]).to_owned(), [ids("missing"), ids("extra"), ids("different")])
}

/// A status with this body.
fn status(status: u16, body: &str, when: &str) -> FaultKind {
    serde_json::from_value(json!({"kind": "status", "status": status, "body": body, "when": when}))
        .expect("a fault")
}

/// Every kind of fault that there is, those that pass for two requests, and those that stay. A 429 has tests of its own:
/// it holds up everything until the minute is over.
fn faults() -> Vec<(FaultKind, Option<u64>)> {
    let passing = [
        status(500, "json", "before"),
        status(502, "html", "after"),
        status(503, "empty", "after"),
        status(504, "json", "after"),
        FaultKind::reset(When::Before),
        FaultKind::reset(When::After),
        FaultKind::truncated(Framing::Complete),
        FaultKind::truncated(Framing::ContentLength),
        FaultKind::truncated(Framing::Chunked),
        FaultKind::Html,
        FaultKind::EmptyBody,
        FaultKind::DataNull,
        FaultKind::DataMissing,
    ];
    let staying = [
        FaultKind::status(400),
        FaultKind::status(401),
        FaultKind::status(403),
        FaultKind::status(404),
        FaultKind::SlowHeaders { millis: 5 },
        FaultKind::SlowBody { millis: 1 },
        FaultKind::Gzip,
        FaultKind::DuplicatedRow,
        FaultKind::RepeatedPage,
        FaultKind::ClockSkew { seconds: 7200 },
        FaultKind::ClockSkew { seconds: -7200 },
        FaultKind::TokenExpiry,
        FaultKind::AccountSwitch,
        FaultKind::Value { field: "id".into(), value: Value::Null },
        FaultKind::Value { field: "title".into(), value: json!("nobody's") },
        FaultKind::ExtraFields,
    ];
    let passing = passing.into_iter().map(|fault| (fault, Some(2)));
    passing.chain(staying.into_iter().map(|fault| (fault, None))).collect()
}

#[test]
fn what_a_sync_says_under_any_fault_is_what_verify_says_afterwards() {
    let cases: Vec<_> = faults()
        .into_iter()
        .enumerate()
        .map(|(number, (fault, times))| {
            let account = account();
            // The first page, or a later one where there is one.
            let nth = 1 + number as u64 % 2;
            for (_, path) in LISTS {
                let fault = Fault::on(path, fault.clone()).nth(nth);
                account.control().add_fault(times.into_iter().fold(fault, Fault::times));
            }
            let running = account.start_sync(streams());
            (format!("{fault:?} from request {nth}"), account, running)
        })
        .collect();
    let synced: Vec<_> = cases
        .into_iter()
        .map(|(name, account, running)| {
            let outcome = running.wait();
            account.control().clear_faults();
            // Tokens may have been ended by the fault: whoever compares has new ones.
            let token = account.control().issue_tokens().access_token;
            let envelope = json!({"auth": {"oauth": {"access_token": token}}}).to_string();
            let mut arguments = vec!["verify", "--json", &envelope];
            arguments.extend(streams());
            let verifying = account.connector().start(arguments);
            (name, account, outcome, verifying)
        })
        .collect();
    let mut wrong = Vec::new();
    for (name, account, outcome, verifying) in synced {
        let (synced, verified) = (outcome.envelope()["response"].take(), verifying.wait());
        let verified = verified.envelope()["response"].take();
        for stream in streams() {
            wrong.extend(
                contradiction(&account, stream, &synced, &verified).map(|it| format!("{name}: {it}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the sync, the comparison and the rows say about a stream, where they do not fit.
fn contradiction(account: &Account, stream: &str, synced: &Value, verified: &Value) -> Option<String> {
    let (part, difference) = (of_stream(synced, stream), difference(account, stream));
    let (verdict, ids) = verdict(verified, stream);
    let succeeded = part["status"] == "succeeded";
    let has_reason = !part["error"].is_null() || part["rejected"] != 0 || part.get("warnings").is_some();
    if !succeeded && !has_reason {
        return Some(format!("{stream} has no reason for its status: {part}"));
    }
    // What nobody documented is kept as it came, and comes no more.
    let has_foreign_content =
        difference.as_ref().is_some_and(|it| it.contains("missing [], extra [], changed"));
    if succeeded && difference.is_some() && !has_foreign_content {
        return Some(format!("{part} and yet {difference:?}"));
    }
    let wanted = if difference.is_none() { "equal" } else { "different" };
    (verdict != wanted)
        .then(|| format!("{stream} is {wanted}, verify says {verdict} {ids:?}: {difference:?}"))
}

/// Three rows that are not what the app has: one changed, one gone, one nobody knows. Their ids, in this order.
fn tamper(account: &Account, stream: &str) -> [String; 3] {
    let ids = account.control().records(resource(stream)).expect("a resource");
    let id = |at: usize| text(&ids[at]["id"]).to_owned();
    let (changed, gone, unknown) = (id(3), id(5), "0a1b2c3d-0000-0000-8000-00000000000f".to_owned());
    let (store, table) = (account.store(), account.store().table(stream));
    store.execute(&format!("UPDATE {table} SET web_url = 'https://changed.example' WHERE id = '{changed}'"));
    store.execute(&format!("DELETE FROM {table} WHERE id = '{gone}'"));
    let columns = "_doc, _hash, _first_seen_at, _synced_at, _run_id";
    store.execute(&format!(
        "INSERT INTO {table} (id, {columns}) SELECT '{unknown}', {columns} FROM {table} WHERE id = '{changed}'"
    ));
    [changed, gone, unknown]
}

fn rows_that_somebody_changed_are_named_and_mended(kind: Kind) {
    let account = Account::with_records(15, kind);
    let streams = ["companies", "invoices"];
    account.sync_well(streams);
    let tampered = streams.map(|stream| (stream, tamper(&account, stream)));
    let found = verify(&account, &streams);
    assert_eq!(found.exit_code(), 69, "{found:?}");
    let report = found.envelope()["response"].take();
    assert_eq!(report["status"], "different");
    let named = |[changed, gone, unknown]: &[String; 3]| {
        [vec![gone.clone()], vec![unknown.clone()], vec![changed.clone()]]
    };
    for (stream, ids) in &tampered {
        assert_eq!(verdict(&report, stream), ("different".to_owned(), named(ids)), "{stream}");
    }
    // Comparing mends nothing.
    let again = verify(&account, &streams).envelope()["response"].take();
    assert_eq!(verdict(&again, "companies"), verdict(&report, "companies"));

    let mended = verify(&account, &["companies", "invoices", "--repair"]);
    assert_eq!(mended.exit_code(), 0, "{mended:?}");
    let report = mended.response();
    for (stream, ids) in &tampered {
        assert_eq!(verdict(&report, stream), ("repaired".to_owned(), named(ids)), "{stream}");
        assert_eq!(difference(&account, stream), None);
        let query = format!("SELECT web_url FROM {} WHERE id = '{}'", account.store().table(stream), ids[0]);
        assert_ne!(
            account.store().rows(&query)[0][0].as_deref(),
            Some("https://changed.example"),
            "{stream}"
        );
    }
    let equal = verify(&account, &streams);
    assert_eq!((equal.exit_code(), &equal.response()["status"]), (0, &json!("equal")), "{equal:?}");
}

fn a_record_that_changed_in_the_app_is_different_until_it_is_read(kind: Kind) {
    let account = Account::with_records(15, kind);
    account.sync_well(["companies"]);
    let ids = account.ids("companies");
    account.control().update_silently("companies", &ids[2], json!({"name": "Silent"})).expect("a row");
    let new = account.control().insert("companies", json!({"name": "New"})).expect("a row");
    account.control().delete("companies", &ids[4]).expect("a row");
    let report = verify(&account, &["companies"]).envelope()["response"].take();
    let found = [vec![new], vec![ids[4].clone()], vec![ids[2].clone()]];
    assert_eq!(verdict(&report, "companies"), ("different".to_owned(), found));
    account.sync_well(["companies", "--full"]);
    assert_eq!(verify(&account, &["companies"]).response()["status"], "equal");
}

fn a_row_that_is_marked_as_deleted_although_the_app_has_it_is_named_and_mended(kind: Kind) {
    let account = Account::with_records(15, kind);
    account.sync_well(["companies"]);
    let id = account.ids("companies")[6].clone();
    let table = account.store().table("companies");
    account.store().execute(&format!("UPDATE {table} SET _deleted_at = _synced_at WHERE id = '{id}'"));
    let report = verify(&account, &["companies"]).envelope()["response"].take();
    let (found, [missing, extra, different]) = verdict(&report, "companies");
    assert_eq!((found.as_str(), extra), ("different", vec![]));
    assert_eq!([missing, different].concat(), [id]);
    assert_eq!(verify(&account, &["companies", "--repair"]).response()["status"], "repaired");
    account.assert_same("companies");
    assert_eq!(verify(&account, &["companies"]).response()["status"], "equal");
}
