//! Callers and their keys.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::Request;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use connector_core::ErrorCode;

use super::*;
use crate::serve::Server;
use crate::serve::listen::ClientAddress;
use crate::serve::testing::{admin_key, key, server};

async fn caller(server: &Arc<Server>, key: Option<&str>) -> Result<Caller, Response> {
    let mut request = Request::builder().extension(ClientAddress("192.0.2.1".parse().unwrap()));
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    Caller::from_request_parts(&mut parts, server).await.map_err(IntoResponse::into_response)
}

async fn refused(server: &Arc<Server>, key: Option<&str>) -> (u16, Option<String>) {
    let response = caller(server, key).await.unwrap_err();
    let challenge = response.headers().get("www-authenticate");
    (response.status().as_u16(), challenge.map(|value| value.to_str().unwrap().to_owned()))
}

#[tokio::test]
async fn whoever_has_no_key_is_told_what_to_bring() {
    let server = server();
    let bearer = r#"Bearer realm="connector""#.to_owned();
    assert_eq!(refused(&server, None).await, (401, Some(bearer.clone())));
    let with_error = Some(format!(r#"{bearer}, error="invalid_token""#));
    assert_eq!(refused(&server, Some("nonsense")).await, (401, with_error.clone()));
    let other = admin_key(&server).await;
    let (head, tail) = other.split_at(12);
    let changed = format!("{head}{}", tail.chars().rev().collect::<String>());
    assert_eq!(refused(&server, Some(&changed)).await, (401, with_error));
    assert!(caller(&server, Some(&other)).await.is_ok());
}

#[tokio::test]
async fn a_page_of_somebody_elses_cannot_use_the_password_that_a_browser_remembers() {
    let server = server();
    let text = admin_key(&server).await;
    let status = async |method: &str, scheme: &str, site: Option<&str>| {
        let secret = if scheme == "Basic" { STANDARD.encode(format!("key:{text}")) } else { text.clone() };
        let request = Request::builder().method(method).header("authorization", format!("{scheme} {secret}"));
        let request = site.into_iter().fold(request, |request, site| request.header("sec-fetch-site", site));
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let caller = Caller::from_request_parts(&mut parts, &server).await;
        caller.map_or_else(|refused| refused.into_response().status().as_u16(), |_| 200)
    };
    assert_eq!(status("POST", "Basic", Some("cross-site")).await, 403);
    assert_eq!(status("POST", "Basic", Some("same-site")).await, 403);
    assert_eq!(status("POST", "Basic", Some("same-origin")).await, 200);
    assert_eq!(status("POST", "Basic", None).await, 200, "programs say nothing");
    assert_eq!(status("GET", "Basic", Some("cross-site")).await, 200);
    assert_eq!(status("POST", "Bearer", Some("cross-site")).await, 200, "no browser sends it by itself");
}

#[tokio::test]
async fn a_key_allows_its_scopes_for_its_apps_and_connectors() {
    let server = server();
    let limited = key(&server, &[Scope::TokenRead, Scope::AuditRead], &["acme-*"], &["example"]).await;
    let caller_of_limited = caller(&server, Some(&limited)).await.unwrap();
    assert!(limited.contains(&caller_of_limited.key_id));
    assert!(caller_of_limited.require(Scope::TokenRead, "acme-eu", "example").is_ok());
    assert!(caller_of_limited.require_scope(Scope::TokenRead).is_ok());
    for (scope, app, connector) in [
        (Scope::TokenRead, "other", "example"),
        (Scope::TokenRead, "acme-eu", "other"),
        (Scope::StatusRead, "acme-eu", "example"),
        (Scope::Admin, "acme-eu", "example"),
    ] {
        let error = caller_of_limited.require(scope, app, connector).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PermissionDenied);
    }
    assert!(caller_of_limited.require_everywhere(Scope::AuditRead).is_err());
    let admin = caller(&server, Some(&admin_key(&server).await)).await.unwrap();
    assert!(Scope::ALL.iter().all(|scope| admin.require_everywhere(*scope).is_ok()));
}

#[tokio::test]
async fn a_key_that_was_taken_back_is_refused_within_seconds() {
    let server = server();
    let text = admin_key(&server).await;
    let id = caller(&server, Some(&text)).await.unwrap().key_id;
    assert!(server.store.access_keys().revoke(&id).await.unwrap());
    // The store works in threads of its own, which a paused clock does not wait for.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(4)).await;
    tokio::time::resume();
    assert_eq!(refused(&server, Some(&text)).await.0, 401);
}

#[tokio::test]
async fn the_eleventh_wrong_key_of_a_minute_waits_and_a_right_one_does_not() {
    let server = server();
    let text = admin_key(&server).await;
    assert!(caller(&server, Some(&text)).await.is_ok());
    for _ in 0..10 {
        assert_eq!(refused(&server, Some("nonsense")).await.0, 401);
    }
    let response = caller(&server, Some("nonsense")).await.unwrap_err();
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(caller(&server, Some(&text)).await.is_ok(), "who is known is not locked out by others");
    let unknown = admin_key(&server).await;
    assert_eq!(refused(&server, Some(&unknown)).await.0, 429);
}
