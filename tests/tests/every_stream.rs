//! Every stream that there is: one sync of all of them, and the tables are what the app has.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    comparison::{Records, between, declared, difference, rows},
    source::SOURCES,
    store::Kind,
};
use teamleader_sandbox::{Options, Sandbox};

on_both_stores! {
    one_sync_of_all_streams_equals_the_sandbox,
}

/// Streams whose rows are no resource of the sandbox.
const OTHERS: [&str; 2] = ["user_schedules", "webhooks"];

const HOOK: &str = "https://hooks.example.com/a-secret";

fn account(kind: Kind) -> Account {
    // Windows lie around today, and so must some of the rows.
    let options = Options::default().records(12).requests_per_minute(None).until(Timestamp::now());
    Account::new(options, kind)
}

/// The answer of a capability that is called with a token and this request.
fn called(account: &Account, capability: &str, request: &Value) -> Value {
    let token = account.control().issue_tokens().access_token;
    let envelope = json!({"auth": {"oauth": {"access_token": token}}, "request": request}).to_string();
    account.connector().run([capability, "--json", &envelope]).response()
}

#[test]
fn no_stream_and_no_resource_is_forgotten() {
    let account = account(Kind::Sqlite);
    let known: BTreeSet<&str> = SOURCES.iter().map(|source| source.stream).chain(OTHERS).collect();
    assert_eq!(declared().keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    let read: BTreeSet<&str> = SOURCES.iter().map(|source| source.resource).collect();
    assert_eq!(Sandbox::resources().collect::<BTreeSet<_>>(), read);
    for resource in read {
        assert!(account.control().count(resource).expect("a resource") > 0, "{resource} has rows to compare");
    }
}

fn one_sync_of_all_streams_equals_the_sandbox(kind: Kind) {
    let account = account(kind);
    called(&account, "register_webhooks", &json!({"url": HOOK, "types": ["deal.won"]}));

    let before = Timestamp::now();
    let report = account.sync_well(["--all"]);
    let mut wrong: Vec<String> =
        SOURCES.iter().filter_map(|source| difference(&account, source.stream)).collect();
    for source in SOURCES {
        let part = of_stream(&report, source.stream);
        let count = account.control().count(source.resource).expect("a resource");
        if part["inserted"] != count || part["rejected"] != 0 || part.get("warnings").is_some() {
            wrong.push(format!("{}: {count} in the app, {part}", source.stream));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(report["streams"].as_array().map(Vec::len), Some(declared().len()));

    let hooks = rows(account.store(), "webhooks", &declared()["webhooks"]);
    let registered = json!({"url": HOOK, "types": ["deal.won"]});
    assert_eq!(hooks, Records::from([(vec![HOOK.to_owned()], registered)]));
    assert_schedules_equal(&account, before);
}

/// A window of days has no rows of its own: the table must be what the list says about the same days.
fn assert_schedules_equal(account: &Account, before: Timestamp) {
    let found = rows(account.store(), "user_schedules", &declared()["user_schedules"]);
    let users = account.ids("users");
    let listed = |from: Date| -> Records {
        let until = from.checked_add(6.days()).expect("a week");
        let request = json!({"filter": {"user_ids": users, "from": from, "until": until}});
        let schedules = called(account, "list_user_schedules", &request);
        let schedules = schedules.as_array().expect("a list").iter();
        schedules.map(|row| (vec![text(&row["user"]["id"]).to_owned()], row.clone())).collect()
    };
    // Midnight may have come in between.
    let days = [before, Timestamp::now()].map(|at| at.to_zoned(TimeZone::UTC).date());
    let differences = days.map(|day| between(&listed(day), &found));
    assert_eq!(found.len(), users.len());
    assert!(differences.contains(&None), "user_schedules: {differences:?}");
}
