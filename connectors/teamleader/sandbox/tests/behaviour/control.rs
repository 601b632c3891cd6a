//! The control over HTTP.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Client;

#[tokio::test]
async fn rows_are_made_changed_read_and_deleted() {
    let client = Client::with_records(2).await;
    for resource in ["companies", "projects-v2/projects"] {
        let list = format!("records/{resource}");
        let (status, made) = client.sim(Method::POST, &list, json!({"x_mine": "Mine"})).await;
        assert_eq!(status, 201);
        let one = format!("{list}/{}", made["data"]["id"].as_str().unwrap());
        assert_eq!(client.sim(Method::PATCH, &one, json!({"x_mine": "Yours"})).await.0, 204);
        assert_eq!(client.sim(Method::GET, &one, Value::Null).await.1["data"]["x_mine"], "Yours");
        let (_, all) = client.sim(Method::GET, &list, Value::Null).await;
        assert_eq!((all["data"].as_array().unwrap().len(), &all["matches"]), (3, &json!(3)));
        assert!(all["data"][0].get("custom_fields").is_some());
        assert_eq!(client.sim(Method::DELETE, &one, Value::Null).await.0, 204);
        assert_eq!(client.sim(Method::GET, &one, Value::Null).await.0, 404);
        assert_eq!(client.sim(Method::DELETE, &one, Value::Null).await.0, 400);
    }
    assert_eq!(client.sim(Method::GET, "records/spaceships", Value::Null).await.0, 404);
}

#[tokio::test]
async fn rows_without_an_id_and_rows_of_a_parent_are_reached_like_the_others() {
    let client = Client::with_records(5).await;
    for (resource, field) in [("tags", "tag"), ("users.daysOff", "status")] {
        let list = format!("records/{resource}");
        let (_, made) = client.sim(Method::POST, &list, json!({field: "Mine"})).await;
        let one = format!("{list}/{}", made["data"]["id"].as_str().unwrap());
        assert_eq!(client.sim(Method::GET, &one, Value::Null).await.1["data"][field], "Mine");
        assert_eq!(client.sim(Method::PATCH, &one, json!({field: "Yours"})).await.0, 204);
        let (_, all) = client.sim(Method::GET, &list, Value::Null).await;
        assert_eq!(all["data"].as_array().unwrap().last().unwrap()[field], "Yours");
        assert_eq!(client.sim(Method::DELETE, &one, Value::Null).await.0, 204);
        assert_eq!(client.sim(Method::GET, &one, Value::Null).await.0, 404);
    }
}

#[tokio::test]
async fn the_clock_is_set_moved_and_frozen() {
    let client = Client::with_records(1).await;
    let body = json!({"set": "2026-05-01T00:00:00Z", "frozen": true, "advance_seconds": 90});
    let (status, health) = client.sim(Method::POST, "clock", body).await;
    assert_eq!((status, &health["now"]), (200, &json!("2026-05-01T00:01:30Z")));
    assert_eq!(client.sim(Method::GET, "health", Value::Null).await.1["rows"]["companies"], 1);
}

#[tokio::test]
async fn faults_and_schedules_are_plain_json() {
    let client = Client::with_records(3).await;
    let faults = json!([
        {"path": "/companies.list", "nth": 2, "times": 1, "fault": {"kind": "status", "status": 503, "body": "html"}},
        {"path": "/deals.list", "fault": {"kind": "data_null"}},
    ]);
    assert_eq!(client.sim(Method::POST, "faults", faults).await.0, 204);
    let id = client.control.records("companies").unwrap()[0]["id"].clone();
    let action = json!({"do": "delete", "resource": "companies", "id": id});
    let scheduled = json!({"path": "/companies.list", "after": 1, "action": action});
    assert_eq!(client.sim(Method::POST, "schedule", scheduled).await.0, 204);
    assert_eq!(client.rows("/companies.list", json!({})).await.len(), 3);
    assert_eq!(client.post("/companies.list", json!({})).await.status(), 503);
    assert_eq!(client.rows("/companies.list", json!({})).await.len(), 2);
    assert!(client.ok("/deals.list", json!({})).await["data"].is_null());
    assert_eq!(client.sim(Method::DELETE, "faults", Value::Null).await.0, 204);
    assert!(client.ok("/deals.list", json!({})).await["data"].is_array());
    let (status, error) =
        client.sim(Method::POST, "faults", json!({"path": "/", "fault": {"kind": "moon"}})).await;
    assert_eq!(status, 400);
    assert!(error["errors"][0]["title"].as_str().unwrap().contains("moon"));
}

#[tokio::test]
async fn tokens_are_issued_expired_and_revoked() {
    let mut client = Client::with_records(1).await;
    let (status, pair) = client.sim(Method::POST, "tokens", json!({"scopes": ["users"]})).await;
    assert_eq!(status, 201);
    client.token = pair["access_token"].as_str().unwrap().to_owned();
    client.ok("/users.me", json!({})).await;
    assert_eq!(client.post("/companies.list", json!({})).await.status(), 403);
    assert_eq!(client.sim(Method::POST, "tokens/expire", json!({})).await.0, 204);
    assert_eq!(client.post("/users.me", json!({})).await.status(), 401);
    client.token = client.control.issue_tokens().access_token;
    client.sim(Method::POST, "tokens/revoke", json!({"refresh_only": true})).await;
    client.ok("/users.me", json!({})).await;
    client.sim(Method::POST, "tokens/revoke", json!({})).await;
    assert_eq!(client.post("/users.me", json!({})).await.status(), 401);
}

#[tokio::test]
async fn requests_are_recorded_with_body_token_and_answer() {
    let client = Client::with_records(1).await;
    client.ok("/companies.list", json!({"filter": {"invented": true}})).await;
    client.http.post(client.url("/companies.info")).send().await.unwrap();
    let (_, log) = client.sim(Method::GET, "requests", Value::Null).await;
    let requests = log["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0]["path"], "/companies.list");
    assert_eq!(requests[0]["body"], "{\"filter\":{\"invented\":true}}");
    assert!(requests[0]["token"].is_u64() && requests[1]["token"].is_null());
    assert_eq!(requests[1]["status"], 401);
    assert_eq!(log["counters"]["ignored"]["companies.list filter.invented"], 1);
    client.sim(Method::DELETE, "requests", Value::Null).await;
    assert!(client.control.requests().is_empty());
}

#[tokio::test]
async fn switches_are_set_one_by_one_and_never_misspelt() {
    let client = Client::with_records(1).await;
    let (_, before) = client.sim(Method::GET, "switches", Value::Null).await;
    let (status, after) = client.sim(Method::POST, "switches", json!({"projects_status": "legacy"})).await;
    assert_eq!(
        (status, &after["projects_status"], &after["scopes"]),
        (200, &json!("legacy"), &before["scopes"])
    );
    assert_eq!(client.sim(Method::POST, "switches", json!({"project_status": "x"})).await.0, 400);
    let id = "eab232c6-49b2-0b7e-a977-5e1148dad471";
    assert_eq!(client.sim(Method::POST, "account", json!({"id": id})).await.1["id"], id);
}

#[tokio::test]
async fn a_stopped_sandbox_frees_its_port() {
    let client = Client::with_records(1).await;
    let url = client.sandbox.url();
    client.ok("/users.me", json!({})).await;
    client.sandbox.stop().await;
    assert!(client.http.get(format!("{url}/_sim/health")).send().await.is_err());
}
