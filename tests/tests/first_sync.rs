//! The first sync brings everything, the second finds that nothing changed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    binary::Connector,
    store::Kind,
    streams::{INCREMENTAL, OLD_MODULE, STREAMS, WINDOWED, list_path, resource},
};

on_both_stores! {
    the_first_sync_of_all_streams_equals_the_sandbox,
    typed_columns_hold_what_the_documents_say,
    a_second_sync_asks_once_for_each_incremental_stream_and_rewrites_nothing,
    a_first_sync_takes_one_request_for_a_hundred_records_and_one_more,
    a_sync_after_a_login_reads_the_stored_connection,
    a_dry_run_counts_and_writes_nothing,
    a_full_sync_reads_everything_again_and_rewrites_nothing,
    only_the_streams_that_are_named_are_read,
}

fn the_first_sync_of_all_streams_equals_the_sandbox(kind: Kind) {
    let account = Account::with_records(120, kind);
    let report = account.sync_well([]);
    let streams = report["streams"].as_array().expect("a list");
    let names: BTreeSet<&str> = streams.iter().map(|part| text(&part["stream"])).collect();
    assert_eq!(names, default_streams().iter().map(String::as_str).collect());
    for part in streams {
        let stream = text(&part["stream"]);
        let rows = rows_to_come(&account, stream);
        assert_eq!(part["inserted"], rows, "{part}");
        assert_eq!(account.store().count(stream), rows, "{stream}");
        assert_eq!(
            (&part["mode"], &part["status"], &part["error"]),
            (&json!("full"), &json!("succeeded"), &Value::Null),
            "{part}"
        );
        for counter in ["updated", "unchanged", "deleted", "rejected"] {
            assert_eq!(part[counter], 0, "{counter} of {part}");
        }
        let of_this_run = format!(
            "count(*) FROM {} WHERE CAST(_run_id AS TEXT) = '{}'",
            account.store().table(stream),
            text(&report["run_id"])
        );
        assert_eq!(account.store().value(&of_this_run), Some(rows.to_string()), "{stream}");
    }
    for stream in STREAMS.into_iter().filter(|stream| !OLD_MODULE.contains(stream)) {
        account.assert_same(stream);
        let part = of_stream(&report, stream);
        assert_eq!(part["requests"], account.requests(stream), "{part}");
    }
    assert_eq!(report["requests"], account.control().requests().len());
    assert_eq!(account.control().counters().ignored, [].into(), "nothing was asked in vain");
}

/// What a sync reads when nobody names streams: the default set, without the projects module that is not used.
fn default_streams() -> BTreeSet<String> {
    let info = Connector::new("tl-connector").run(["info"]).response();
    let streams = info["streams"].as_array().expect("a list");
    streams
        .iter()
        .filter(|stream| stream["default"] == true)
        .map(|stream| text(&stream["name"]).to_owned())
        .filter(|name| !OLD_MODULE.contains(&name.as_str()))
        .collect()
}

fn rows_to_come(account: &Account, stream: &str) -> usize {
    // They are made for the days that are asked for: one for each user.
    let stream = if stream == "user_schedules" { "users" } else { stream };
    account.control().count(resource(stream)).expect("a resource")
}

fn typed_columns_hold_what_the_documents_say(kind: Kind) {
    let account = Account::with_records(40, kind);
    account.sync_well(["companies", "deals", "users", "events"]);
    let scalar = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    for (stream, column, pointer) in [
        ("companies", "name", "/name"),
        ("companies", "status", "/status"),
        ("companies", "responsible_user_id", "/responsible_user/id"),
        ("companies", "responsible_user_type", "/responsible_user/type"),
        ("users", "email", "/email"),
        ("deals", "estimated_closing_date", "/estimated_closing_date"),
        ("deals", "estimated_value_currency", "/estimated_value/currency"),
        ("deals", "department_id", "/department/id"),
        ("events", "title", "/title"),
    ] {
        let records = account.records(stream);
        let wanted: Vec<_> = records
            .iter()
            .map(|(id, record)| vec![Some(id.clone()), record.pointer(pointer).and_then(scalar)])
            .collect();
        assert_eq!(account.store().texts_of(stream, column), wanted, "{stream}.{column}");
    }
    // Numbers, booleans, instants and JSON have more than one spelling.
    let store = account.store();
    for (id, record) in account.records("deals") {
        let of_deal = |expression: &str| {
            store
                .value(&format!("{expression} FROM {} WHERE CAST(id AS TEXT) = '{id}'", store.table("deals")))
        };
        let amount = of_deal("estimated_value_amount").map(|text| text.parse::<f64>().expect("a number"));
        assert_eq!(amount, record.pointer("/estimated_value/amount").and_then(Value::as_f64), "{record}");
        let lead: Value = serde_json::from_str(&of_deal("lead").expect("a lead")).expect("JSON");
        assert_eq!(lead, record["lead"]);
    }
    let (instant, wanted) = match kind {
        Kind::Sqlite => ("created_at", "%Y-%m-%dT%H:%M:%SZ"),
        Kind::Postgres => ("created_at AT TIME ZONE 'UTC'", "%Y-%m-%d %H:%M:%S"),
    };
    let records = account.records("deals");
    for row in store.texts_of("deals", instant) {
        let [Some(id), found] = &row[..] else { panic!("{row:?}") };
        let moment: jiff::Timestamp = text(&records[id]["created_at"]).parse().expect("an instant");
        assert_eq!(found.as_deref(), Some(moment.strftime(wanted).to_string().as_str()));
    }
    let consents = store.texts_of("companies", "marketing_mails_consent");
    let records = account.records("companies");
    for row in consents {
        let [Some(id), Some(found)] = &row[..] else { panic!("{row:?}") };
        let is_true = ["1", "true"].contains(&found.as_str());
        assert_eq!(records[id]["marketing_mails_consent"], is_true, "{found}");
    }
}

