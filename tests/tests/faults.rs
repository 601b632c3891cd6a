//! An app that answers badly: for a while, for ever, or strangely.

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    binary::RunningConnector,
    store::Kind,
};
use teamleader_sandbox::{Action, ErrorBody, Fault, FaultKind, Framing, Options, Scheduled, When};

on_both_stores! {
    a_fault_that_passes_costs_nothing_but_time,
    a_fault_that_stays_is_told_and_the_other_streams_go_on,
}

const COMPANIES: &str = "/companies.list";

/// A status with this body.
fn status(status: u16, body: &str, when: &str) -> FaultKind {
    serde_json::from_value(json!({"kind": "status", "status": status, "body": body, "when": when}))
        .expect("a fault")
}

/// Three pages of ten.
fn account(kind: Kind) -> Account {
    Account::with_records(25, kind).environment("TEAMLEADER_PAGE_SIZE", "10")
}

/// A sync under way, and what it is about.
struct Case {
    name: String,
    account: Account,
    running: RunningConnector,
}

/// Starts a sync of three streams under a fault. Retries wait; so all cases wait at the same time.
fn start(kind: Kind, name: String, fault: Fault) -> Case {
    let account = account(kind);
    account.control().add_fault(fault);
    let running = account.start_sync(["departments", "companies", "contacts"]);
    Case { name, account, running }
}

fn a_fault_that_passes_costs_nothing_but_time(kind: Kind) {
    let faults = [
        FaultKind::Html,
        status(502, "html", "before"),
        status(500, "json", "before"),
        status(500, "empty", "after"),
        status(503, "html", "after"),
        status(504, "empty", "before"),
        FaultKind::truncated(Framing::Complete),
        FaultKind::truncated(Framing::ContentLength),
        FaultKind::truncated(Framing::Chunked),
        FaultKind::DataNull,
        FaultKind::DataMissing,
        FaultKind::EmptyBody,
        FaultKind::reset(When::Before),
        FaultKind::reset(When::After),
        FaultKind::Gzip,
        FaultKind::SlowBody { millis: 20 },
        FaultKind::SlowHeaders { millis: 100 },
    ];
    let cases: Vec<Case> = faults
        .into_iter()
        .enumerate()
        .map(|(number, fault)| {
            let nth = 1 + number as u64 % 3;
            start(
                kind,
                format!("{fault:?} from request {nth}"),
                Fault::on(COMPANIES, fault).nth(nth).times(2),
            )
        })
        .collect();
    for Case { name, account, running } in cases {
        let outcome = running.wait();
        assert_eq!(outcome.exit_code(), 0, "{name}: {outcome:?}");
        assert_eq!(outcome.envelope()["response"]["status"], "succeeded", "{name}: {outcome:?}");
        assert!(account.control().counters().faults >= 2, "{name} happened");
        for stream in ["departments", "companies", "contacts"] {
            account.assert_same(stream);
        }
    }
}

