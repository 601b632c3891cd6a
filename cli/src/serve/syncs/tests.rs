//! The routes of runs without a network: what is refused, and what is told of runs that there are not.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::serve::access::Scope;
use crate::serve::testing::{admin_key, answer, integration, json_answer, key, request, server, server_of};

#[tokio::test]
async fn several_connectors_need_their_id_in_front() {
    let server = server_of(vec![integration("example"), integration("another")]);
    let key = admin_key(&server).await;
    for (method, path) in [("POST", "/sync"), ("GET", "/syncs"), ("GET", "/schedules")] {
        let (status, body) = json_answer(&server, request(method, path, &key, "")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
        let hint = body["error"]["error_metadata"]["hint"].as_str().unwrap_or_default();
        assert!(hint.contains("/another/"), "{body}");
    }
    for (path, member) in [("/example/syncs", "runs"), ("/another/schedules", "schedules")] {
        let (status, body) = json_answer(&server, request("GET", path, &key, "")).await;
        assert_eq!((status, &body["response"][member]), (StatusCode::OK, &json!([])), "{path}");
    }
    let (status, _) = json_answer(&server, request("POST", "/nobody/sync", &key, "")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_key_for_one_customer_starts_nothing_for_another() {
    let server = server();
    let acme = key(&server, &[Scope::SyncWrite], &["acme"], &["*"]).await;
    for body in [r#"{"connection":"other"}"#, r#"{"connection":"other/acme"}"#, "{}"] {
        let (status, answer) = json_answer(&server, request("POST", "/sync", &acme, body)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{body}: {answer}");
    }
    // What its own would need is looked at: this connector has nobody logged in and nothing to sync.
    let (status, _) =
        json_answer(&server, request("POST", "/sync", &acme, r#"{"connection":"acme/second"}"#)).await;
    assert_ne!(status, StatusCode::FORBIDDEN);
    for (method, path) in [("PUT", "/schedules/other/a"), ("DELETE", "/schedules/other/a"), ("GET", "/syncs")]
    {
        let (status, _) = json_answer(&server, request(method, path, &acme, "{}")).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
    }
}

#[tokio::test]
async fn a_run_that_there_is_not_is_not_found() {
    let server = server();
    let key = admin_key(&server).await;
    let run = "/sync/00000000-0000-4000-8000-000000000000";
    for (method, path) in [
        ("GET", run.to_owned()),
        ("DELETE", run.to_owned()),
        ("POST", format!("{run}/cancel")),
        ("GET", format!("{run}/events")),
        ("DELETE", "/sync/example".to_owned()),
        ("GET", "/sync/nobody".to_owned()),
        ("POST", "/sync/nobody".to_owned()),
    ] {
        let (status, body) = json_answer(&server, request(method, &path, &key, "{}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {body}");
        assert_eq!(body["error"]["error_code"], "not_found");
    }
    let other = crate::serve::testing::key(&server, &[Scope::TokenRead], &["*"], &["*"]).await;
    for method in ["GET", "DELETE"] {
        let refused = answer(&server, request(method, run, &other, "")).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{method}: whether there is one is not told");
    }
    let nobody = answer(&server, request("GET", run, "bk_abcd1234_none", "")).await;
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_schedule_for_a_connector_without_streams_is_refused() {
    let server = server();
    let key = admin_key(&server).await;
    let body = r#"{"expression":"every 1h"}"#;
    let (status, answer) = json_answer(&server, request("PUT", "/schedules/acme/a", &key, body)).await;
    assert!(status.is_client_error() || status.is_server_error(), "{answer}");
    assert_eq!(answer["error"]["error_code"], "unsupported_operation");
    let (_, listed) = json_answer(&server, request("GET", "/schedules", &key, "")).await;
    assert_eq!(listed["response"]["schedules"], Value::Array(Vec::new()));
}
