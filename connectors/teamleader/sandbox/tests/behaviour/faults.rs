//! Everything that can be made to go wrong does, where and as often as told.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use teamleader_sandbox::{ErrorBody, Fault, FaultKind, Framing, When};
use tokio::time::Instant;

use crate::client::{Client, ids};

const PATH: &str = "/companies.list";

async fn with(fault: FaultKind) -> Client {
    let client = Client::with_records(30).await;
    client.control.add_fault(Fault::on(PATH, fault));
    client
}

#[tokio::test]
async fn a_fault_hits_from_the_nth_request_on_and_so_many_times() {
    let client = Client::with_records(1).await;
    client.control.add_fault(Fault::on("/comp*", FaultKind::status(503)).nth(2).times(2));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(client.post(PATH, json!({})).await.status().as_u16());
        client.ok("/contacts.list", json!({})).await;
    }
    assert_eq!(statuses, [200, 503, 503, 200, 200]);
    assert_eq!(client.control.counters().faults, 2);
}

#[tokio::test]
async fn chances_are_the_same_for_the_same_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let client = Client::with_records(1).await;
        client.control.add_fault(Fault::on(PATH, FaultKind::status(500)).probability(0.5));
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(client.post(PATH, json!({})).await.status().as_u16());
        }
        assert!(statuses.contains(&200) && statuses.contains(&500));
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn statuses_come_as_json_page_or_nothing() {
    for body in [ErrorBody::Json, ErrorBody::Html, ErrorBody::Empty] {
        let fault = FaultKind::Status { status: 502, body, retry_after: Some(3), when: When::Before };
        let response = with(fault).await.post(PATH, json!({})).await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(response.headers()["retry-after"], "3");
        assert!(response.headers().contains_key("x-ratelimit-remaining"));
        let text = response.text().await.unwrap();
        assert_eq!(text.is_empty(), body == ErrorBody::Empty);
        assert_eq!(text.starts_with('{'), body == ErrorBody::Json);
    }
}

#[tokio::test]
async fn a_reset_leaves_no_answer() {
    let client = with(FaultKind::reset(When::Before)).await;
    assert!(client.try_post(PATH, json!({})).await.is_err());
    assert_eq!(client.control.requests()[0].status, 0);
    client.control.clear_faults();
    client.ok(PATH, json!({})).await;
}

#[tokio::test]
async fn a_refresh_can_be_lost_after_the_token_was_used_up() {
    let status = |when| FaultKind::Status { status: 500, body: ErrorBody::Json, retry_after: None, when };
    // What happens, the answer to the first try (0: none), and the answer to the second one.
    let cases = [
        (FaultKind::reset(When::After), 0, 400),
        (status(When::After), 500, 400),
        (status(When::Before), 500, 200),
        (FaultKind::reset(When::Before), 0, 200),
    ];
    for (fault, first, second) in cases {
        let client = Client::with_records(1).await;
        client.control.add_fault(Fault::on("/oauth2/access_token", fault.clone()).times(1));
        let pair = client.control.issue_tokens();
        let refresh = async || {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", client.sandbox.client_id()),
                ("client_secret", client.sandbox.client_secret()),
                ("refresh_token", &pair.refresh_token),
            ];
            let sent = client.http.post(client.url("/oauth2/access_token")).form(&form).send().await;
            sent.map_or(0, |response| response.status().as_u16())
        };
        assert_eq!((refresh().await, refresh().await), (first, second), "{fault:?}");
    }
}

#[tokio::test]
async fn truncated_answers_break_in_the_body() {
    for framing in [Framing::ContentLength, Framing::Chunked] {
        let response = with(FaultKind::truncated(framing)).await.post(PATH, json!({})).await;
        assert_eq!(response.status(), 200);
        assert!(response.text().await.is_err());
    }
    let response = with(FaultKind::truncated(Framing::Complete)).await.post(PATH, json!({})).await;
    let text = response.text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err() && !text.is_empty());
}

