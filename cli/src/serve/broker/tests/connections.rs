//! Connections: how they are, how they come and how they go.

use serde_json::{Value, json};

use super::world::{ask, connection, get, key_of, save, server};
use crate::serve::access::Scope;
use crate::serve::testing::{admin_key, key};

#[tokio::test]
async fn a_status_tells_how_a_connection_is_and_no_secret() {
    let server = server();
    let key = admin_key(&server).await;
    let absent = get(&server, "/acme/example/binb-status", &key).await;
    assert_eq!((absent.status.as_u16(), &absent.body["state"]), (200, &json!("absent")));
    let mut known = connection(30);
    known.renewal.failures = 2;
    known.renewal.reason = Some("temporarily_unavailable".to_owned());
    save(&server, "acme", &known).await;
    let status = get(&server, "/acme/example/binb-status", &key).await;
    assert_eq!(status.body["state"], "expiring", "{status:?}");
    assert_eq!(status.body["scope"], json!(["read", "write"]));
    assert_eq!(status.body["generation"], 1);
    for name in [
        "expires_at",
        "refresh_expires_at",
        "last_refresh_success",
        "last_refresh_failure",
        "retry_after",
        "reason",
    ] {
        assert!(status.body.get(name).is_some(), "{name}: {status:?}");
    }
    assert_eq!(status.body["consecutive_failures"], 2);
    for secret in ["access-token", "refresh-token", "secret-of"] {
        assert!(!status.text.contains(secret), "{status:?}");
    }
}

#[tokio::test]
async fn an_authorization_is_begun_beside_the_connection() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let key = admin_key(&server).await;
    let body = json!({"connection": "second", "scope": ["read"], "parameters": {"prompt": "login"}});
    let refused = ask(&server, "POST", "/acme/example/authorize", &key, &body).await;
    assert_eq!(
        refused.code(),
        (500, "example.misconfigured"),
        "no client is configured for a new one: {refused:?}"
    );
    let begun = ask(&server, "POST", "/acme/example/authorize", &key, &json!({"scope": "read"})).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let url = begun.body["authorization_url"].as_str().unwrap();
    assert!(url.starts_with("https://app.example/authorize?"), "{url}");
    assert!(url.contains("%2Foauth%2Fcallback") && url.contains("code_challenge"), "{url}");
    assert!(begun.body["flow_id"].is_string() && begun.body["expires_at"].is_string());
    assert!(server.store.is_being_authorized(&key_of("acme")).await.unwrap());
    let status = get(&server, "/acme/example/binb-status", &key).await;
    assert_eq!(status.body["state"], "active", "the live token stays: {status:?}");
    let ours = json!({"parameters": {"state": "of-the-caller"}});
    let begun = ask(&server, "POST", "/acme/example/authorize", &key, &ours).await;
    assert!(!begun.text.contains("of-the-caller"), "what is ours is not the caller's to decide: {begun:?}");
    for body in [json!({"surprise": 1}), json!({"scope": 7}), json!({"parameters": 7})] {
        let answer = ask(&server, "POST", "/acme/example/authorize", &key, &body).await;
        assert_eq!(answer.code(), (400, "example.invalid_request"), "{body}");
    }
}

#[tokio::test]
async fn tokens_from_elsewhere_make_a_connection() {
    let server = server();
    let key = admin_key(&server).await;
    for body in
        [json!({}), json!({"refresh_token": 7}), json!({"refresh_token": "s3cret", "other": 1}), json!([])]
    {
        let answer = ask(&server, "PUT", "/acme/example/tokens", &key, &body).await;
        assert_eq!(answer.code(), (400, "example.invalid_request"), "{body}");
        assert!(!answer.text.contains("s3cret"));
    }
    let tokens = json!({"refresh_token": "from-elsewhere", "connection": "moved"});
    let imported = ask(&server, "PUT", "/acme/example/tokens", &key, &tokens).await;
    assert_eq!((imported.status.as_u16(), imported.text.as_str()), (204, ""), "{imported:?}");
    let status = get(&server, "/acme/example/binb-status?connection=moved", &key).await;
    assert_eq!(status.body["state"], "expired", "its first caller has it renewed");
    let live = json!({"refresh_token": "r", "access_token": "a-live-one", "expires_in": 3600});
    assert_eq!(ask(&server, "PUT", "/acme/example/tokens", &key, &live).await.status, 204);
    let token = get(&server, "/acme/example/binb-token", &key).await;
    assert_eq!(token.body["access_token"], "a-live-one", "{token:?}");
}

