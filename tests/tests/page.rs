//! The page for people, in a real browser before a real server.

use system_tests::{
    account::Account,
    chromium::{Chromium, keys},
    people::{Server, Visit, new_key},
    store::Kind,
    streams::list_path,
    waiting::wait_until,
};
use teamleader_sandbox::{Consent, Fault, FaultKind};

on_both_stores! {
    an_account_is_connected_and_synced_by_clicks,
    a_store_with_much_in_it_is_shown_in_parts,
}

/// Long enough that a run does not end by itself while a test looks at it.
const AN_HOUR: u64 = 3_600_000;

/// Of a connection; the legend of the chart has the word too.
const LAST_RUN_SUCCEEDED: &str = ".connection .facts .pill.good";

fn hold(account: &Account, stream: &str) {
    account.control().add_fault(Fault::on(list_path(stream), FaultKind::SlowHeaders { millis: AN_HOUR }));
}

fn an_account_is_connected_and_synced_by_clicks(kind: Kind) {
    let account = Account::with_records(120, kind);
    let visit = Visit::signed_in(&account);
    let browser = &visit.browser;
    browser.wait_for_text("No account is connected yet");
    visit.assert_calm();

    browser.press("Connect an account");
    browser.wait_for("#connection");
    visit.assert_calm();
    browser.fill("#connection", "not a name");
    browser.press("Next");
    browser.wait_for_text("cannot be a name");
    visit.assert_calm();
    browser.fill("#connection", "acme/north");
    browser.press("Next");
    browser.press("Continue to");
    browser.wait_for(".connection");
    assert_eq!(browser.text(".connection .name"), "acme/north");
    assert_eq!(browser.text(".connection .pill"), "Connected");
    visit.assert_calm();

    hold(&account, "contacts");
    browser.press("acme/north");
    browser.wait_for("#sync-streams");
    visit.assert_calm();
    browser.fill("#sync-streams", "companies contacts");
    browser.press("Start");
    browser.wait_for(".live");
    // Of the two streams one is there, and the other waits for an answer: told without a click.
    browser.wait_for_text("1 of 2 streams, 120 records");
    browser.wait_for_text("now contacts");
    visit.assert_calm();
    browser.picture("running");
    account.control().clear_faults();
    browser.press("Cancel");
    browser.wait_for_text("interrupted");
    assert!(!browser.has(".live"), "it is over, and shown so without a click");
    visit.assert_silent();

    browser.fill("#sync-streams", "companies contacts");
    browser.press("Start");
    browser.wait_for(LAST_RUN_SUCCEEDED);
    browser.wait_for("table.streams");
    let rows = browser.evaluate(
        "return [...document.querySelectorAll('table.streams tbody tr')]
             .map(row => [...row.cells].slice(0, 4).map(cell => cell.innerText))",
    );
    assert_eq!(rows.to_string(), r#"[["companies","120","0","0"],["contacts","120","0","0"]]"#);
    assert_eq!(
        browser.evaluate("return document.querySelectorAll('.chart rect').length"),
        4,
        "two of each run"
    );
    visit.assert_calm();
    account.assert_same("contacts");

    visit.go("/");
    browser.wait_for("table.streams");
    visit.assert_calm();
    browser.click("table:not(.streams) tbody a");
    browser.wait_for_text("Run of acme/north");
    visit.assert_calm();
    browser.picture("run");
}

fn a_store_with_much_in_it_is_shown_in_parts(kind: Kind) {
    let account = Account::with_records(2, kind).logged_in();
    account.sync_well(["companies", "contacts"]);
    let many =
        |count: usize, row: &dyn Fn(usize) -> String| (0..count).map(row).collect::<Vec<_>>().join(", ");
    let cursors = account.store().own_table("cursors");
    let (run, now) = ("'00000000-0000-4000-8000-000000000001'", "'2026-11-22T10:00:00Z'");
    let row = |n: usize| format!("('teamleader', 'c{:03}', '', 's{n:04}', '{{}}', {run}, 1, {now})", n / 5);
    let columns = "app_id, connection, schema, stream, state, run_id, batch, updated_at";
    account.store().execute(&format!("INSERT INTO {cursors} ({columns}) VALUES {}", many(2500, &row)));

    let visit = Visit::signed_in(&account);
    let browser = &visit.browser;
    browser.wait_for_text("501");
    let count = |selector: &str| {
        let script = format!("return document.querySelectorAll('{selector}').length");
        browser.evaluate(&script).as_u64().expect("a number")
    };
    assert_eq!((count(".connection"), count("table.streams tbody tr")), (50, 60));
    visit.assert_calm();
    browser.press("Next");
    browser.wait_for_text("c060");
    assert_eq!(count(".connection"), 50);
    browser.press("All streams");
    browser.wait_for_text("Show more");
    assert_eq!(count("table.streams tbody tr"), 100);
    let first = browser.text("table.streams tbody tr");
    browser.press("Show more");
    browser.wait_for_text("From the start");
    assert_ne!(browser.text("table.streams tbody tr"), first);
    visit.assert_calm();
    visit.go("/");
    browser.fill("#find-teamleader", "c49");
    browser.type_keys(keys::ENTER);
    browser.wait_for_text("c499");
    assert_eq!(count(".connection"), 10);
    visit.assert_calm();
}

#[test]
fn a_wrong_key_is_told_and_a_right_one_leads_on() {
    let account = Account::with_records(1, Kind::Sqlite);
    let visit = Visit::new(&account);
    let browser = &visit.browser;
    visit.assert_calm();
    browser.picture("sign-in");
    browser.fill("#key", "bk_aaaaaaaa_hunter2");
    browser.press("Sign in");
    browser.wait_for("[role=alert]");
    assert!(browser.text("[role=alert]").contains("not known"));
    assert!(!browser.evaluate("return document.documentElement.outerHTML").to_string().contains("hunter2"));
    assert_eq!(visit.browser.barriers(), Vec::<String>::new());
    visit.go("/-/teamleader/runs");
    visit.sign_in(&new_key(&account, &["admin"]));
    assert!(browser.address().ends_with("/-/teamleader/runs"), "{}", browser.address());
    browser.press("Sign out");
    browser.wait_for("#key");
    visit.go("/");
    browser.wait_for("#key");
}

#[test]
fn a_session_ends_with_its_key() {
    let account = Account::with_records(1, Kind::Sqlite);
    let visit = Visit::new(&account);
    let key = new_key(&account, &["admin"]);
    visit.sign_in(&key);
    let id = key.split('_').nth(1).unwrap();
    assert_eq!(account.connector().run(["keys", "revoke", id]).exit_code(), 0);
    wait_until("the key is refused", || {
        visit.go("/");
        visit.browser.has("#key")
    });
}

#[test]
fn what_a_key_does_not_allow_is_not_offered() {
    let account = Account::with_records(1, Kind::Sqlite).logged_in();
    account.sync_well(["companies"]);
    let visit = Visit::new(&account);
    visit.sign_in(&new_key(&account, &["status:read", "sync:read"]));
    visit.browser.wait_for("table.streams");
    let buttons =
        "return [...document.querySelectorAll('main button, main .button')].map(found => found.innerText)";
    assert_eq!(visit.browser.evaluate(buttons).to_string(), "[]");
    visit.assert_calm();
}

#[test]
fn a_login_that_ended_is_told_with_the_way_back() {
    let account = Account::with_records(3, Kind::Sqlite).logged_in();
    account.sync_well(["companies"]);
    account.control().revoke_tokens();
    assert_ne!(account.sync(["companies"]).exit_code(), 0);
    let visit = Visit::signed_in(&account);
    let browser = &visit.browser;
    browser.wait_for_text("Log in again");
    browser.wait_for_text("somebody with access to the account has to reconnect it");
    assert!(browser.title().starts_with("1 to look at"), "{}", browser.title());
    assert!(!browser.has("form[action$='/sync']"), "a sync is not offered: it cannot succeed");
    visit.assert_calm();
    browser.picture("log-in-again");
    browser.press("Reconnect");
    browser.press("Continue to");
    browser.wait_for(".connection .pill.good");
    browser.press("Sync now");
    browser.wait_for(LAST_RUN_SUCCEEDED);
}

/// Browsers send the cookie of a session only with requests that its own pages make, and the way back from the app is
/// none of those.
#[test]
fn a_session_outlives_the_visit_to_the_page_of_the_app() {
    let account = Account::with_records(3, Kind::Sqlite).logged_in();
    let visit = Visit::of(Server::start_on_another_site(&account));
    visit.sign_in(&new_key(&account, &["admin"]));
    visit.browser.press("Connect an account");
    visit.browser.fill("#connection", "second");
    visit.browser.press("Next");
    visit.browser.press("Continue to");
    visit.browser.wait_for_text("second");
    visit.browser.wait_for(".sign-out");
    assert!(visit.browser.address().starts_with("http://localhost:"), "{}", visit.browser.address());
    visit.assert_silent();
}

#[test]
fn a_denial_is_told_and_changes_nothing() {
    let account = Account::with_records(3, Kind::Sqlite).logged_in();
    account.control().switch(|switches| switches.consent = Consent::Deny);
    let visit = Visit::signed_in(&account);
    visit.browser.press("Reconnect");
    visit.browser.press("Continue to");
    visit.browser.wait_for_text("not connected");
    assert_eq!(visit.browser.barriers(), Vec::<String>::new());
    visit.browser.press("To the overview");
    visit.browser.wait_for(".connection");
    assert_eq!(visit.browser.text(".connection .pill"), "Connected");
}

#[test]
fn the_way_from_signing_in_to_a_sync_needs_no_mouse() {
    let account = Account::with_records(3, Kind::Sqlite).logged_in();
    let visit = Visit::new(&account);
    let browser = &visit.browser;
    let focus = || browser.evaluate("return (document.activeElement.innerText ?? '').trim()");
    let focus_on = |text: &str| {
        let found = (0..60).any(|_| {
            browser.type_keys(keys::TAB);
            focus().as_str().is_some_and(|focus| focus.starts_with(text))
        });
        assert!(found, "{text} cannot be reached with the keyboard");
        let outline = browser.evaluate("return getComputedStyle(document.activeElement).outlineStyle");
        assert_eq!(outline, "solid", "the focus on {text} can be seen");
    };
    // The field has the focus already.
    browser.type_keys(&new_key(&account, &["admin"]));
    browser.type_keys(keys::ENTER);
    browser.wait_for(".connection");
    browser.type_keys(keys::TAB);
    assert_eq!(focus(), "Skip to content");
    browser.type_keys(keys::ENTER);
    assert_eq!(browser.evaluate("return document.activeElement.id"), "main");
    focus_on("Sync now");
    browser.type_keys(keys::SPACE);
    browser.wait_for(LAST_RUN_SUCCEEDED);
    focus_on("Reconnect");
    browser.type_keys(keys::ENTER);
    focus_on("Continue to");
    browser.type_keys(keys::ENTER);
    browser.wait_for(".connection .pill.good");
}

#[test]
fn everything_works_without_scripts() {
    let account = Account::with_records(30, Kind::Sqlite).logged_in();
    let server = Server::start(&account);
    let browser = Chromium::start().without_scripts();
    browser.visit(&server.url);
    browser.fill("#key", &new_key(&account, &["admin"]));
    browser.press("Sign in");
    hold(&account, "companies");
    browser.press("default");
    browser.fill("#sync-streams", "companies");
    browser.press("Start");
    browser.wait_for(".live");
    browser.press("Cancel");
    wait_until("the run is over", || {
        browser.reload();
        !browser.has(".live")
    });
    account.control().clear_faults();
    browser.press("Sync now");
    wait_until("the sync is over", || {
        browser.reload();
        browser.has(LAST_RUN_SUCCEEDED)
    });
    assert!(browser.has("table.streams"));
}

#[test]
fn errors_say_what_to_do_and_who() {
    let account = Account::with_records(3, Kind::Sqlite).logged_in();
    account.control().switch(|switches| switches.forbidden = vec!["deals".to_owned()]);
    account.control().add_fault(Fault::on(list_path("companies"), FaultKind::Html));
    assert_ne!(account.sync(["companies", "deals", "contacts"]).exit_code(), 0);
    let visit = Visit::signed_in(&account);
    let browser = &visit.browser;
    browser.wait_for(".trouble");
    let said = browser.text(".connections");
    assert!(said.contains("companies"), "{said}");
    visit.assert_calm();
    browser.picture("trouble");
}

#[test]
fn a_store_that_is_away_is_a_page_that_says_so() {
    let account = Account::with_records(3, Kind::Sqlite).logged_in();
    let visit = Visit::signed_in(&account);
    let store = account.connector().working_folder().join("store.db");
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", store.display()));
    }
    std::fs::write(&store, "this is no database, however long one looks at it").unwrap();
    visit.go("/");
    visit.browser.wait_for_text("cannot be shown now");
    assert!(!visit.browser.text("body").contains("is_error"), "no JSON");
    assert_eq!(visit.browser.barriers(), Vec::<String>::new());
    visit.browser.picture("store-away");
}

#[test]
fn it_reads_well_by_day_and_by_night_on_phones_and_walls() {
    let account = Account::with_records(150, Kind::Sqlite).logged_in();
    account.sync_well([]);
    account.control().switch(|switches| switches.forbidden = vec!["deals".to_owned()]);
    account.sync(["companies", "deals"]);
    account.control().switch(|switches| switches.forbidden.clear());
    for _ in 0..4 {
        account.sync_well(["companies", "contacts", "deals", "--full"]);
    }
    let visit = Visit::signed_in(&account);
    let browser = &visit.browser;
    browser.wait_for("table.streams");
    for (width, height) in [(360, 740), (820, 1100), (1600, 1000)] {
        browser.resize(width, height);
        for scheme in ["light", "dark"] {
            browser.prefer(scheme);
            visit.assert_calm();
            let overflow =
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.evaluate(overflow), 0, "nothing is cut off at {width}");
            browser.picture(&format!("overview-{width}-{scheme}"));
        }
    }
}
