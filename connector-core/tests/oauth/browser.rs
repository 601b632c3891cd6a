//! The flow through a browser: the address, and the answer that comes back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connector_core::ErrorCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::server::{App, json_answer, tokens};

async fn address(app: &App, request: Value) -> (Url, Value) {
    let answer = app.call("get_authorization_url", request).await.unwrap();
    (Url::parse(answer["authorization_url"].as_str().unwrap()).unwrap(), answer)
}

fn all(url: &Url, name: &str) -> Vec<String> {
    url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}

#[tokio::test]
async fn the_address_says_who_asks_for_what_and_holds_a_challenge() {
    let app = App::start().await;
    let (url, answer) = address(&app, json!({})).await;
    let verifier = answer["code_verifier"].as_str().unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(verifier).unwrap().len(), 32);
    assert_eq!(all(&url, "code_challenge"), [URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))]);
    assert_eq!(all(&url, "code_challenge_method"), ["S256"]);
    assert_eq!(all(&url, "response_type"), ["code"]);
    assert_eq!(all(&url, "client_id"), ["id"]);
    assert_eq!(all(&url, "redirect_uri"), ["http://localhost:9/cb"]);
    assert_eq!(all(&url, "scope"), ["read write"]);
    assert_eq!(all(&url, "state"), [answer["state"].as_str().unwrap()]);
    assert_eq!(URL_SAFE_NO_PAD.decode(answer["state"].as_str().unwrap()).unwrap().len(), 32);
    let (_, again) = address(&app, json!({})).await;
    assert!(again["state"] != answer["state"] && again["code_verifier"] != answer["code_verifier"]);
    let (url, _) = address(&app, json!({"state": "mine", "scopes": ["read"], "client_id": "other"})).await;
    assert_eq!(
        (all(&url, "state"), all(&url, "scope"), all(&url, "client_id")),
        (vec!["mine".to_owned()], vec!["read".to_owned()], vec!["other".to_owned()])
    );
}

#[tokio::test]
async fn an_existing_query_is_kept_and_nothing_in_it_or_beside_it_speaks_for_us() {
    let reserved = json!({
        "client_id": "x", "redirect_uri": "x", "state": "x", "scope": "x", "response_type": "token",
        "code_challenge": "x", "code_challenge_method": "plain", "request": "x", "request_uri": "x",
        "prompt": "consent", "access_type": "offline",
    });
    let app = App::start()
        .await
        .with("authorize_query", json!("?tenant=a%20b&state=x&prompt=none"))
        .with("parameters", reserved.clone());
    let (url, answer) = address(&app, json!({"parameters": reserved})).await;
    assert_eq!(all(&url, "tenant"), ["a b"]);
    assert_eq!(
        (all(&url, "prompt"), all(&url, "access_type")),
        (vec!["consent".to_owned()], vec!["offline".to_owned()])
    );
    assert_eq!(all(&url, "state"), [answer["state"].as_str().unwrap()]);
    assert_eq!(
        (all(&url, "client_id"), all(&url, "response_type")),
        (vec!["id".to_owned()], vec!["code".to_owned()])
    );
    assert_eq!(all(&url, "code_challenge_method"), ["S256"]);
    assert!(all(&url, "request").is_empty() && all(&url, "request_uri").is_empty());
    assert!(url.query_pairs().all(|(_, value)| value != "x"), "{url}");
}

#[tokio::test]
async fn scopes_that_are_fixed_at_registration_are_not_asked_for_and_are_what_was_granted() {
    let app = App::plain().await;
    let (url, _) = address(&app, json!({"scopes": ["write"]})).await;
    assert!(all(&url, "scope").is_empty());
    app.grants(vec![tokens()]).await;
    let back = json!({"redirect_uri_with_code": "http://localhost:9/cb?code=c-1"});
    assert_eq!(app.call("handle_authorization_callback", back).await.unwrap()["scope"], "read");
}

#[tokio::test]
async fn the_code_is_exchanged_with_the_verifier_and_the_registered_address() {
    let app = App::start().await;
    app.grants(vec![json_answer(200, json!({"access_token": "a", "scope": "read"}))]).await;
    let request = json!({
        "redirect_uri_with_code": "http://localhost:9/cb?code=c%2F1&state=s-1",
        "state": "s-1", "code_verifier": "v-1",
    });
    let answer = app.call("handle_authorization_callback", request).await.unwrap();
    assert_eq!((&answer["state"], &answer["scope"]), (&json!("s-1"), &json!("read")));
    let form = app.only_sent().await.form;
    assert_eq!((&*form["grant_type"], &*form["code"]), ("authorization_code", "c/1"));
    assert_eq!((&*form["code_verifier"], &*form["redirect_uri"]), ("v-1", "http://localhost:9/cb"));
}

#[tokio::test]
async fn nothing_is_sent_for_an_answer_that_is_not_right() {
    let app = App::start().await.with("issuer", json!("https://a.example"));
    for (query, code) in [
        ("code=c&state=other", ErrorCode::BadRequest),
        ("code=c&state=s-1&iss=https%3A%2F%2Fb.example", ErrorCode::BadRequest),
        ("error=access_denied&state=s-1", ErrorCode::PermissionDenied),
        ("code=c&code=d&state=s-1", ErrorCode::BadRequest),
        ("state=s-1", ErrorCode::BadRequest),
    ] {
        let request =
            json!({"redirect_uri_with_code": format!("http://localhost:9/cb?{query}"), "state": "s-1"});
        let error = app.call("handle_authorization_callback", request).await.unwrap_err();
        assert_eq!(error.code(), code, "{query}");
    }
    assert!(app.sent().await.is_empty());
}

#[tokio::test]
async fn a_server_that_promised_to_name_itself_must() {
    let app =
        App::start().await.with("issuer", json!("https://a.example")).with("promises_issuer", json!(true));
    app.grants(vec![tokens()]).await;
    let back = |iss: &str| json!({"redirect_uri_with_code": format!("http://localhost:9/cb?code=c{iss}")});
    let error = app.call("handle_authorization_callback", back("")).await.unwrap_err();
    assert_eq!(error.app_code(), Some("oauth.issuer_mismatch"));
    app.call("handle_authorization_callback", back("&iss=https%3A%2F%2Fa.example")).await.unwrap();
}
