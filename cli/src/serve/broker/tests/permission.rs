//! Who may do what, decided before it is looked at what there is.

use serde_json::Value;

use super::world::{ask, connection, get, save, server};
use crate::serve::access::Scope;
use crate::serve::testing::{admin_key, key};

#[tokio::test]
async fn without_a_key_there_is_nothing() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let unknown = format!("bk_abcd1234_{}", "x".repeat(43));
    for (method, path) in [
        ("GET", "/acme/example/binb-token"),
        ("GET", "/acme/example/binb-status"),
        ("POST", "/acme/example/authorize"),
        ("POST", "/acme/example/device"),
        ("POST", "/acme/example/exchange"),
        ("PUT", "/acme/example/tokens"),
        ("DELETE", "/acme/example/binb-token"),
        ("GET", "/connections"),
        ("GET", "/audit"),
        ("GET", "/laputa/audit"),
    ] {
        let answer = ask(&server, method, path, "", &Value::Null).await;
        assert_eq!(answer.status, 401, "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="broker""#);
        assert_eq!(answer.body["error"]["error_code"], "unauthorized");
    }
    let wrong = get(&server, "/acme/example/binb-token", &unknown).await;
    assert_eq!(wrong.code(), (401, "example.unauthenticated"));
    assert_eq!(wrong.header("www-authenticate"), r#"Bearer realm="broker", error="invalid_token""#);
}

#[tokio::test]
async fn a_key_that_is_not_for_an_app_does_not_learn_whether_it_exists() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let limited = key(&server, &[Scope::TokenRead], &["other-*"], &["example"]).await;
    let mut answers = Vec::new();
    for path in [
        "/acme/example/binb-token",
        "/nobody/example/binb-token",
        "/other-1/unknown/binb-token",
        "/acme/no/binb-token",
    ] {
        let answer = get(&server, path, &limited).await;
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(
            answer.header("www-authenticate"),
            r#"Bearer realm="broker", error="insufficient_scope""#,
            "{path}"
        );
        answers.push(answer.body["error"]["message"].clone());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "they all read the same: {answers:?}");
    let allowed = get(&server, "/other-1/example/binb-token", &limited).await;
    assert_eq!(allowed.code(), (404, "example.connection_not_found"));
    let admin = admin_key(&server).await;
    let unknown = get(&server, "/acme/unknown/binb-token", &admin).await;
    assert_eq!(unknown.code(), (404, "unknown.unknown_connector_type"));
}

#[tokio::test]
async fn each_route_asks_for_its_own_scope() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let token = key(&server, &[Scope::TokenRead], &["*"], &["*"]).await;
    let status = key(&server, &[Scope::StatusRead], &["*"], &["*"]).await;
    let write = key(&server, &[Scope::ConnectionWrite], &["*"], &["*"]).await;
    let audit = key(&server, &[Scope::AuditRead], &["*"], &["*"]).await;
    for (method, path, holder) in [
        ("GET", "/acme/example/binb-token", &token),
        ("POST", "/acme/example/exchange", &token),
        ("GET", "/acme/example/binb-status", &status),
        ("GET", "/connections", &status),
        ("POST", "/acme/example/authorize", &write),
        ("POST", "/acme/example/device", &write),
        ("PUT", "/acme/example/tokens", &write),
        ("GET", "/audit", &audit),
        ("DELETE", "/acme/example/binb-token", &write),
    ] {
        for key in [&token, &status, &write, &audit] {
            let answer = ask(&server, method, path, key, &Value::Null).await;
            assert_eq!(answer.status != 403, key == holder, "{method} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_audit_log_is_for_keys_without_limits() {
    let server = server();
    for (apps, connectors) in [(["acme"], ["*"]), (["*"], ["example"])] {
        let limited = key(&server, &[Scope::AuditRead], &apps, &connectors).await;
        assert_eq!(get(&server, "/audit", &limited).await.code(), (403, "broker.permission_denied"));
    }
}

#[tokio::test]
async fn names_that_can_be_none_and_other_methods_are_told() {
    let server = server();
    let key = admin_key(&server).await;
    let long = format!("/{}/example/binb-token", "a".repeat(65));
    for path in [
        "/.acme/example/binb-token",
        "/a%2Fb/example/binb-token",
        "/acme/exa%20mple/binb-token",
        "/%ff/example/binb-token",
        "/acme/example/binb-token?connection=..",
        "/acme/example/binb-token?connection=",
        &long,
    ] {
        let answer = get(&server, path, &key).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    let other = ask(&server, "POST", "/acme/example/binb-token", &key, &Value::Null).await;
    assert_eq!(other.code(), (405, "broker.method_not_allowed"));
    let allow = other.header("allow");
    assert!(allow.contains("GET") && allow.contains("DELETE"), "{allow}");
    assert_eq!(other.header("cache-control"), "no-store");
}