fn a_second_sync_asks_once_for_each_incremental_stream_and_rewrites_nothing(kind: Kind) {
    let account = Account::with_records(120, kind);
    account.sync_well(STREAMS);
    let marks = || STREAMS.map(|stream| account.store().marks(stream));
    let before = marks();
    account.control().clear_requests();

    let report = account.sync_well(STREAMS);
    assert_eq!(marks(), before, "rows were rewritten");
    for stream in STREAMS {
        let part = of_stream(&report, stream);
        for counter in ["inserted", "updated", "rejected", "deleted"] {
            assert_eq!(part[counter], 0, "{counter} of {part}");
        }
        if INCREMENTAL.contains(&stream) || stream == WINDOWED {
            assert_eq!(part["mode"], "incremental", "{part}");
            assert_eq!(account.requests(stream), 1, "requests for {stream}");
        } else {
            assert_eq!(part["mode"], "full", "{part}");
            assert_eq!(part["unchanged"], account.records(stream).len(), "{part}");
        }
        account.assert_same(stream);
    }
}

fn a_first_sync_takes_one_request_for_a_hundred_records_and_one_more(kind: Kind) {
    for records in [0_usize, 1, 100, 101, 250] {
        let account = Account::with_records(records, kind);
        account.sync_well(STREAMS);
        for stream in STREAMS {
            account.assert_same(stream);
            let rows = account.records(stream).len();
            let most = rows.div_ceil(100) + 1;
            let asked = account.requests(stream);
            assert!(asked <= most, "{asked} requests for {rows} records of {stream}, instead of {most}");
        }
    }
}

fn a_sync_after_a_login_reads_the_stored_connection(kind: Kind) {
    let account = Account::with_records(20, kind).logged_in();
    account.sync_well(["companies", "users"]);
    account.assert_same("companies");
    account.assert_same("users");
    assert_eq!(account.token_requests(), 0, "a fresh token is not refreshed");
}

fn a_dry_run_counts_and_writes_nothing(kind: Kind) {
    let account = Account::with_records(30, kind);
    let report = account.sync_well(["companies", "--dry-run"]);
    assert_eq!(of_stream(&report, "companies")["inserted"], 30);
    let is_there =
        account.store().try_rows(&format!("SELECT 'x' FROM {}", account.store().table("companies")));
    assert!(is_there.is_err(), "a table was made");
    account.sync_well(["companies"]);
    let marks = account.store().marks("companies");
    let id = &account.ids("companies")[3];
    account.control().update("companies", id, json!({"name": "Other"})).expect("a row");
    let report = account.sync_well(["companies", "--dry-run", "--full"]);
    let part = of_stream(&report, "companies");
    assert_eq!((&part["updated"], &part["unchanged"]), (&json!(1), &json!(29)), "{part}");
    assert_eq!(account.store().marks("companies"), marks);
}

fn a_full_sync_reads_everything_again_and_rewrites_nothing(kind: Kind) {
    let account = Account::with_records(130, kind);
    account.sync_well(["companies", "deals"]);
    let marks = account.store().marks("companies");
    account.control().clear_requests();
    let report = account.sync_well(["companies", "deals", "--full"]);
    for stream in ["companies", "deals"] {
        let part = of_stream(&report, stream);
        assert_eq!((&part["mode"], &part["unchanged"]), (&json!("full"), &json!(130)), "{part}");
        assert!(account.requests(stream) <= 3, "{}", account.requests(stream));
    }
    assert_eq!(account.store().marks("companies"), marks);
}

fn only_the_streams_that_are_named_are_read(kind: Kind) {
    let account = Account::with_records(10, kind);
    let report = account.sync_well(["deals", "departments", "deals"]);
    let names: Vec<_> =
        report["streams"].as_array().expect("a list").iter().map(|part| text(&part["stream"])).collect();
    assert_eq!(names, ["deals", "departments"]);
    let asked: Vec<_> = account.control().counters().requests.into_keys().collect();
    assert_eq!(asked, [list_path("deals"), list_path("departments")]);
}