#[tokio::test]
async fn a_refresh_token_of_somebody_replaces_no_known_account() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let key = admin_key(&server).await;
    let tokens = json!({"refresh_token": "of-whom"});
    let answer = ask(&server, "PUT", "/acme/example/tokens", &key, &tokens).await;
    assert_eq!(answer.code(), (409, "example.account_unknown"));
    let token = get(&server, "/acme/example/binb-token", &key).await;
    assert_eq!(token.body["access_token"], super::world::ACCESS_TOKEN);
}

#[tokio::test]
async fn a_connection_that_is_deleted_hands_out_nothing_more() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let key = admin_key(&server).await;
    assert_eq!(get(&server, "/acme/example/binb-token", &key).await.status, 200);
    let deleted = ask(&server, "DELETE", "/acme/example/binb-token", &key, &Value::Null).await;
    // The app of this connector takes no tokens back.
    assert_eq!((deleted.status.as_u16(), &deleted.body), (202, &json!({"revoked_at_provider": false})));
    for method in ["GET", "DELETE"] {
        let again = ask(&server, method, "/acme/example/binb-token", &key, &Value::Null).await;
        assert_eq!(again.code(), (404, "example.connection_not_found"), "{method}");
    }
    let state = async |path| get(&server, path, &key).await.body["state"].clone();
    assert_eq!(state("/acme/example/binb-status").await, "revoked");
    assert_eq!(state("/acme/example/binb-status?connection=second").await, "absent");
    save(&server, "acme", &connection(3600)).await;
    assert_eq!(state("/acme/example/binb-status").await, "active");
}

#[tokio::test]
async fn connections_are_listed_in_pages_of_what_the_caller_may_see() {
    let server = server();
    for name in ["acme", "acme/second", "beta", "gamma"] {
        save(&server, name, &connection(if name == "beta" { -5 } else { 3600 })).await;
    }
    let all = admin_key(&server).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&server, &format!("/connections?limit=3&cursor={cursor}"), &all).await;
        for item in page.body["items"].as_array().unwrap() {
            seen.push(format!(
                "{}/{}",
                item["app_id"].as_str().unwrap(),
                item["connection"].as_str().unwrap()
            ));
        }
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["acme/default", "acme/second", "beta/default", "gamma/default"]);
    let some = key(&server, &[Scope::StatusRead], &["acme", "gamma"], &["example"]).await;
    for (query, key, expected) in [
        ("", &some, 3),
        ("?app_id=acme", &all, 2),
        ("?app_id=beta", &some, 0),
        ("?state=expired", &all, 1),
        ("?state=active", &all, 3),
    ] {
        let page = get(&server, &format!("/connections{query}"), key).await;
        assert_eq!(page.body["items"].as_array().unwrap().len(), expected, "{query}");
    }
    for query in ["limit=1001", "state=asleep", "limit=x"] {
        let answer = get(&server, &format!("/connections?{query}"), &all).await;
        assert_eq!(answer.code(), (400, "broker.invalid_request"), "{query}");
    }
}

#[tokio::test]
async fn what_the_app_does_not_offer_is_told() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let key = admin_key(&server).await;
    for route in ["device", "exchange"] {
        let answer = ask(&server, "POST", &format!("/acme/example/{route}"), &key, &json!({})).await;
        assert_eq!(answer.code(), (501, "example.unsupported_operation"), "{route}");
    }
}

#[tokio::test]
async fn codes_are_sent_nowhere_that_nobody_configured() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let key = admin_key(&server).await;
    let begin = async |redirect_uri: &str| {
        ask(&server, "POST", "/acme/example/authorize", &key, &json!({"redirect_uri": redirect_uri})).await
    };
    for wrong in
        ["javascript:alert(1)", "https://evil.example/cb", "//evil.example", "http://127.0.0.1:8080/other#x"]
    {
        let refused = begin(wrong).await;
        assert_eq!(refused.code(), (400, "example.invalid_request"), "{wrong}");
        assert!(!refused.text.contains("evil"), "{refused:?}");
    }
    for fine in ["http://127.0.0.1:8080/oauth/callback", "http://127.0.0.1:49152/cb"] {
        let started = begin(fine).await;
        assert_eq!(started.status, 200, "{started:?}");
        let url = url::Url::parse(started.body["authorization_url"].as_str().unwrap()).unwrap();
        let sent = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
        assert_eq!(sent, fine);
    }
}
