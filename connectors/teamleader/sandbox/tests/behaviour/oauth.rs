//! The consent, the exchange and the rotation of tokens.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use teamleader_sandbox::{Consent, RefreshError};

use crate::client::Client;

const CALLBACK: &str = "http://127.0.0.1:4711/callback";

async fn authorize(client: &Client, extra: &[(&str, &str)]) -> Response {
    let id = client.sandbox.client_id().to_owned();
    let mut query = vec![("client_id", id.as_str()), ("response_type", "code"), ("redirect_uri", CALLBACK)];
    query.extend(extra);
    client.http.get(client.url("/oauth2/authorize")).query(&query).send().await.unwrap()
}

fn redirected(response: &Response) -> Vec<(String, String)> {
    assert_eq!(response.status(), StatusCode::FOUND);
    let location = response.headers()["location"].to_str().unwrap();
    let url = reqwest::Url::parse(location).unwrap();
    assert!(location.starts_with(CALLBACK));
    url.query_pairs().into_owned().collect()
}

async fn code(client: &Client) -> String {
    redirected(&authorize(client, &[]).await).remove(0).1
}

async fn exchange(client: &Client, fields: &[(&str, &str)]) -> (u16, Value) {
    let (id, secret) = (client.sandbox.client_id().to_owned(), client.sandbox.client_secret().to_owned());
    let mut form = vec![("client_id", id.as_str()), ("client_secret", secret.as_str())];
    form.extend(fields);
    let response = client.http.post(client.url("/oauth2/access_token")).form(&form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn by_code(client: &Client, code: &str) -> (u16, Value) {
    exchange(client, &[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)])
        .await
}

async fn by_refresh(client: &Client, token: &str) -> (u16, Value) {
    exchange(client, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

async fn me(client: &Client, token: &Value) -> u16 {
    let request = client.http.post(client.url("/users.me")).bearer_auth(token.as_str().unwrap());
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_whole_dance_ends_with_a_token_that_opens_the_api() {
    let client = Client::with_records(3).await;
    let state = "a b&c=/ü%";
    let answer = redirected(&authorize(&client, &[("state", state)]).await);
    assert!(answer[0].0 == "code" && answer[0].1.len() >= 500);
    assert_eq!(answer[1], ("state".to_owned(), state.to_owned()));
    let (status, pair) = by_code(&client, &answer[0].1).await;
    assert_eq!(status, 200);
    let keys: Vec<_> = pair.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 4);
    assert_eq!((&pair["token_type"], &pair["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(me(&client, &pair["access_token"]).await, 200);
}

#[tokio::test]
async fn a_state_that_was_not_sent_is_not_returned() {
    let client = Client::with_records(1).await;
    assert_eq!(redirected(&authorize(&client, &[]).await).len(), 1);
}

#[tokio::test]
async fn strangers_are_not_redirected() {
    let client = Client::with_records(1).await;
    let get = async |query: &[(&str, &str)]| {
        client.http.get(client.url("/oauth2/authorize")).query(query).send().await.unwrap().status().as_u16()
    };
    let id = client.sandbox.client_id();
    assert_eq!(get(&[("client_id", "x"), ("response_type", "code"), ("redirect_uri", CALLBACK)]).await, 401);
    let evil = "https://evil.example/";
    let query = [("client_id", id), ("response_type", "code"), ("redirect_uri", evil)];
    assert_eq!(get(&query).await, 400);
    client.control.switch(|switches| switches.redirect_uris.push(evil.into()));
    assert_eq!(get(&query).await, 302);
}

#[tokio::test]
async fn a_user_may_refuse() {
    let client = Client::with_records(1).await;
    client.control.switch(|switches| switches.consent = Consent::Deny);
    let answer = redirected(&authorize(&client, &[("state", "s")]).await);
    assert_eq!(answer[0], ("error".to_owned(), "access_denied".to_owned()));
}

#[tokio::test]
async fn a_scope_that_the_integration_lacks_is_invalid() {
    let client = Client::with_records(1).await;
    let response = authorize(&client, &[("scope", "companies everything")]).await;
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains("invalid_scope"));
}

#[tokio::test]
async fn a_code_works_once_and_its_reuse_ends_what_it_gave() {
    let client = Client::with_records(1).await;
    let code = code(&client).await;
    let (_, pair) = by_code(&client, &code).await;
    let (status, error) = by_code(&client, &code).await;
    assert_eq!((status, &error["errors"][0]["code"]), (400, &json!(3)));
    assert_eq!(me(&client, &pair["access_token"]).await, 401);
    assert_eq!(by_refresh(&client, pair["refresh_token"].as_str().unwrap()).await.0, 400);
}

#[tokio::test]
async fn a_code_lives_for_ten_minutes() {
    let client = Client::with_records(1).await;
    let code = code(&client).await;
    client.control.advance(Duration::from_secs(601));
    let (status, error) = by_code(&client, &code).await;
    assert_eq!(status, 400);
    assert_eq!(error["errors"][0]["meta"]["hint"], "Authorization code has expired");
}

#[tokio::test]
async fn a_challenge_asks_for_its_verifier() {
    let client = Client::with_records(1).await;
    // The pair of appendix B of RFC 7636.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = [
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    let code = redirected(&authorize(&client, &challenge).await).remove(0).1;
    let with = async |verifier: &str| {
        let grant = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
        let mut fields = grant.to_vec();
        fields.push(("code_verifier", verifier));
        exchange(&client, &fields).await.0
    };
    assert_eq!(with("wrong").await, 400);
    assert_eq!(with("").await, 400);
    assert_eq!(with(verifier).await, 200);
}

#[tokio::test]
async fn a_refresh_rotates_and_leaves_the_old_access_token_alive() {
    let client = Client::with_records(1).await;
    let first = client.control.issue_tokens();
    let (status, second) = by_refresh(&client, &first.refresh_token).await;
    assert_eq!(status, 200);
    assert_eq!(me(&client, &json!(first.access_token)).await, 200);
    assert_eq!(me(&client, &second["access_token"]).await, 200);
    assert_ne!(second["refresh_token"], json!(first.refresh_token));

    let (status, error) = by_refresh(&client, &first.refresh_token).await;
    assert_eq!(status, 400);
    let expected = json!({"errors": [{
        "code": 8,
        "title": "The refresh token is invalid.",
        "status": 400,
        "meta": {"type": "invalid_request", "hint": "Token has been revoked"},
    }]});
    assert_eq!(error, expected);
}

#[tokio::test]
async fn of_two_refreshes_at_once_exactly_one_wins() {
    let client = Client::with_records(1).await;
    for _ in 0..20 {
        let pair = client.control.issue_tokens();
        let (left, right) =
            tokio::join!(by_refresh(&client, &pair.refresh_token), by_refresh(&client, &pair.refresh_token));
        let mut statuses = [left.0, right.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
    }
}

#[tokio::test]
async fn a_dead_refresh_token_is_told_in_the_form_switched_on() {
    let client = Client::with_records(1).await;
    client.control.switch(|switches| switches.refresh_error = RefreshError::Grant);
    let (_, error) = by_refresh(&client, "unknown").await;
    assert_eq!(error["errors"][0]["meta"]["type"], "invalid_grant");
    client.control.switch(|switches| switches.refresh_error = RefreshError::Rfc);
    assert_eq!(by_refresh(&client, "unknown").await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn an_access_token_lives_for_an_hour() {
    let client = Client::with_records(1).await;
    client.control.advance(Duration::from_secs(3599));
    assert_eq!(me(&client, &json!(client.token)).await, 200);
    client.control.advance(Duration::from_secs(1));
    assert_eq!(me(&client, &json!(client.token)).await, 401);
}

#[tokio::test]
async fn wrong_clients_and_missing_fields_are_told_apart() {
    let client = Client::with_records(1).await;
    let post = async |body: Value| -> (u16, Value) {
        let response = client.http.post(client.url("/oauth2/access_token")).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap()["errors"][0].clone())
    };
    let id = client.sandbox.client_id();
    let (status, error) =
        post(json!({"grant_type": "refresh_token", "client_id": id, "client_secret": "x"})).await;
    assert_eq!((status, &error["code"]), (401, &json!(4)));
    let (status, error) = post(json!({"grant_type": "refresh_token", "client_id": id})).await;
    assert_eq!((status, &error["code"]), (400, &json!(3)));
    assert!(error["meta"]["hint"].as_str().unwrap().contains("client_secret"));
    let get = client.http.get(client.url("/oauth2/access_token")).send().await.unwrap();
    assert_eq!(get.status(), 405);
}

#[tokio::test]
async fn the_token_endpoint_reads_multipart_too() {
    let client = Client::with_records(1).await;
    let pair = client.control.issue_tokens();
    let fields = [
        ("client_id", client.sandbox.client_id()),
        ("client_secret", client.sandbox.client_secret()),
        ("grant_type", "refresh_token"),
        ("refresh_token", &pair.refresh_token),
    ];
    let part = |(name, value): &(&str, &str)| {
        format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = fields.iter().map(part).collect::<String>() + "--X--\r\n";
    let request = client.http.post(client.url("/oauth2/access_token"));
    let request = request.header("content-type", "multipart/form-data; boundary=X").body(body);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn uninstalling_ends_everything_and_saving_the_integration_only_refreshes() {
    let client = Client::with_records(1).await;
    let pair = client.control.issue_tokens();
    client.control.revoke_refresh_tokens();
    assert_eq!(me(&client, &json!(pair.access_token)).await, 200);
    assert_eq!(by_refresh(&client, &pair.refresh_token).await.0, 400);
    client.control.revoke_tokens();
    assert_eq!(me(&client, &json!(pair.access_token)).await, 401);
}
