//! What an account has of the app: one of two projects modules, and no module that it did not pay for.

use std::collections::BTreeSet;

use serde_json::Value;
use system_tests::{
    account::{Account, of_stream, text},
    comparison::difference,
    store::Kind,
};

on_both_stores! {
    the_default_set_follows_the_projects_module,
    a_module_that_the_account_lacks_is_unavailable_and_no_failure,
}

/// Tasks of old are in every account: people have tasks without a project.
const OLD: [&str; 2] = ["legacy_projects", "milestones"];
const NEW: [&str; 4] = ["projects", "project_groups", "tasks", "materials"];

fn streams(report: &Value) -> BTreeSet<String> {
    let streams = report["streams"].as_array().expect("a list").iter();
    streams.map(|part| text(&part["stream"]).to_owned()).collect()
}

fn has_all(streams: &BTreeSet<String>, wanted: &[&str]) -> bool {
    wanted.iter().all(|stream| streams.contains(*stream))
}

fn has_none(streams: &BTreeSet<String>, unwanted: &[&str]) -> bool {
    unwanted.iter().all(|stream| !streams.contains(*stream))
}

fn the_default_set_follows_the_projects_module(kind: Kind) {
    let account = Account::with_records(5, kind);
    let new = streams(&account.sync_well([]));
    assert!(has_all(&new, &NEW) && has_none(&new, &OLD), "{new:?}");

    account.control().switch(|switches| switches.projects_status = "legacy".into());
    let old = streams(&account.sync_well([]));
    assert!(has_all(&old, &OLD) && has_none(&old, &NEW), "{old:?}");
    assert_eq!(new.difference(&old).count(), NEW.len(), "nothing else depends on it");

    // While the account moves it has both.
    account.control().switch(|switches| switches.projects_switched_on = Some("2027-01-01".to_owned()));
    let moving = streams(&account.sync_well([]));
    assert!(has_all(&moving, &OLD), "{moving:?}");

    // What is named is read, whatever the account says.
    let named = account.sync_well(["projects", "legacy_projects"]);
    assert_eq!(streams(&named), ["projects", "legacy_projects"].map(str::to_owned).into());
    for stream in ["projects", "legacy_projects"] {
        assert_eq!(difference(&account, stream), None);
    }
}

fn a_module_that_the_account_lacks_is_unavailable_and_no_failure(kind: Kind) {
    let account = Account::with_records(8, kind);
    let lacking = ["tickets", "ticket_statuses", "expenses"];
    account.control().switch(|switches| {
        switches.forbidden = ["tickets", "ticketStatus", "expenses"].map(str::to_owned).to_vec();
    });
    let outcome = account.sync(["companies", "tickets", "ticket_statuses", "expenses", "ticket_messages"]);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    let report = outcome.response();
    assert_eq!(report["status"], "succeeded", "{report}");
    for stream in lacking {
        let part = of_stream(&report, stream);
        assert_eq!(
            (&part["status"], &part["error"]["error_code"]),
            (&"unavailable".into(), &"permission_denied".into()),
            "{part}"
        );
    }
    assert_eq!(of_stream(&report, "ticket_messages")["status"], "succeeded", "there is nothing to ask for");
    assert_eq!(difference(&account, "companies"), None);
    let verified = ["verify", "--json", account.envelope(), "companies", "tickets"];
    let verified = account.connector().run(verified).response();
    assert_eq!(
        (&verified["status"], &of_stream(&verified, "tickets")["status"]),
        (&"equal".into(), &"unavailable".into())
    );

    // Rows that are there are not gone because the module is.
    account.control().switch(|switches| switches.forbidden.clear());
    account.sync_well(lacking);
    account.control().switch(|switches| switches.forbidden = vec!["tickets".to_owned()]);
    account.sync_well(lacking.into_iter().chain(["--full"]));
    assert_eq!(difference(&account, "tickets"), None);
    // When nothing at all can be read, that is no success.
    let nothing = account.sync(["tickets"]);
    assert_eq!((nothing.exit_code(), &nothing.envelope()["response"]["status"]), (77, &"failed".into()));
}
