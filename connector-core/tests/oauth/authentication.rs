//! How the client says who it is.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use connector_core::ErrorCode;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::server::{App, json_answer, tokens};

#[tokio::test]
async fn id_and_secret_go_into_the_body_unless_told_otherwise() {
    let app = App::start().await;
    app.grants(vec![tokens()]).await;
    app.refresh().await.unwrap();
    let sent = app.only_sent().await;
    assert_eq!(sent.accept.as_deref(), Some("application/json"));
    assert_eq!(sent.authorization, None);
    assert_eq!(sent.form["client_id"], "id");
    assert_eq!(sent.form["client_secret"], "s3cret-1");
    assert_eq!(sent.form["grant_type"], "refresh_token");
    assert_eq!(sent.form["refresh_token"], "refresh-1");
}

#[tokio::test]
async fn id_and_secret_in_the_header_are_encoded_as_in_a_form_first() {
    let app = App::start()
        .await
        .with("authentication", json!("basic"))
        .with("client_id", json!("a:b"))
        .with("client_secrets", json!(["s3cr:t/+ %&"]));
    app.grants(vec![tokens()]).await;
    app.refresh().await.unwrap();
    let sent = app.only_sent().await;
    let header = sent.authorization.unwrap();
    let pair = STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
    assert_eq!(String::from_utf8(pair).unwrap(), "a%3Ab:s3cr%3At%2F%2B+%25%26");
    assert!(!sent.form.contains_key("client_id") && !sent.form.contains_key("client_secret"));
}

#[tokio::test]
async fn a_public_client_sends_its_id_and_nothing_else() {
    let app = App::start().await.with("authentication", json!("none"));
    app.grants(vec![tokens()]).await;
    app.refresh().await.unwrap();
    let sent = app.only_sent().await;
    assert_eq!(sent.form["client_id"], "id");
    assert!(!sent.form.contains_key("client_secret") && sent.authorization.is_none());
}

#[tokio::test]
async fn a_confidential_client_without_a_secret_is_told_so_before_anything_is_sent() {
    for authentication in ["post", "basic", "private_key"] {
        let app = App::start()
            .await
            .with("authentication", json!(authentication))
            .with("client_secrets", json!([""]));
        let error = app.refresh().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::IntegrationMissingParameter, "{authentication}");
        assert!(app.sent().await.is_empty());
    }
}

/// Header, claims, what was signed and the signature of an assertion.
fn parts(assertion: &str) -> (Value, Value, String, Vec<u8>) {
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (json(header), json(claims), signed.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap())
}

async fn assertion_with(key: &str) -> (Value, Value, String, Vec<u8>, String) {
    let app = App::start().await.with("authentication", json!("private_key")).with("client_key", json!(key));
    app.grants(vec![tokens()]).await;
    app.refresh().await.unwrap();
    let sent = app.only_sent().await;
    let bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(sent.form["client_assertion_type"], bearer);
    assert_eq!(sent.form["client_id"], "id");
    assert!(!sent.form.contains_key("client_secret"));
    let (header, claims, signed, signature) = parts(&sent.form["client_assertion"]);
    (header, claims, signed, signature, app.server.uri())
}

#[tokio::test]
async fn an_assertion_is_signed_with_a_key_in_each_of_its_forms() {
    let rsa: Value = serde_json::from_str(include_str!("keys/rsa.json")).unwrap();
    let ec: Value = serde_json::from_str(include_str!("keys/ec.json")).unwrap();
    let number = |key: &Value, name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let modulus = number(&rsa, "n");
    let rsa_public = ring::rsa::PublicKeyComponents { n: modulus.as_slice(), e: &[1, 0, 1] };
    let point = [vec![4], number(&ec, "x"), number(&ec, "y")].concat();
    let ec_public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    let rsa_pem = include_str!("keys/rsa.pem");
    let account = json!({"private_key": rsa_pem, "private_key_id": "key-1"}).to_string();
    for (key, algorithm, id) in [
        (rsa_pem, "RS256", None),
        (&rsa_pem.replace('\n', "\\n"), "RS256", None),
        (include_str!("keys/rsa_pkcs1.pem"), "RS256", None),
        (include_str!("keys/rsa.json"), "RS256", Some("key-1")),
        (&account, "RS256", Some("key-1")),
        (include_str!("keys/ec.pem"), "ES256", None),
        (include_str!("keys/ec.json"), "ES256", Some("key-2")),
    ] {
        let (header, claims, signed, signature, server) = assertion_with(key).await;
        assert_eq!(header["alg"], algorithm);
        assert_eq!(header["kid"].as_str(), id);
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("id"), &json!("id")));
        assert_eq!(claims["aud"], format!("{server}/token"));
        let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert!((1..=300).contains(&life));
        if algorithm == "RS256" {
            rsa_public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).unwrap();
        } else {
            ec_public.verify(signed.as_bytes(), &signature).unwrap();
        }
    }
}

