//! What is deleted in the app: marked at the next complete read, and never by mistake.

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    binary::Signal,
    comparison::difference,
    store::Kind,
    streams::{list_path, resource},
    waiting::wait_until,
};
use teamleader_sandbox::{Action, Fault, FaultKind, Scheduled};

on_both_stores! {
    what_is_gone_is_marked_at_the_next_complete_read,
    many_deletes_at_once_are_held_back_until_they_are_allowed,
    a_record_that_comes_back_lives_again,
    a_run_that_was_killed_and_continued_sweeps_nothing_that_it_did_not_see,
    a_record_that_is_gone_when_its_details_are_read_is_a_delete,
}

/// One of each way of reading: by value, by page, without pages, with a composite key, and for each parent.
const STREAMS: [&str; 6] =
    ["companies", "invoices", "quotations", "document_templates", "payment_terms", "expenses"];

/// The keys of the rows that are marked as deleted, and whether their documents are still there.
fn marked(account: &Account, stream: &str, key: &str) -> Vec<String> {
    let table = account.store().table(stream);
    let query = format!(
        "SELECT CAST({key} AS TEXT), CAST(_doc AS TEXT) FROM {table} WHERE _deleted_at IS NOT NULL ORDER BY 1"
    );
    let rows = account.store().rows(&query);
    assert!(rows.iter().all(|row| row[1].is_some()), "{stream} keeps what was known of them");
    rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect()
}

fn what_is_gone_is_marked_at_the_next_complete_read(kind: Kind) {
    let account = Account::with_records(30, kind);
    // The departments are what templates are read for.
    let streams = || ["departments"].into_iter().chain(STREAMS);
    account.sync_well(streams());
    let mut gone = Vec::new();
    for stream in STREAMS {
        let (resource, key) = (resource(stream), if stream == "expenses" { "source_id" } else { "id" });
        let record = account.control().records(resource).expect("a resource")[1].clone();
        let id = if stream == "expenses" { &record["source"]["id"] } else { &record["id"] };
        // The control takes a row without an id of its own by the hidden one.
        let row = if record["id"].is_null() { &record["_id"] } else { &record["id"] };
        account.control().delete(resource, text(row)).expect("a row");
        gone.push((stream, key, text(id).to_owned()));
    }
    // Of what changed since, the app says nothing about what is gone.
    let report = account.sync_well(["companies", "invoices"]);
    for stream in ["companies", "invoices"] {
        assert_eq!(of_stream(&report, stream)["deleted"], 0, "{report}");
    }
    // Where the app cannot be asked for a record, a second read has to miss it too.
    for (read, deleting) in [(1, &STREAMS[..4]), (2, &STREAMS[4..]), (3, &[])] {
        let report = account.sync_well(streams().chain(["--full"]));
        for stream in STREAMS {
            let part = of_stream(&report, stream);
            assert_eq!(part["deleted"], u64::from(deleting.contains(&stream)), "read {read}: {part}");
        }
    }
    for (stream, key, id) in &gone {
        assert_eq!(marked(&account, stream, key), std::slice::from_ref(id), "{stream}");
        assert_eq!(difference(&account, stream), None);
    }
}

fn many_deletes_at_once_are_held_back_until_they_are_allowed(kind: Kind) {
    let account = Account::with_records(60, kind);
    account.sync_well(["companies", "contacts"]);
    let mut gone: Vec<String> = account.ids("companies").into_iter().take(30).collect();
    gone.sort();
    for id in &gone {
        account.control().delete("companies", id).expect("a row");
    }
    let new = account.control().insert("companies", json!({"name": "New"})).expect("a row");
    let held = account.sync(["companies", "contacts", "--full"]);
    assert_eq!(held.exit_code(), 69, "{held:?}");
    let report = held.envelope()["response"].take();
    assert_eq!(report["status"], "partial");
    let part = of_stream(&report, "companies");
    assert_eq!((&part["deleted"], &part["inserted"]), (&json!(0), &json!(1)), "{part}");
    assert_eq!(part["error"]["error_code"], "conflict", "{part}");
    let hint = text(&part["error"]["error_metadata"]["hint"]);
    assert!(hint.contains("--allow-deletes 30"), "{hint}");
    assert_eq!(of_stream(&report, "contacts")["status"], "succeeded");
    assert_eq!(marked(&account, "companies", "id"), Vec::<String>::new());
    assert!(account.store().documents("companies").contains_key(&new), "what came is there");

    let too_few = account.sync(["companies", "--full", "--allow-deletes", "29"]);
    assert_eq!((too_few.exit_code(), marked(&account, "companies", "id").len()), (69, 0), "{too_few:?}");
    // The read that was held back is not forgotten: the next one is a complete one without being told.
    let report = account.sync_well(["companies", "--full", "--allow-deletes", "30"]);
    assert_eq!(of_stream(&report, "companies")["deleted"], 30);
    assert_eq!(marked(&account, "companies", "id"), gone);
    account.assert_same("companies");
}

