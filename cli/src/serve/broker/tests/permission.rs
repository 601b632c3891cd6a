//! Who may do what, decided before it is looked at what there is.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::world::{ask, connection, get, save, server};
use crate::serve::access::Scope;
use crate::serve::testing::{admin_key, answer, key};

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

#[tokio::test]
async fn no_page_is_handed_a_token_neither_ours_nor_somebody_elses() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let key = admin_key(&server).await;
    let sign_in = Request::post("/-/sign-in")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("key={key}")))
        .unwrap();
    let signed_in = answer(&server, sign_in).await;
    let session = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    let bearer = format!("Bearer {key}");
    let basic = format!("Basic {}", STANDARD.encode(format!("me:{key}")));
    let status = async |method: &str, path: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(&server, request.body(Body::empty()).unwrap()).await.status().as_u16()
    };
    let overview = status("GET", "/", &[("cookie", session)]).await;
    assert_eq!(overview, 200, "the session is one");
    let token = "/acme/example/binb-token";
    for (method, path) in [
        ("GET", token),
        ("GET", "/acme/example/binb-token?force_refresh=1"),
        ("GET", "/laputa/acme/example/binb-token"),
        ("DELETE", token),
        ("POST", "/acme/example/exchange"),
        ("GET", "/connections"),
        ("GET", "/audit"),
    ] {
        for site in ["same-origin", "none"] {
            let of_session = [("cookie", session), ("sec-fetch-site", site)];
            assert_eq!(status(method, path, &of_session).await, 401, "{method} {path} {site}");
        }
        for site in ["cross-site", "same-site"] {
            for with in [("cookie", session), ("authorization", &basic), ("authorization", &bearer)] {
                let status = status(method, path, &[with, ("sec-fetch-site", site)]).await;
                assert_eq!(status, 403, "{method} {path} {site} {}", with.0);
            }
        }
    }
    assert_eq!(status("GET", token, &[("authorization", &basic)]).await, 200, "programs say no site");
    assert_eq!(status("GET", token, &[("authorization", &basic), ("sec-fetch-site", "none")]).await, 200);
}