#[tokio::test]
async fn each_assertion_is_good_once() {
    let key = include_str!("keys/ec.pem");
    let (_, first, ..) = assertion_with(key).await;
    let (_, second, ..) = assertion_with(key).await;
    assert!(first["jti"].is_string() && first["jti"] != second["jti"]);
}

#[tokio::test]
async fn a_key_that_cannot_sign_is_a_wrong_setting_and_is_not_shown() {
    for key in ["-----BEGIN hunter2", include_str!("keys/ec_sec1.pem"), r#"{"kty":"oct","k":"hunter2"}"#, ""]
    {
        let app =
            App::start().await.with("authentication", json!("private_key")).with("client_key", json!(key));
        let error = app.refresh().await.unwrap_err();
        assert_eq!(error.exit_code(), if key.is_empty() { 64 } else { 78 });
        assert!(!format!("{error:?}").contains("hunter2"));
        assert!(app.sent().await.is_empty());
    }
}

#[tokio::test]
async fn the_next_secret_is_tried_when_the_app_does_not_know_one() {
    let app = App::start().await.with("client_secrets", json!(["s3cret-1", "s3cret-2", "s3cret-3"]));
    let unknown = || json_answer(401, json!({"error": "invalid_client"}));
    app.grants(vec![unknown(), tokens()]).await;
    app.refresh().await.unwrap();
    let secrets: Vec<_> = app.sent().await.iter().map(|sent| sent.form["client_secret"].clone()).collect();
    assert_eq!(secrets, ["s3cret-1", "s3cret-2"]);
}

#[tokio::test]
async fn the_next_secret_is_tried_for_no_other_reason() {
    for (status, error) in [(400, "invalid_grant"), (400, "unauthorized_client"), (503, "invalid_client")] {
        let app = App::start().await.with("client_secrets", json!(["s3cret-1", "s3cret-2"]));
        app.grants(vec![json_answer(status, json!({"error": error})), tokens()]).await;
        app.refresh().await.unwrap_err();
        assert_eq!(app.sent().await.len(), 1, "{error}");
    }
}

#[tokio::test]
async fn when_the_app_knows_none_of_the_secrets_that_is_the_error() {
    let app = App::start().await.with("client_secrets", json!(["s3cret-1", "s3cret-2"]));
    app.grants(vec![json_answer(400, json!({"error": "invalid_client"}))]).await;
    let error = app.refresh().await.unwrap_err();
    assert_eq!((error.code(), error.app_code()), (ErrorCode::Unauthorized, Some("oauth.invalid_client")));
    assert_eq!((error.exit_code(), app.sent().await.len()), (78, 2));
}

#[tokio::test]
async fn a_secret_of_the_request_stands_in_for_all_of_the_settings() {
    let app = App::start().await;
    app.grants(vec![json_answer(401, json!({"error": "invalid_client"}))]).await;
    let request = json!({"refresh_token": "r", "client_id": "other", "client_secret": "s3cret-9"});
    app.call("refresh_access_token", request).await.unwrap_err();
    let sent = app.only_sent().await;
    assert_eq!((&*sent.form["client_id"], &*sent.form["client_secret"]), ("other", "s3cret-9"));
}
