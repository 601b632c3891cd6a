//! What the pages show of what was read.

use connector_core::oauth::{ConnectionState, ConnectionSummary, Renewal};
use connector_core::sync::SyncReport;
use connector_core::{ConnectorError, ErrorCode, envelope};
use connector_store::{RunSummary, Schedule, ScheduleKey, StreamSummary, SyncedConnection};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::ConnectorView;
use crate::serve::page::access::Rights;
use crate::serve::page::facts::{Facts, Place, Wanted};
use crate::serve::page::templates::render;
use crate::serve::syncs::{RunView, StreamView};

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn place(name: &str, state: ConnectionState) -> Place {
    let stored = ConnectionSummary {
        name: name.to_owned(),
        account: Some("account-1".to_owned()),
        state,
        renewal: Renewal::default(),
        generation: 1,
        expires_at: None,
        updated_at: now(),
    };
    let synced =
        SyncedConnection { connection: name.to_owned(), streams: 2, updated_at: now(), last_status: None };
    Place { name: name.to_owned(), stored: Some(stored), synced: Some(synced), rights: Rights::all() }
}

fn run(
    number: u128,
    connection: &str,
    status: &str,
    inserted: u64,
    error: Option<&ConnectorError>,
) -> RunSummary {
    let error = error.map(|error| {
        let envelope: Value =
            serde_json::from_str(&envelope::error_envelope(error, "example", "here")).unwrap();
        envelope["error"].clone()
    });
    let report = json!({
        "run_id": Uuid::from_u128(number), "status": status, "requests": 4,
        "started_at": "2026-11-22T11:00:00Z", "finished_at": "2026-11-22T11:01:05Z",
        "streams": [{
            "stream": "deals", "mode": "full", "status": status, "requests": 4, "received": 10, "inserted": inserted,
            "updated": 2, "unchanged": 3, "deleted": 1, "rejected": 1, "cursor": null, "seconds": 1.25, "error": error,
        }],
    });
    let report: SyncReport = serde_json::from_value(report).unwrap();
    RunSummary {
        run_id: report.run_id,
        app_id: "example".to_owned(),
        connection: connection.to_owned(),
        schema: String::new(),
        status: status.to_owned(),
        started_at: report.started_at,
        finished_at: Some(report.finished_at),
        report: Some(report),
    }
}

fn under_way(connection: &str) -> RunView {
    let stream = |name: &str, status: &str| StreamView {
        stream: name.to_owned(),
        status: status.to_owned(),
        mode: None,
        requests: 1,
        received: 1200,
        written: 100,
        total: None,
    };
    RunView {
        run_id: Uuid::from_u128(77),
        app_id: "example".to_owned(),
        connection: connection.to_owned(),
        status: "running".to_owned(),
        started_at: now(),
        finished_at: None,
        requests: 5,
        streams: vec![
            stream("deals", "succeeded"),
            stream("contacts", "running"),
            stream("calls", "waiting"),
        ],
        report: None,
        error: None,
    }
}

fn facts(places: Vec<Place>) -> Facts {
    Facts {
        app_id: "example".to_owned(),
        app: "Example".to_owned(),
        has_login: true,
        places_in_all: places.len(),
        places,
        ..Facts::default()
    }
}

fn view(facts: Facts) -> Value {
    serde_json::to_value(ConnectorView::new(facts, &Wanted::default(), true, now())).unwrap()
}

fn overview(facts: Facts) -> String {
    let connector = ConnectorView::new(facts, &Wanted::default(), true, now());
    let attention = connector.attention();
    let frame = json!({
        "key_id": "abcdefgh", "form_token": "token", "here": "/", "links": true, "is_overview": true,
        "now": {"iso": "2026-11-22T12:00:00Z", "text": "just now", "exact": "2026-11-22 12:00:00 UTC"},
    });
    render(
        "overview.html",
        json!({"frame": frame, "connectors": [connector], "attention": attention, "is_whole": true}),
    )
    .unwrap()
}

#[test]
fn a_run_tells_rows_requests_and_time() {
    let mut facts = facts(vec![place("acme", ConnectionState::Active)]);
    facts.last_runs = vec![run(1, "acme", "succeeded", 7, None)];
    facts.runs.clone_from(&facts.last_runs);
    let view = view(facts);
    let last = &view["connections"][0]["last_run"];
    assert_eq!((&last["rows"], &last["requests"], &last["rejected"]), (&json!(10), &json!(4), &json!(1)));
    assert_eq!((&last["taken"], &last["tone"]), (&json!("1 min 5 s"), &json!("good")));
    assert_eq!(view["chart"]["bars"].as_array().unwrap().len(), 1);
    assert_eq!(view["attention"], 0);
}

#[test]
fn the_chart_goes_from_the_first_run_to_the_last() {
    let mut facts = facts(vec![place("acme", ConnectionState::Active)]);
    facts.runs = vec![run(2, "acme", "failed", 97, None), run(1, "acme", "succeeded", 7, None)];
    let view = view(facts);
    let tones: Vec<_> = view["chart"]["bars"].as_array().unwrap().iter().map(|bars| &bars["tone"]).collect();
    assert_eq!(tones, ["good", "bad"]);
    assert_eq!(view["chart"]["most_rows"], 100);
}

