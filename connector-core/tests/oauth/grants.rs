//! The grants without a browser of ours, and what else may be done with tokens.

use connector_core::ErrorCode;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::server::{App, json_answer, tokens};

#[tokio::test]
async fn an_app_has_the_capabilities_of_what_it_offers() {
    let plain = [
        "get_authorization_url",
        "handle_authorization_callback",
        "read_twice",
        "refresh_access_token",
        "retrieve_token",
        "token_status",
    ];
    assert_eq!(App::plain().await.capabilities(), plain);
    let all = App::start().await.capabilities();
    for name in [
        "handle_client_credentials_request",
        "start_device_authorization",
        "poll_device_authorization",
        "exchange_token",
        "revoke_token",
        "introspect_token",
    ] {
        assert!(all.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn client_credentials_become_a_token() {
    let app = App::start().await;
    app.grants(vec![tokens()]).await;
    let answer = app.call("handle_client_credentials_request", json!({"scopes": ["read"]})).await.unwrap();
    assert_eq!((&answer["access_token"], &answer["refresh_token"]), (&json!("access-1"), &Value::Null));
    assert_eq!(answer["scope"], "read");
    let form = app.only_sent().await.form;
    assert_eq!((&*form["grant_type"], &*form["scope"]), ("client_credentials", "read"));
}

fn own_credentials() -> Value {
    json!({"oauth_client_credentials": {"client_id": "mine", "client_secret": "s3cret-7"}})
}

#[tokio::test]
async fn client_credentials_of_a_request_are_exchanged_once_and_used() {
    let app = App::start().await;
    app.grants(vec![tokens()]).await;
    app.answers("/api", vec![ResponseTemplate::new(200)]).await;
    app.call_as("read_twice", json!({}), own_credentials()).await.unwrap();
    let sent = app.sent().await;
    let paths: Vec<_> = sent.iter().map(|sent| sent.path.as_str()).collect();
    assert_eq!(paths, ["/token", "/api", "/api"]);
    assert_eq!((&*sent[0].form["client_id"], &*sent[0].form["client_secret"]), ("mine", "s3cret-7"));
    assert_eq!(sent[0].form["scope"], "read write");
    assert_eq!(sent[1].authorization.as_deref(), Some("Bearer access-1"));
}

#[tokio::test]
async fn client_credentials_of_a_request_are_exchanged_again_when_their_token_ends() {
    let app = App::start().await;
    let second = json_answer(200, json!({"access_token": "access-2"}));
    app.grants(vec![tokens(), second]).await;
    app.answers("/api", vec![ResponseTemplate::new(401), ResponseTemplate::new(200)]).await;
    app.call_as("read_twice", json!({}), own_credentials()).await.unwrap();
    let sent = app.sent().await;
    let paths: Vec<_> = sent.iter().map(|sent| sent.path.as_str()).collect();
    assert_eq!(paths, ["/token", "/api", "/token", "/api", "/api"]);
    assert_eq!(sent[4].authorization.as_deref(), Some("Bearer access-2"));
}

#[tokio::test]
async fn client_credentials_that_the_app_refuses_are_an_error() {
    let app = App::start().await;
    app.grants(vec![json_answer(401, json!({"error": "invalid_client"}))]).await;
    let error = app.call_as("read_twice", json!({}), own_credentials()).await.unwrap_err();
    assert_eq!(error.app_code(), Some("oauth.invalid_client"));
    assert_eq!(app.only_sent().await.path, "/token");
}

#[tokio::test]
async fn a_code_for_another_device_is_asked_for() {
    let app = App::start().await.with("authentication", json!("none"));
    let started = json!({"device_code": "d-1", "user_code": "AB-CD", "verification_uri": "https://x.example/d", "expires_in": 600});
    app.answers("/device", vec![json_answer(200, started)]).await;
    let answer = app.call("start_device_authorization", json!({})).await.unwrap();
    assert_eq!((&answer["user_code"], &answer["interval"]), (&json!("AB-CD"), &json!(5)));
    assert_eq!(answer["device_code"], "d-1");
    let form = app.only_sent().await.form;
    assert_eq!((&*form["client_id"], &*form["scope"]), ("id", "read write"));
}

#[tokio::test]
async fn a_device_is_asked_about_until_somebody_agrees_and_more_slowly_when_told_so() {
    let app = App::start().await;
    let refusal = |error: &str| json_answer(400, json!({"error": error}));
    app.grants(vec![refusal("authorization_pending"), refusal("slow_down"), tokens()]).await;
    let mut interval = json!(null);
    let mut told = Vec::new();
    for _ in 0..3 {
        let request = json!({"device_code": "d-1", "interval": interval});
        let answer = app.call("poll_device_authorization", request).await.unwrap();
        interval = answer["interval"].clone();
        told.push((answer["state"].clone(), interval.clone(), answer["tokens"]["access_token"].clone()));
    }
    assert_eq!(
        told,
        [
            (json!("pending"), json!(5), Value::Null),
            (json!("pending"), json!(10), Value::Null),
            (json!("authorized"), Value::Null, json!("access-1")),
        ]
    );
    let sent = app.sent().await;
    assert_eq!(sent[0].form["grant_type"], "urn:ietf:params:oauth:grant-type:device_code");
    assert_eq!(sent[0].form["device_code"], "d-1");
}

#[tokio::test]
async fn a_device_that_was_refused_or_forgotten_is_an_error() {
    for (error, code) in
        [("access_denied", ErrorCode::PermissionDenied), ("expired_token", ErrorCode::CredsRevoked)]
    {
        let app = App::start().await;
        app.grants(vec![json_answer(400, json!({"error": error}))]).await;
        let refusal = app.call("poll_device_authorization", json!({"device_code": "d"})).await.unwrap_err();
        assert_eq!(refusal.code(), code);
    }
}

#[tokio::test]
async fn a_token_is_exchanged_for_another() {
    let app = App::start().await;
    let kind = "urn:ietf:params:oauth:token-type:jwt";
    let body = json!({"access_token": "a-2", "issued_token_type": kind, "token_type": "N_A"});
    app.grants(vec![json_answer(200, body)]).await;
    let request = json!({
        "audience": ["one", "two"], "resource": ["https://api.example"], "scopes": ["read"],
        "requested_token_type": kind,
    });
    let auth = json!({"oauth": {"access_token": "given"}});
    let answer = app.call_as("exchange_token", request, auth).await.unwrap();
    assert_eq!((&answer["access_token"], &answer["issued_token_type"]), (&json!("a-2"), &json!(kind)));
    let body = app.server.received_requests().await.unwrap().remove(0).body;
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let all = |name: &str| -> Vec<&str> {
        pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(all("grant_type"), ["urn:ietf:params:oauth:grant-type:token-exchange"]);
    assert_eq!(all("subject_token"), ["given"]);
    assert_eq!(all("subject_token_type"), ["urn:ietf:params:oauth:token-type:access_token"]);
    assert_eq!((all("audience"), all("resource")), (vec!["one", "two"], vec!["https://api.example"]));
    assert_eq!((all("scope"), all("requested_token_type")), (vec!["read"], vec![kind]));
}

#[tokio::test]
async fn a_token_is_given_back_and_a_refusal_is_told() {
    let app = App::start().await;
    let refusal = json_answer(400, json!({"error": "unsupported_token_type"}));
    app.answers("/revoke", vec![ResponseTemplate::new(200), refusal]).await;
    let request = json!({"token": "refresh-1", "token_type_hint": "refresh_token"});
    let answer = app.call("revoke_token", request.clone()).await.unwrap();
    assert_eq!(answer, json!({"revoked_at_provider": true}));
    let form = app.only_sent().await.form;
    assert_eq!((&*form["token"], &*form["token_type_hint"]), ("refresh-1", "refresh_token"));
    assert_eq!(form["client_secret"], "s3cret-1");
    let error = app.call("revoke_token", request).await.unwrap_err();
    assert_eq!(error.app_code(), Some("oauth.unsupported_token_type"));
}

#[tokio::test]
async fn a_token_is_asked_about() {
    let app = App::start().await;
    let told = json!({"active": true, "scope": "read", "client_id": "id", "exp": 9, "sub": "7"});
    app.answers("/introspect", vec![json_answer(200, told), json_answer(200, json!({}))]).await;
    let answer = app.call("introspect_token", json!({"token": "access-1"})).await.unwrap();
    assert_eq!(
        answer,
        json!({"active": true, "exp": 9, "scope": "read", "client_id": "id", "extra": {"sub": "7"}})
    );
    let error = app.call("introspect_token", json!({"token": "access-1"})).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidResponse);
    let error = app.call("introspect_token", json!({})).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::IntegrationMissingParameter);
}