/// What a fault that stays comes to: the code of the error and of the program.
type Verdict = (FaultKind, &'static str, i32);

/// Those that are tried again first, for half a minute.
fn stubborn() -> Vec<Verdict> {
    vec![
        (FaultKind::Html, "invalid_response", 70),
        (status(502, "html", "before"), "bad_gateway", 75),
        (status(500, "json", "before"), "bad_gateway", 75),
        (status(503, "empty", "before"), "service_error", 75),
        (FaultKind::truncated(Framing::Complete), "invalid_response", 70),
        (FaultKind::truncated(Framing::ContentLength), "connection_closed", 75),
        (FaultKind::truncated(Framing::Chunked), "connection_closed", 75),
        (FaultKind::DataNull, "invalid_response", 70),
        (FaultKind::DataMissing, "invalid_response", 70),
        (FaultKind::EmptyBody, "invalid_response", 70),
        (FaultKind::reset(When::Before), "connection_closed", 75),
    ]
}

/// Those that no second try changes.
fn hopeless() -> Vec<Verdict> {
    vec![
        (FaultKind::status(400), "bad_request", 64),
        (FaultKind::status(404), "not_found", 69),
        (FaultKind::status(401), "unauthorized", 78),
        (FaultKind::status(403), "permission_denied", 77),
    ]
}

#[test]
fn a_stream_that_is_closed_from_its_first_page_on_is_left_out() {
    for (status, code) in [(403, "permission_denied"), (404, "not_found")] {
        let fault = Fault::on(COMPANIES, FaultKind::status(status));
        let found = outcome_of(start(Kind::Sqlite, status.to_string(), fault), "succeeded");
        assert_eq!(found, (0, json!(code), json!("unavailable")));
    }
}

fn a_fault_that_stays_is_told_and_the_other_streams_go_on(kind: Kind) {
    let mut verdicts = hopeless();
    if kind == Kind::Sqlite {
        // What is told does not depend on the database, and costs time.
        verdicts.extend(stubborn());
    }
    let mut cases = Vec::new();
    for (number, (fault, code, exit_code)) in verdicts.into_iter().enumerate() {
        // From the start for every other one, after a page for the rest.
        let nth = 1 + number as u64 % 2;
        let wrote = nth == 2;
        let case = start(kind, format!("{fault:?}"), Fault::on(COMPANIES, fault).nth(nth));
        cases.push((case, code, exit_code, wrote));
    }
    // All of them, so that one run shows all that is wrong.
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(case, code, exit_code, wrote)| {
            let name = case.name.clone();
            let found = outcome_of(case, "partial");
            let wanted = (exit_code, json!(code), json!(if wrote { "partial" } else { "failed" }));
            (found != wanted).then(|| format!("{name}: wanted {wanted:?}, came {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Exit code of the program, code of the error and status of the stream that has the fault. All else is checked here.
fn outcome_of(case: Case, status: &str) -> (i32, Value, Value) {
    let Case { name, account, running } = case;
    let outcome = running.wait();
    let report = outcome.envelope()["response"].take();
    assert_eq!(report["status"], status, "{name}: {report}");
    let part = of_stream(&report, "companies");
    assert_eq!(part["cursor"], Value::Null, "{name}: what was not read to its end has no cursor");
    assert!(!text(&part["error"]["message"]).contains('<'), "{name}: {part}");
    for stream in ["departments", "contacts"] {
        assert_eq!(of_stream(&report, stream)["status"], "succeeded", "{name}: {report}");
        account.assert_same(stream);
    }
    assert_eq!(part["inserted"], account.store().count("companies"), "{name}");
    account.control().clear_faults();
    account.sync_well(["departments", "companies", "contacts"]);
    account.assert_same("companies");
    (outcome.exit_code(), part["error"]["error_code"].clone(), part["status"].clone())
}

#[test]
fn a_list_that_never_ends_is_noticed_where_it_is_read_by_page() {
    let account = account(Kind::Sqlite);
    for path in ["/events.list", "/users.list"] {
        account.control().add_fault(Fault::on(path, FaultKind::RepeatedPage));
    }
    let outcome = account.sync(["events", "users", "companies"]);
    assert_eq!(outcome.exit_code(), 70, "{outcome:?}");
    let report = outcome.envelope()["response"].take();
    for stream in ["events", "users"] {
        let part = of_stream(&report, stream);
        assert_eq!(part["error"]["error_code"], "invalid_response", "{part}");
        assert!(account.requests(stream) < 20, "{part}");
    }
    account.assert_same("companies");
}

#[test]
fn when_every_stream_fails_the_run_has_failed() {
    let account = account(Kind::Sqlite);
    account.control().switch(|switches| switches.forbidden = vec!["companies".into(), "deals".into()]);
    let outcome = account.sync(["companies", "deals"]);
    assert_eq!(outcome.exit_code(), 77, "{outcome:?}");
    let report = outcome.envelope()["response"].take();
    assert_eq!(report["status"], "failed", "{report}");
    let hint = &of_stream(&report, "deals")["error"]["error_metadata"]["hint"];
    assert!(text(hint).contains("scope"), "{hint}");
}

#[test]
fn the_exit_code_is_that_of_the_worst_stream() {
    let account = account(Kind::Sqlite);
    // From the second page on: a stream that was never allowed is no error.
    account.control().add_fault(Fault::on(COMPANIES, FaultKind::status(403)).nth(2));
    account.control().add_fault(Fault::on("/deals.list", FaultKind::status(400)));
    let outcome = account.sync(["companies", "deals", "users"]);
    assert_eq!(outcome.exit_code(), 77, "{outcome:?}");
    account.assert_same("users");
}

#[test]
fn an_app_that_says_slow_down_is_obeyed_by_its_reset_header() {
    let account = account(Kind::Sqlite);
    account.control().switch(|switches| switches.requests_per_minute = Some(200));
    // The oldest request of the window is 58 s old when the refusal comes, so that it ends 2 s later.
    account.control().schedule(Scheduled::after(1, COMPANIES, Action::Advance { seconds: 58 }));
    account.control().add_fault(Fault::on(COMPANIES, FaultKind::status(429)).nth(2).times(1));
    account.sync_well(["companies"]);
    account.assert_same("companies");
    let requests = account.control().requests();
    let refused = requests.iter().position(|request| request.status == 429).unwrap();
    let pause = requests[refused + 1].at - requests[refused].at;
    assert!((1_000..20_000).contains(&pause), "it came back after {pause} ms by the app's clock");
}

#[test]
fn an_app_that_says_when_to_come_back_is_asked_then() {
    let account = account(Kind::Sqlite);
    let fault = json!({"path": COMPANIES, "nth": 2, "times": 1, "fault": {"kind": "status", "status": 503, "retry_after": 1}});
    account.control().add_fault(serde_json::from_value(fault).unwrap());
    account.sync_well(["companies"]);
    account.assert_same("companies");
    let requests = account.control().requests();
    let refused = requests.iter().position(|request| request.status == 503).unwrap();
    assert!(requests[refused + 1].at - requests[refused].at >= 1_000);
}

#[test]
fn an_app_that_wants_us_back_in_an_hour_ends_the_run_with_that() {
    let account = account(Kind::Sqlite);
    let fault =
        json!({"path": COMPANIES, "nth": 2, "fault": {"kind": "status", "status": 503, "retry_after": 3600}});
    account.control().add_fault(serde_json::from_value(fault).unwrap());
    let outcome = account.sync(["companies"]);
    assert_eq!(outcome.exit_code(), 75, "{outcome:?}");
    let report = outcome.envelope()["response"].take();
    let metadata = &of_stream(&report, "companies")["error"]["error_metadata"];
    assert_eq!(
        (&metadata["retry_after_seconds"], &metadata["retryable"]),
        (&json!(3600), &json!(true)),
        "{report}"
    );
}

#[test]
fn a_limit_is_kept_so_that_the_app_never_has_to_refuse() {
    let account = Account::new(Options::default().records(30).requests_per_minute(Some(3)), Kind::Sqlite)
        .environment("TEAMLEADER_PAGE_SIZE", "10");
    // Time flies between two requests: each time the window has almost passed.
    for request in 1..10 {
        account.control().schedule(Scheduled::after(request, COMPANIES, Action::Advance { seconds: 29 }));
    }
    account.sync_well(["companies"]);
    account.assert_same("companies");
    let statuses = account.control().counters().statuses;
    assert_eq!(statuses.keys().collect::<Vec<_>>(), [&200], "{statuses:?}");
}

#[test]
fn an_app_that_does_not_answer_in_time_is_asked_again() {
    let account = account(Kind::Sqlite).environment("TEAMLEADER_TIMEOUT_SECONDS", "1");
    account
        .control()
        .add_fault(Fault::on(COMPANIES, FaultKind::SlowHeaders { millis: 60_000 }).nth(2).times(1));
    account.sync_well(["companies"]);
    account.assert_same("companies");
}

#[test]
fn a_call_for_one_answer_tells_at_once_that_nobody_is_there() {
    let account = account(Kind::Sqlite);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let account = account.environment("TEAMLEADER_API_URL", &address);
    let outcome = account.connector().run(["list_companies", "--json", account.envelope()]);
    assert_eq!(outcome.exit_code(), 75, "{outcome:?}");
    let error = outcome.error();
    assert_eq!(
        (&error["error_code"], &error["error_metadata"]["fault"]),
        (&json!("connection_rejected"), &json!("infrastructure"))
    );
}

#[test]
fn what_an_app_says_in_html_is_not_repeated() {
    let account = account(Kind::Sqlite);
    account.control().switch(|switches| switches.limit_body = ErrorBody::Html);
    account.control().add_fault(Fault::on(COMPANIES, status(403, "html", "before")));
    let outcome = account.connector().run(["list_companies", "--json", account.envelope()]);
    let message = outcome.error()["message"].take();
    assert!(!text(&message).contains('<'), "{message}");
    assert_eq!(outcome.exit_code(), 77);
}
