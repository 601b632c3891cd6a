//! What is made of an answer with tokens.

use connector_core::ErrorCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::server::{App, json_answer, tokens};

async fn refreshed(body: Value) -> Value {
    let app = App::start().await;
    app.grants(vec![json_answer(200, body)]).await;
    app.refresh().await.unwrap()
}

#[tokio::test]
async fn the_answer_has_the_shape_that_callers_know() {
    let before = Timestamp::now();
    let answer = refreshed(json!({
        "access_token": "access-2", "refresh_token": "refresh-2", "token_type": "BEARER",
        "expires_in": 3600, "scope": "read", "instance_url": "https://x.example",
    }))
    .await;
    assert_eq!(answer["access_token"], "access-2");
    assert_eq!(answer["refresh_token"], "refresh-2");
    assert_eq!(answer["token_type"], "bearer");
    assert_eq!(answer["expires_in"], 3600);
    assert_eq!(answer["scope"], "read");
    assert_eq!(answer["state"], Value::Null);
    assert_eq!(answer["extra"]["instance_url"], "https://x.example");
    let life = answer["expires_at"].as_str().unwrap().parse::<Timestamp>().unwrap().duration_since(before);
    assert!(life >= SignedDuration::from_secs(3600) && life < SignedDuration::from_secs(3660), "{life}");
}

#[tokio::test]
async fn a_form_is_an_answer_too() {
    let app = App::start().await;
    let form = "access_token=a%2Bb&token_type=bearer&expires_in=60&scope=read%2Cwrite";
    app.grants(vec![
        ResponseTemplate::new(200).set_body_raw(form, "application/x-www-form-urlencoded; charset=utf-8"),
    ])
    .await;
    let answer = app.refresh().await.unwrap();
    assert_eq!((&answer["access_token"], &answer["expires_in"]), (&json!("a+b"), &json!(60)));
    assert_eq!(answer["scope"], "read write");
}

#[tokio::test]
async fn a_refresh_asks_for_no_scope_and_keeps_a_refresh_token_that_was_not_replaced() {
    for body in [json!({"access_token": "a"}), json!({"access_token": "a", "refresh_token": ""})] {
        let app = App::start().await;
        app.grants(vec![json_answer(200, body)]).await;
        assert_eq!(app.refresh().await.unwrap()["refresh_token"], "refresh-1");
        assert!(!app.only_sent().await.form.contains_key("scope"));
    }
}

#[tokio::test]
async fn a_life_that_the_app_does_not_tell_is_that_of_the_settings_and_none_is_longer_than_allowed() {
    let life = async |told: Value, setting: &str| {
        let app = App::start().await.with(setting, json!(100));
        app.grants(vec![json_answer(200, told)]).await;
        app.refresh().await.unwrap()["expires_in"].clone()
    };
    assert_eq!(life(json!({"access_token": "a"}), "default_expires_in").await, 100);
    assert_eq!(life(json!({"access_token": "a", "expires_in": 50}), "default_expires_in").await, 50);
    assert_eq!(life(json!({"access_token": "a"}), "maximum_expiry_seconds").await, 100);
    assert_eq!(life(json!({"access_token": "a", "expires_in": 500}), "maximum_expiry_seconds").await, 100);
    assert_eq!(life(json!({"access_token": "a", "expires_in": 50}), "maximum_expiry_seconds").await, 50);
}

#[tokio::test]
async fn a_success_that_says_that_it_is_none_is_an_error() {
    for (body, code) in [
        (json!({"error": "bad_refresh_token", "access_token": "a"}), ErrorCode::CredsRevoked),
        (json!({"error": "bad_verification_code"}), ErrorCode::CredsRevoked),
        (json!({"ok": false, "error": "invalid_refresh_token"}), ErrorCode::CredsRevoked),
        (json!({"ok": false, "access_token": "a"}), ErrorCode::BadRequest),
        (json!({"access_token": "a", "token_type": "mac"}), ErrorCode::InvalidResponse),
        (json!({"access_token": ""}), ErrorCode::InvalidResponse),
        (json!({"access_token": 5}), ErrorCode::InvalidResponse),
        (json!([]), ErrorCode::InvalidResponse),
    ] {
        let app = App::start().await;
        app.grants(vec![json_answer(200, body.clone())]).await;
        let error = app.refresh().await.unwrap_err();
        assert_eq!(error.code(), code, "{body}");
        assert!(error.app_code().unwrap().starts_with("oauth."), "{body}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 307, 308] {
        let app = App::start().await;
        app.grants(vec![ResponseTemplate::new(status).insert_header("Location", "/elsewhere")]).await;
        app.answers("/elsewhere", vec![tokens()]).await;
        let error = app.refresh().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidResponse);
        assert!(error.message().contains(&status.to_string()));
        assert_eq!(app.only_sent().await.path, "/token");
    }
}

#[tokio::test]
async fn an_answer_of_more_than_a_mebibyte_is_refused() {
    let body = |length: usize| {
        let padding = "x".repeat(length - r#"{"access_token":"a","x":""}"#.len());
        ResponseTemplate::new(200).set_body_string(format!(r#"{{"access_token":"a","x":"{padding}"}}"#))
    };
    let app = App::start().await;
    app.grants(vec![body(1 << 20), body((1 << 20) + 1)]).await;
    assert_eq!(app.refresh().await.unwrap()["access_token"], "a");
    assert_eq!(app.refresh().await.unwrap_err().code(), ErrorCode::InvalidResponse);
}

#[tokio::test]
async fn secrets_go_to_no_address_where_somebody_could_listen_in() {
    let app = App::start().await;
    for server in ["http://example.com", "ftp://localhost", "nonsense"] {
        let app = App::start().await.with("server", json!(server));
        let error = app.refresh().await.unwrap_err();
        assert_eq!((error.code(), error.exit_code()), (ErrorCode::InvalidValue, 78), "{server}");
        let error = app.call("get_authorization_url", json!({})).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue, "{server}");
    }
    assert!(app.sent().await.is_empty());
}

#[tokio::test]
async fn parameters_of_the_settings_are_sent_and_replace_nothing() {
    let parameters =
        json!({"audience": "api", "grant_type": "password", "client_secret": "x", "refresh_token": "x"});
    let app = App::start().await.with("parameters", parameters).with("authentication", json!("basic"));
    app.grants(vec![tokens()]).await;
    app.refresh().await.unwrap();
    let form = app.only_sent().await.form;
    assert_eq!(form["audience"], "api");
    assert_eq!((&*form["grant_type"], &*form["refresh_token"]), ("refresh_token", "refresh-1"));
    assert!(!form.contains_key("client_secret"));
}