#[tokio::test]
async fn answers_can_be_late_and_trickle() {
    for fault in [FaultKind::SlowHeaders { millis: 4000 }, FaultKind::SlowBody { millis: 500 }] {
        let client = with(fault).await;
        client.ok("/users.me", json!({})).await;
        // Time that nobody waits for: the runtime jumps to the next timer when all is idle.
        tokio::time::pause();
        let start = Instant::now();
        assert_eq!(client.rows(PATH, json!({})).await.len(), 20);
        assert!(start.elapsed() >= Duration::from_secs(4));
        tokio::time::resume();
    }
}

#[expect(clippy::disallowed_methods, reason = "a client that does not decompress")]
#[tokio::test]
async fn compressed_answers_say_so() {
    let client = with(FaultKind::Gzip).await;
    assert_eq!(client.rows(PATH, json!({})).await.len(), 20);
    let client = reqwest::Client::builder()
        .no_gzip()
        .no_proxy()
        .build()
        .map(|http| Client { http, ..client })
        .unwrap();
    let response = client.post(PATH, json!({})).await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(response.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]));
}

#[tokio::test]
async fn data_can_be_null_missing_empty_or_a_page() {
    assert_eq!(with(FaultKind::DataNull).await.ok(PATH, json!({})).await, json!({"data": null}));
    assert_eq!(with(FaultKind::DataMissing).await.ok(PATH, json!({})).await, json!({}));
    let empty = with(FaultKind::EmptyBody).await.post(PATH, json!({})).await;
    assert_eq!(empty.text().await.unwrap(), "");
    let page = with(FaultKind::Html).await.post(PATH, json!({})).await;
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().starts_with("<!DOCTYPE"));
}

#[tokio::test]
async fn rows_can_have_fields_and_values_that_nobody_documented() {
    let rows = with(FaultKind::ExtraFields).await.rows(PATH, json!({})).await;
    assert!(rows.iter().all(|row| row["x_row"].is_object()));
    let value = FaultKind::Value { field: "status".into(), value: json!("new") };
    let rows = with(value).await.rows(PATH, json!({})).await;
    assert!(rows.iter().all(|row| row["status"] == "new"));
}

#[tokio::test]
async fn a_row_can_come_twice() {
    let client = with(FaultKind::DuplicatedRow).await;
    let all = ids(&client.control.records("companies").unwrap());
    let (seen, sizes) = client.walk(PATH, 10).await;
    assert_eq!(sizes, [10, 10, 10, 1]);
    assert_eq!(seen[9], seen[10]);
    let mut unique = seen;
    unique.dedup();
    assert_eq!(unique, all);
}

#[tokio::test]
async fn a_page_can_repeat_for_ever() {
    let client = with(FaultKind::RepeatedPage).await;
    let page = async |number: u32| client.rows(PATH, json!({"page": {"size": 10, "number": number}})).await;
    assert_eq!(page(1).await, page(99).await);
}

#[tokio::test]
async fn the_clock_of_the_answer_can_be_wrong() {
    let client = with(FaultKind::ClockSkew { seconds: 86_400 }).await;
    client.control.freeze_clock(true);
    client.control.set_clock("2026-02-03T10:00:00Z".parse().unwrap());
    let right = client.http.post(client.url("/")).send().await.unwrap();
    assert_eq!(right.headers()["date"], "Tue, 03 Feb 2026 10:00:00 GMT");
    let wrong = client.http.post(client.url(PATH)).send().await.unwrap();
    assert_eq!(wrong.headers()["date"], "Wed, 04 Feb 2026 10:00:00 GMT");
}

#[tokio::test]
async fn tokens_can_expire_and_accounts_change_in_the_middle_of_a_walk() {
    let client = Client::with_records(3).await;
    client.control.add_fault(Fault::on(PATH, FaultKind::TokenExpiry).nth(2).times(1));
    client.ok(PATH, json!({})).await;
    assert_eq!(client.post(PATH, json!({})).await.status(), 401);

    let client = Client::with_records(3).await;
    client.control.add_fault(Fault::on(PATH, FaultKind::AccountSwitch).times(1));
    let account = async || client.ok("/users.me", json!({})).await["data"]["account"]["id"].clone();
    let before = account().await;
    client.ok(PATH, json!({})).await;
    assert_ne!(account().await, before);
}