#[test]
fn a_trouble_that_passes_needs_nobody() {
    for (code, expected) in [(ErrorCode::BadGateway, 0), (ErrorCode::PermissionDenied, 1)] {
        let error = ConnectorError::new(code, "it broke");
        let mut facts = facts(vec![place("acme", ConnectionState::Active)]);
        facts.last_runs = vec![run(1, "acme", "failed", 0, Some(&error))];
        let view = view(facts);
        assert_eq!(view["attention"], expected, "{code}");
        assert_eq!(view["connections"][0]["troubles"][0]["streams"], json!(["deals"]));
    }
}

#[test]
fn what_the_state_says_is_not_said_twice() {
    let error = ConnectorError::new(ErrorCode::CredsRevoked, "the grant is gone");
    let troubles = |state| {
        let mut facts = facts(vec![place("acme", state)]);
        facts.last_runs = vec![run(1, "acme", "failed", 0, Some(&error))];
        view(facts)["connections"][0]["troubles"].as_array().unwrap().len()
    };
    assert_eq!(troubles(ConnectionState::Active), 1);
    assert_eq!(troubles(ConnectionState::ReauthorizationRequired), 0);
}

#[test]
fn what_cannot_succeed_is_not_offered() {
    let offered = |facts: Facts| {
        let view = view(facts);
        let connection = &view["connections"][0];
        (connection["may_sync"].as_bool().unwrap(), connection["may_connect"].as_bool().unwrap())
    };
    assert_eq!(offered(facts(vec![place("acme", ConnectionState::Active)])), (true, true));
    assert_eq!(offered(facts(vec![place("acme", ConnectionState::ReauthorizationRequired)])), (false, true));
    let without_tokens = Place { stored: None, ..place("acme", ConnectionState::Active) };
    assert_eq!(offered(facts(vec![without_tokens])), (false, true));
    let looker = Rights { status: true, read: true, ..Rights::default() };
    let seen = Place { rights: looker, ..place("acme", ConnectionState::Active) };
    assert_eq!(offered(facts(vec![seen])), (false, false));
}

#[test]
fn the_next_run_is_the_first_of_the_schedules_that_are_on() {
    let schedule = |name: &str, minute: u8, enabled| Schedule {
        key: ScheduleKey {
            app_id: "example".to_owned(),
            connection: "acme".to_owned(),
            name: name.to_owned(),
        },
        expression: format!("every {minute}m"),
        time_zone: "UTC".to_owned(),
        jitter_seconds: 0,
        request: Map::new(),
        enabled,
        next_at: Some(format!("2026-11-22T12:{minute:02}:00Z").parse().unwrap()),
    };
    let mut facts =
        facts(vec![place("acme", ConnectionState::Active), place("globex", ConnectionState::Active)]);
    facts.schedules = vec![schedule("late", 30, true), schedule("soon", 15, true), schedule("off", 5, false)];
    let view = view(facts);
    assert_eq!(view["connections"][0]["next_run"]["schedule"], "every 15m");
    assert_eq!(view["connections"][0]["next_run"]["at"]["text"], "in 15 min");
    assert_eq!(view["connections"][1]["next_run"], Value::Null);
}

#[test]
fn a_run_that_is_under_way_says_how_far_it_is() {
    let mut facts = facts(vec![place("acme", ConnectionState::Active)]);
    facts.under_way = vec![under_way("acme")];
    let page = overview(facts);
    assert!(page.contains("1 of 3 streams, 3,600 records, 5 requests"), "{page}");
    assert!(page.contains("now contacts") && page.contains("<progress max=\"3\" value=\"1\""), "{page}");
    assert!(!page.contains("Sync now"), "one run at a time");
}

#[test]
fn streams_show_rows_and_lead_to_their_rejects() {
    let mut facts = facts(vec![place("a&b", ConnectionState::Active)]);
    facts.streams = vec![StreamSummary {
        connection: "a&b".to_owned(),
        schema: "example".to_owned(),
        stream: "deals@shared.tl_deals".to_owned(),
        state: connector_core::sync::StreamState::default(),
        updated_at: now(),
        rows: Some(12_345),
        deleted: None,
        rows_are_estimated: true,
        rejected: 3,
    }];
    let page = overview(facts);
    assert!(page.contains("about</span> 12,345") && page.contains("not known"), "{page}");
    assert!(page.contains("deals <span class=\"muted\">in shared.tl_<wbr>deals"), "{page}");
    let link = "/-/example/rejects?connection=a%26b&amp;stream=deals%40shared.tl_deals";
    assert!(page.contains(link), "{page}");
}

#[test]
fn texts_of_others_are_shown_as_texts() {
    let evil = "<img src=x onerror=alert(1)>\"'";
    let error = ConnectorError::new(ErrorCode::PermissionDenied, evil).hint(evil);
    let mut facts = facts(vec![place(evil, ConnectionState::Active)]);
    facts.last_runs = vec![run(1, evil, "failed", 0, Some(&error))];
    facts.runs.clone_from(&facts.last_runs);
    facts.under_way = vec![under_way(evil)];
    facts.app = evil.to_owned();
    let page = overview(facts);
    assert!(page.contains("&lt;img") && !page.contains("<img"), "{page}");
}

#[test]
fn many_connections_come_in_pages() {
    let mut facts = facts((0..50).map(|n| place(&format!("c{n}"), ConnectionState::Active)).collect());
    facts.places_in_all = 101;
    let wanted = Wanted { page: 1, ..Wanted::default() };
    let view = serde_json::to_value(ConnectorView::new(facts, &wanted, true, now())).unwrap();
    assert_eq!((&view["previous_page"], &view["next_page"]), (&json!(0), &json!(2)));
    assert_eq!(view["is_searchable"], true);
}
