//! What an authorization server publishes about itself.

use std::time::Duration;

use connector_core::ErrorCode;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::server::{App, json_answer, tokens};

const BEFORE: &str = "/.well-known/oauth-authorization-server/tenant";
const BEHIND: &str = "/tenant/.well-known/openid-configuration";

fn document(server: &str, issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{server}/authorize"),
        "token_endpoint": format!("{server}/token"),
        "revocation_endpoint": format!("{server}/revoke"),
        "authorization_response_iss_parameter_supported": true,
    })
}

/// An app of which only the issuer is known, and the issuer.
async fn discovered() -> (App, String, String) {
    let app = App::start().await;
    let server = app.server.uri();
    let issuer = format!("{server}/tenant");
    (app.with("discovery", json!("issuer")).with("issuer", json!(issuer)), server, issuer)
}

async fn paths(app: &App) -> Vec<String> {
    app.sent().await.into_iter().map(|sent| sent.path).collect()
}

#[tokio::test]
async fn endpoints_are_looked_up_once_where_the_standard_puts_them() {
    let (app, server, issuer) = discovered().await;
    app.answers(BEFORE, vec![json_answer(200, document(&server, &issuer))]).await;
    app.grants(vec![tokens()]).await;
    app.refresh().await.unwrap();
    app.refresh().await.unwrap();
    assert_eq!(paths(&app).await, [BEFORE, "/token", "/token"]);
}

#[tokio::test]
async fn the_place_of_openid_is_the_second() {
    let (app, server, issuer) = discovered().await;
    app.answers(BEFORE, vec![ResponseTemplate::new(404)]).await;
    app.answers(BEHIND, vec![json_answer(200, document(&server, &issuer))]).await;
    app.grants(vec![tokens()]).await;
    app.refresh().await.unwrap();
    assert_eq!(paths(&app).await, [BEFORE, BEHIND, "/token"]);
}

#[tokio::test]
async fn who_publishes_in_another_name_is_not_believed() {
    let (app, server, issuer) = discovered().await;
    for place in [BEFORE, BEHIND] {
        app.answers(place, vec![json_answer(200, document(&server, &format!("{issuer}/")))]).await;
    }
    app.grants(vec![tokens()]).await;
    let error = app.refresh().await.unwrap_err();
    assert_eq!(
        (error.code(), error.app_code()),
        (ErrorCode::InvalidResponse, Some("oauth.invalid_metadata"))
    );
    assert_eq!(paths(&app).await, [BEFORE, BEHIND]);
}

#[tokio::test]
async fn what_is_published_is_no_gate_for_what_is_declared() {
    let app = App::start().await;
    let server = app.server.uri();
    let app =
        app.with("discovery", json!(format!("{server}/metadata"))).with("issuer", json!(server.clone()));
    app.answers("/metadata", vec![ResponseTemplate::new(500), json_answer(200, document(&server, &server))])
        .await;
    app.answers("/revoke", vec![ResponseTemplate::new(200)]).await;
    app.grants(vec![tokens()]).await;
    app.refresh().await.unwrap();
    assert_eq!(paths(&app).await, ["/token"]);
    app.call("revoke_token", json!({"token": "t"})).await.unwrap_err();
    some_seconds_pass().await;
    app.call("revoke_token", json!({"token": "t"})).await.unwrap();
    assert_eq!(paths(&app).await, ["/token", "/metadata", "/metadata", "/revoke"]);
}

async fn some_seconds_pass() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(15)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_server_that_cannot_tell_is_asked_once_in_some_seconds_and_others_are_not_kept_waiting() {
    let (app, server, issuer) = discovered().await;
    app.answers(BEFORE, vec![ResponseTemplate::new(500)]).await;
    app.answers(BEHIND, vec![ResponseTemplate::new(500)]).await;
    app.grants(vec![tokens()]).await;
    for _ in 0..3 {
        let error = app.refresh().await.unwrap_err();
        assert_eq!(error.app_code(), Some("oauth.invalid_metadata"));
    }
    assert_eq!(paths(&app).await, [BEFORE, BEHIND]);
    let other = app.with("issuer", json!(server));
    let its_own = json_answer(200, document(&server, &server));
    other.answers("/.well-known/oauth-authorization-server", vec![its_own]).await;
    other.refresh().await.unwrap();
    let same = other.with("issuer", json!(issuer));
    same.refresh().await.unwrap_err();
    some_seconds_pass().await;
    same.refresh().await.unwrap_err();
    let asked = paths(&same).await.into_iter().filter(|path| path == BEFORE).count();
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_told_apart_from_an_answer_that_got_lost() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let app = App::start().await.with("discovery", json!("issuer")).with("issuer", json!(address));
    let error = app.refresh().await.unwrap_err();
    assert_eq!(
        (error.code(), error.app_code()),
        (ErrorCode::ServiceError, Some("oauth.metadata_unreachable"))
    );
}

#[tokio::test]
async fn a_published_promise_to_name_the_issuer_counts() {
    let (app, server, issuer) = discovered().await;
    app.answers(BEFORE, vec![json_answer(200, document(&server, &issuer))]).await;
    let back = json!({"redirect_uri_with_code": "http://localhost:9/cb?code=c"});
    let error = app.call("handle_authorization_callback", back).await.unwrap_err();
    assert_eq!(error.app_code(), Some("oauth.issuer_mismatch"));
    assert_eq!(paths(&app).await, [BEFORE]);
}

#[tokio::test]
async fn an_endpoint_that_nobody_tells_is_a_wrong_setting() {
    let (app, server, issuer) = discovered().await;
    app.answers(BEFORE, vec![json_answer(200, document(&server, &issuer))]).await;
    let error = app.call("introspect_token", json!({"token": "t"})).await.unwrap_err();
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::UnsupportedOperation, 78));
}
