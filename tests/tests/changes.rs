//! Somebody works in the app: between two syncs, and while one reads.

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    store::Kind,
    streams::{INCREMENTAL, STREAMS, WINDOWED, list_path, resource},
};
use teamleader_sandbox::{Action, Fault, FaultKind, Scheduled};

on_both_stores! {
    changed_and_new_rows_arrive_incrementally,
    a_row_is_rewritten_only_where_it_changed,
    a_row_that_was_deleted_in_the_app_is_marked_as_deleted,
    a_row_that_changes_between_two_pages_is_not_lost,
    a_row_that_is_deleted_between_two_pages_hides_no_other,
    rows_that_are_new_between_two_pages_are_not_lost,
    many_rows_with_one_and_the_same_time_of_change_are_all_read,
    many_rows_that_change_at_one_moment_arrive_incrementally,
    a_page_that_begins_one_row_early_brings_no_duplicates,
    an_app_whose_clock_is_ahead_or_behind_loses_nothing,
}

fn changed_and_new_rows_arrive_incrementally(kind: Kind) {
    let account = Account::with_records(120, kind);
    account.sync_well(STREAMS);
    for stream in INCREMENTAL {
        let ids = account.ids(stream);
        let (control, resource) = (account.control(), resource(stream));
        for (number, id) in ids.iter().step_by(40).enumerate() {
            let title = format!("changed {number}");
            control.update(resource, id, json!({"name": title, "title": title})).expect("a row");
        }
        control.insert(resource, json!({"title": "new"})).expect("a row");
    }
    account.control().clear_requests();
    let report = account.sync_well(STREAMS);
    for stream in INCREMENTAL {
        account.assert_same(stream);
        let part = of_stream(&report, stream);
        assert_eq!(
            (&part["mode"], &part["inserted"], &part["updated"], &part["unchanged"]),
            (&json!("incremental"), &json!(1), &json!(3), &json!(0)),
            "{part}"
        );
        assert!(account.requests(stream) <= 2, "{} requests for {stream}", account.requests(stream));
    }
    // What is read completely shows also changes that move no time.
    let id = account.ids("projects")[5].clone();
    let change = json!({"title": "moved"});
    account.control().update_silently(resource("projects"), &id, change).expect("a row");
    let report = account.sync_well(["projects"]);
    assert_eq!(of_stream(&report, "projects")["updated"], 1);
    account.assert_same("projects");
}

fn a_row_is_rewritten_only_where_it_changed(kind: Kind) {
    let account = Account::with_records(30, kind);
    account.sync_well(["companies"]);
    let before = account.store().marks("companies");
    let first_seen = account.store().texts_of("companies", "_first_seen_at");
    let id = account.ids("companies")[7].clone();
    account.control().update("companies", &id, json!({"name": "Changed"})).expect("a row");
    account.sync_well(["companies"]);
    let after = account.store().marks("companies");
    let changed: Vec<_> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .map(|(before, _)| before[0].clone())
        .collect();
    assert_eq!(changed, [Some(id)]);
    assert_eq!(account.store().texts_of("companies", "_first_seen_at"), first_seen);
}

fn a_row_that_was_deleted_in_the_app_is_marked_as_deleted(kind: Kind) {
    let account = Account::with_records(30, kind);
    account.sync_well(STREAMS);
    for stream in STREAMS {
        let id = account.ids(stream)[0].clone();
        account.control().delete(resource(stream), &id).expect("a row");
    }
    let report = sync_fully(&account);
    for stream in STREAMS {
        account.assert_same(stream);
        assert_eq!(of_stream(&report, stream)["deleted"], 1, "{report}");
        let marked = format!("count(*) FROM {} WHERE _deleted_at IS NOT NULL", account.store().table(stream));
        assert_eq!(account.store().value(&marked).as_deref(), Some("1"), "{stream} keeps the row");
    }
}

fn sync_fully(account: &Account) -> Value {
    account.sync_well(STREAMS.into_iter().chain(["--full"]))
}

/// A walk in pages of 10, during which something happens after the second page of each stream.
fn walk_with(kind: Kind, change: impl Fn(&Account, &str, &[String]) -> Vec<Action>) -> Account {
    let account = Account::with_records(45, kind).environment("TEAMLEADER_PAGE_SIZE", "10");
    for stream in paged() {
        // In the order of the walk: what the first page has is not what the last has.
        let ids = account.ids(stream);
        for action in change(&account, stream, &ids) {
            account.control().schedule(Scheduled::after(2, list_path(stream), action));
        }
    }
    account.sync_well(STREAMS);
    account
}

fn paged() -> impl Iterator<Item = &'static str> {
    STREAMS.into_iter().filter(|stream| *stream != "departments")
}

/// Everything of which the app tells what changed is there after the next sync, everything else at once; what lies
/// further away than the next sync looks is there after the next complete one.
fn assert_nothing_is_lost(account: &Account) {
    account.sync_well(STREAMS);
    account.sync_well([WINDOWED, "--full"]);
    for stream in STREAMS {
        account.assert_nothing_lost(stream);
    }
}