fn a_record_that_comes_back_lives_again(kind: Kind) {
    let account = Account::with_records(30, kind);
    account.sync_well(["companies"]);
    let id = account.ids("companies")[3].clone();
    let record = account.control().records("companies").expect("a resource")[3].clone();
    account.control().delete("companies", &id).expect("a row");
    account.sync_well(["companies", "--full"]);
    assert_eq!(marked(&account, "companies", "id"), std::slice::from_ref(&id));
    let back = account.control().insert("companies", record).expect("a row");
    assert_eq!(back, id);
    account.sync_well(["companies", "--full"]);
    assert_eq!(marked(&account, "companies", "id"), Vec::<String>::new());
    account.assert_same("companies");
}

fn a_run_that_was_killed_and_continued_sweeps_nothing_that_it_did_not_see(kind: Kind) {
    let streams = ["companies", "deals", "invoices", "--full"];
    let account = Account::with_records(45, kind).environment("TEAMLEADER_PAGE_SIZE", "10");
    let account = account.environment("TEAMLEADER_TIMEOUT_SECONDS", "600");
    account.sync_well(streams);
    for stream in ["companies", "deals", "invoices"] {
        account.control().clear_requests();
        let hold = FaultKind::SlowHeaders { millis: 3_600_000 };
        account.control().add_fault(Fault::on(list_path(stream), hold).nth(4).times(1));
        let running = account.start_sync([stream, "--full"]);
        wait_until("the sync stands still", || account.requests(stream) >= 4);
        running.signal(Signal::Kill);
        running.wait();
        account.control().clear_faults();
        account.control().delete(resource(stream), &account.ids(stream)[2]).expect("a row");
    }
    account.sync_well(streams);
    for stream in ["companies", "deals", "invoices"] {
        let live: Vec<String> = account.ids(stream);
        let wrong: Vec<_> =
            marked(&account, stream, "id").into_iter().filter(|id| live.contains(id)).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{stream} has these still");
        let difference = difference(&account, stream).unwrap_or_default();
        assert!(!difference.contains("missing [["), "{difference}");
    }
    // What the continued runs could not know, a whole one does.
    account.sync_well(streams);
    for stream in ["companies", "deals", "invoices"] {
        assert_eq!(difference(&account, stream), None);
        assert_eq!(marked(&account, stream, "id").len(), 1, "{stream}");
    }
}

fn a_record_that_is_gone_when_its_details_are_read_is_a_delete(kind: Kind) {
    let account = Account::with_records(12, kind);
    let delete = |id: &str| Action::Delete { resource: "companies".to_owned(), id: id.to_owned() };
    // New, and gone before it can be read in detail.
    let never = account.ids("companies")[2].clone();
    account.control().schedule(Scheduled::after(1, "/companies.list", delete(&never)));
    account.sync_well(["companies", "--details=companies"]);
    assert_eq!(marked(&account, "companies", "id"), std::slice::from_ref(&never));

    // Known, changed, and gone before it can be read in detail: a run of changes finds that too.
    let known = account.ids("companies")[5].clone();
    account.control().update("companies", &known, json!({"name": "Last words"})).expect("a row");
    account.control().schedule(Scheduled::after(1, "/companies.list", delete(&known)));
    let report = account.sync_well(["companies"]);
    let part = of_stream(&report, "companies");
    assert_eq!((&part["mode"], &part["deleted"]), (&Value::from("incremental"), &json!(1)), "{part}");
    let mut both = [never, known];
    both.sort();
    assert_eq!(marked(&account, "companies", "id"), both);
}
