//! The rate limit and its headers.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use teamleader_sandbox::ErrorBody;

use crate::client::Client;

fn header<'r>(response: &'r reqwest::Response, name: &str) -> &'r str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn request_201_of_a_minute_is_refused_until_the_first_one_leaves_the_window() {
    let mut client = Client::with_records(1).await;
    let start: Timestamp = "2026-02-03T10:00:00.035Z".parse().unwrap();
    client.control.freeze_clock(true);
    client.control.set_clock(start);
    client.token = client.control.issue_tokens().access_token;
    for used in 1..=200_u32 {
        let response = client.post("/users.me", json!({})).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "x-ratelimit-limit"), "200");
        assert_eq!(header(&response, "x-ratelimit-remaining"), (200 - used).to_string());
        if used == 1 {
            client.control.advance(Duration::from_secs(10));
        }
    }
    let refused = client.post("/users.me", json!({})).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "x-ratelimit-remaining"), "0");
    // One minute after the first request, told with an offset that has no colon.
    assert_eq!(header(&refused, "x-ratelimit-reset"), "2026-02-03T11:01:00.035+0100");
    assert_eq!(refused.json::<serde_json::Value>().await.unwrap()["errors"][0]["title"], "Too many requests");

    client.control.advance(Duration::from_secs(50));
    assert_eq!(client.post("/users.me", json!({})).await.status(), 200);
    assert_eq!(client.post("/users.me", json!({})).await.status(), 429);
}

#[tokio::test]
async fn refusals_of_the_service_count_and_those_of_the_token_do_not() {
    let client = Client::with_records(1).await;
    client.control.switch(|switches| switches.requests_per_minute = Some(2));
    let stranger = client.http.post(client.url("/users.me")).bearer_auth("nobody").send().await.unwrap();
    assert_eq!(stranger.status(), 401);
    assert!(stranger.headers().get("x-ratelimit-limit").is_none());
    assert_eq!(client.post("/companies.info", json!({})).await.status(), 400);
    assert_eq!(client.post("/companies.list", json!({})).await.status(), 200);
    assert_eq!(client.post("/companies.list", json!({})).await.status(), 429);
}

#[tokio::test]
async fn a_refusal_can_be_a_page_and_say_when_to_retry() {
    let client = Client::with_records(1).await;
    client.control.switch(|switches| {
        switches.requests_per_minute = Some(0);
        switches.limit_body = ErrorBody::Html;
        switches.limit_retry_after = true;
    });
    let refused = client.post("/users.me", json!({})).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "retry-after"), "60");
    assert!(header(&refused, "content-type").starts_with("text/html"));
}