fn fields(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

fn a_row_that_changes_between_two_pages_is_not_lost(kind: Kind) {
    let account = walk_with(kind, |_, stream, ids| {
        let update = |id: &String| Action::Update {
            resource: resource(stream).to_owned(),
            id: id.clone(),
            fields: fields(json!({"title": "changed", "first_name": "changed", "label": "changed"})),
            touch: true,
        };
        // Some are read already, some are not, whichever way the walk goes.
        [0, 12, 20, 25]
            .iter()
            .filter_map(|at| ids.get(*at))
            .map(update)
            .chain(ids.last().map(update))
            .collect()
    });
    for stream in paged() {
        let (wanted, found) = (account.ids(stream), account.store().documents(stream));
        for id in wanted {
            assert!(found.contains_key(&id), "{stream} lost {id} in the walk itself");
        }
    }
    assert_nothing_is_lost(&account);
}

fn a_row_that_is_deleted_between_two_pages_hides_no_other(kind: Kind) {
    let account = walk_with(kind, |_, stream, ids| {
        let delete = |id: &String| Action::Delete { resource: resource(stream).to_owned(), id: id.clone() };
        [0, 1, 8, 20, 21]
            .iter()
            .filter_map(|at| ids.get(*at))
            .map(delete)
            .chain(ids.last().map(delete))
            .collect()
    });
    // These walks lose nothing even for now. One by page number may, until its next complete read.
    for stream in ["companies", "contacts", "deals"] {
        account.assert_nothing_lost(stream);
    }
    sync_fully(&account);
    for stream in STREAMS {
        account.assert_same(stream);
    }
}

fn rows_that_are_new_between_two_pages_are_not_lost(kind: Kind) {
    let account = walk_with(kind, |_, stream, _| {
        let insert = || Action::Insert {
            resource: resource(stream).to_owned(),
            fields: fields(json!({"title": "new", "first_name": "new"})),
        };
        vec![insert(), insert(), insert()]
    });
    for stream in ["companies", "contacts"] {
        // The walk goes towards what is new.
        account.assert_same(stream);
    }
    assert_nothing_is_lost(&account);
    for stream in STREAMS {
        account.assert_same(stream);
    }
}

fn many_rows_with_one_and_the_same_time_of_change_are_all_read(kind: Kind) {
    let account = Account::with_records(60, kind).environment("TEAMLEADER_PAGE_SIZE", "10");
    let moment = "2025-03-01T10:00:00+00:00";
    for stream in ["companies", "contacts", "deals"] {
        for id in account.ids(stream).iter().take(45) {
            let fields = json!({"updated_at": moment, "created_at": moment});
            account.control().update_silently(resource(stream), id, fields).expect("a row");
        }
    }
    account.sync_well(["companies", "contacts", "deals"]);
    for stream in ["companies", "contacts", "deals"] {
        account.assert_same(stream);
    }
}

fn many_rows_that_change_at_one_moment_arrive_incrementally(kind: Kind) {
    let account = Account::with_records(45, kind).environment("TEAMLEADER_PAGE_SIZE", "10");
    account.sync_well(INCREMENTAL);
    account.control().freeze_clock(true);
    for stream in INCREMENTAL {
        for id in account.ids(stream).iter().take(25) {
            let fields = json!({"title": "changed", "first_name": "changed", "website": "changed"});
            account.control().update(resource(stream), id, fields).expect("a row");
        }
    }
    account.sync_well(INCREMENTAL);
    for stream in INCREMENTAL {
        account.assert_same(stream);
    }
}

fn a_page_that_begins_one_row_early_brings_no_duplicates(kind: Kind) {
    let account = Account::with_records(45, kind).environment("TEAMLEADER_PAGE_SIZE", "10");
    for stream in paged() {
        account.control().add_fault(Fault::on(list_path(stream), FaultKind::DuplicatedRow).times(3));
    }
    account.sync_well(STREAMS);
    for stream in STREAMS {
        account.assert_same(stream);
    }
}

fn an_app_whose_clock_is_ahead_or_behind_loses_nothing(kind: Kind) {
    for seconds in [-3600, 1800] {
        let account = Account::with_records(30, kind);
        let shift = jiff::SignedDuration::from_secs(seconds);
        account.control().set_clock(jiff::Timestamp::now() + shift);
        account.sync_well(INCREMENTAL);
        for stream in INCREMENTAL {
            let id = account.ids(stream)[4].clone();
            account.control().update(resource(stream), &id, json!({"title": "late"})).expect("a row");
            account.control().insert(resource(stream), json!({})).expect("a row");
        }
        let report = account.sync_well(INCREMENTAL);
        for stream in INCREMENTAL {
            account.assert_same(stream);
            assert_eq!(text(&of_stream(&report, stream)["mode"]), "incremental");
        }
    }
}
