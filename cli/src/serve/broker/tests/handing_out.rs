//! Tokens on their way to callers.

use connector_core::oauth::ConnectionState;

use super::world::{ACCESS_TOKEN, REFRESH_TOKEN, ask, connection, get, save, server};
use crate::serve::access::Scope;
use crate::serve::testing::{admin_key, key};

#[tokio::test]
async fn a_token_comes_with_what_its_caller_needs_and_nothing_more() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let key = key(&server, &[Scope::TokenRead], &["acme"], &["example"]).await;
    let answer = get(&server, "/acme/example/binb-token?min_ttl=60", &key).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = &answer.body;
    assert_eq!(
        (&body["app_id"], &body["connector_type"], &body["connection"]),
        (&"acme".into(), &"example".into(), &"default".into())
    );
    assert_eq!(body["access_token"], ACCESS_TOKEN);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["scope"], serde_json::json!(["read", "write"]));
    assert_eq!((&body["refreshed"], &body["generation"]), (&false.into(), &1.into()));
    assert_eq!(body["extra"], serde_json::json!({"instance_url": "https://acme.example"}));
    assert!(body["warning"].is_null() && body.get("issued_token_type").is_none());
    let left = body["expires_in"].as_u64().unwrap();
    assert!((3500..=3600).contains(&left), "{left}");
    assert!(body["expires_at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    for secret in [REFRESH_TOKEN, "secret-of-the-client"] {
        assert!(!answer.text.contains(secret), "{answer:?}");
    }
}

#[tokio::test]
async fn answers_are_kept_by_nobody_and_read_by_no_foreign_page() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let key = admin_key(&server).await;
    for (path, key) in [
        ("/acme/example/binb-token", key.as_str()),
        ("/acme/example/binb-token", ""),
        ("/acme/example/binb-status", &key),
        ("/acme/other/binb-token", &key),
        ("/nobody/example/binb-token", &key),
        ("/acme/example/binb-token?token=x", &key),
        ("/acme/example/tokens", &key),
        ("/connections", &key),
        ("/audit", &key),
    ] {
        let answer = get(&server, path, key).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("pragma"), "no-cache", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-type").starts_with("application/json"), "{path}");
        for name in ["etag", "access-control-allow-origin"] {
            assert_eq!(answer.header(name), "", "{path}");
        }
    }
}

#[tokio::test]
async fn an_app_has_several_connections_under_every_path() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let mut second = connection(3600);
    second.tokens.access_token = connector_core::Secret::new("the-second-one");
    save(&server, "acme/second", &second).await;
    let key = admin_key(&server).await;
    for path in ["/healthz", "/readyz", "/metrics", "/audit", "/connections"] {
        assert_eq!(get(&server, &format!("/laputa{path}"), &key).await.status, 200, "{path}");
    }
    for base in ["", "/laputa"] {
        for (query, token) in [
            ("", ACCESS_TOKEN),
            ("?connection=default", ACCESS_TOKEN),
            ("?connection=second", "the-second-one"),
        ] {
            let answer = get(&server, &format!("{base}/acme/example/binb-token{query}"), &key).await;
            assert_eq!(answer.body["access_token"], token, "{base} {query}");
        }
        let missing = get(&server, &format!("{base}/acme/example/binb-token?connection=third"), &key).await;
        assert_eq!(missing.code(), (404, "example.connection_not_found"));
    }
}

#[tokio::test]
async fn a_connection_that_needs_a_person_says_so_and_where_to_go() {
    let server = server();
    let mut dead = connection(-10);
    dead.state = ConnectionState::ReauthorizationRequired;
    save(&server, "acme", &dead).await;
    let reader = key(&server, &[Scope::TokenRead], &["*"], &["*"]).await;
    let answer = get(&server, "/acme/example/binb-token", &reader).await;
    assert_eq!(answer.code(), (424, "example.reauthorization_required"), "{answer:?}");
    assert_eq!(answer.body["error"]["error_code"], "creds_revoked");
    assert!(answer.body["error"].get("authorization_url").is_none(), "it may not connect accounts");
    assert!(!answer.text.contains(ACCESS_TOKEN), "a token that has ended is never handed out");

    let admin = admin_key(&server).await;
    let url = |answer: &super::world::Answered| {
        answer.body["error"]["authorization_url"].as_str().unwrap_or_default().to_owned()
    };
    let first = url(&get(&server, "/acme/example/binb-token", &admin).await);
    assert!(first.starts_with("https://app.example/authorize?"), "{first}");
    assert_eq!(
        url(&get(&server, "/acme/example/binb-token", &admin).await),
        first,
        "asking again begins no other"
    );
}

#[tokio::test]
async fn a_way_out_that_was_taken_is_not_offered_again_and_looking_takes_none() {
    let server = server();
    let mut dead = connection(-10);
    dead.state = ConnectionState::ReauthorizationRequired;
    save(&server, "acme", &dead).await;
    let admin = admin_key(&server).await;
    let way_out = async || {
        let answer = get(&server, "/acme/example/binb-token", &admin).await;
        answer.body["error"]["authorization_url"].as_str().unwrap().to_owned()
    };
    let state_of = |url: &str| {
        let url = url::Url::parse(url).unwrap();
        url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
    };
    for callback in ["/oauth/callback", "/sync/oauth", "/laputa/oauth/callback"] {
        let first = way_out().await;
        let back = format!("{callback}?error=access_denied&state={}", state_of(&first));
        let looked = ask(&server, "HEAD", &back, "", &serde_json::Value::Null).await;
        assert_eq!(looked.status, 204, "{callback}");
        assert_eq!(way_out().await, first, "HEAD takes nothing: {callback}");
        let denied = get(&server, &back, "").await;
        assert_ne!(denied.status, 404, "{callback}");
        let next = way_out().await;
        assert_ne!(state_of(&next), state_of(&first), "what was taken leads nowhere: {callback}");
    }
}

#[tokio::test]
async fn whoever_insists_again_at_once_gets_the_token_that_there_is() {
    let server = server();
    let mut renewed = connection(3600);
    renewed.renewal.succeeded_at = Some(jiff::Timestamp::now());
    save(&server, "acme", &renewed).await;
    let key = admin_key(&server).await;
    let answer = get(&server, "/acme/example/binb-token?force_refresh=true", &key).await;
    assert_eq!(answer.status, 200, "the app, which is not there, was not asked: {answer:?}");
    assert_eq!(
        (&answer.body["access_token"], &answer.body["refreshed"]),
        (&ACCESS_TOKEN.into(), &false.into())
    );
    assert_eq!(answer.body["warning"]["error_code"], "renewed_just_now");
}

#[tokio::test]
async fn parameters_that_say_nothing_sensible_are_refused() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let key = admin_key(&server).await;
    for query in
        ["min_ttl=-1", "min_ttl=soon", "min_ttl=999999", "force_refresh=perhaps", "min_ttl=1&min_ttl=2"]
    {
        let answer = get(&server, &format!("/acme/example/binb-token?{query}"), &key).await;
        assert_eq!(answer.code(), (400, "example.invalid_request"), "{query}");
        assert!(!answer.text.contains(ACCESS_TOKEN));
    }
    let secret = get(&server, "/acme/example/binb-token?access_token=s3cret", "").await;
    assert_eq!(secret.code(), (400, "example.invalid_request"));
    assert!(!secret.text.contains("s3cret"), "{secret:?}");
}
