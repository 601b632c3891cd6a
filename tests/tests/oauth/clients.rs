//! Each way to say who we are and to come by tokens, against a server that others wrote: an integration of this test's
//! own, since the app of the tested connector knows one of them.

use std::sync::Arc;

use connector_core::{
    ErrorCode, Result, Secret,
    auth::AuthKind,
    dispatch::dispatch,
    envelope::RequestEnvelope,
    host::{Host, NoHost},
    integration::Integration,
    oauth::{ClientAuthentication, Grant, OAuth, OAuthClient},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use system_tests::{
    account::{block_on, text},
    browser::{follow, visit},
    oauth_server::OAuthServer,
};

const REDIRECT_URI: &str = "http://127.0.0.1:49152/callback";

#[derive(Deserialize, JsonSchema)]
struct Settings {
    server: String,
    issuer: String,
    authentication: String,
    client_id: String,
    credential: Option<Secret>,
}

#[expect(clippy::unnecessary_wraps, reason = "a declaration takes settings that may be wrong")]
fn client(settings: &Settings) -> Result<OAuthClient> {
    let at = |path: &str| format!("{}/{path}", settings.server);
    let client = OAuthClient::new(at("oauth2/authorize"), at("oauth2/access_token"))
        .device_url(at("device/auth"))
        .revocation_url(at("token/revocation"))
        .introspection_url(at("token/introspection"))
        .issuer(settings.issuer.clone())
        .promises_issuer()
        .client_id(settings.client_id.clone())
        .redirect_uri(REDIRECT_URI.to_owned());
    let credential = settings.credential.clone();
    Ok(match settings.authentication.as_str() {
        "basic" => client.authentication(ClientAuthentication::Basic).client_secret(credential),
        "none" => client.authentication(ClientAuthentication::None),
        "private_key" => client.authentication(ClientAuthentication::PrivateKey).client_key(credential),
        _ => client.client_secret(credential),
    })
}

/// An integration, registered at a server.
struct App<'a> {
    server: &'a OAuthServer,
    integration: Arc<Integration>,
    settings: Value,
}

impl<'a> App<'a> {
    fn new(server: &'a OAuthServer, authentication: &str, id: &str, credential: Option<&str>) -> Self {
        let oauth = OAuth::new(client).scopes(&["read", "write"]).revocation().introspection().grants(&[
            Grant::AuthorizationCode,
            Grant::RefreshToken,
            Grant::ClientCredentials,
            Grant::DeviceCode,
        ]);
        let integration = Integration::builder::<Settings>("example", "1")
            .auth(&[AuthKind::Oauth])
            .oauth(oauth)
            .build()
            .expect("the declaration is sound");
        let settings = json!({
            "server": server.issuer(),
            "issuer": server.issuer(),
            "authentication": authentication,
            "client_id": id,
            "credential": credential,
        });
        Self { server, integration: Arc::new(integration), settings }
    }

    fn call(&self, capability: &str, request: &Value) -> Result<Value> {
        let envelope = RequestEnvelope {
            request: request.as_object().cloned().expect("an object"),
            settings: self.settings.as_object().cloned().expect("an object"),
            ..RequestEnvelope::default()
        };
        let host: Arc<dyn Host> = Arc::new(NoHost);
        let answer = block_on(dispatch(&self.integration, capability, envelope, &host))?;
        Ok(serde_json::from_str(answer.response.get()).expect("an answer is JSON"))
    }

    /// Somebody agrees. What the app sends back, with what is needed to take it.
    fn agreed(&self) -> Value {
        let begun = self.call("get_authorization_url", &json!({})).expect("an address");
        let callback = follow(text(&begun["authorization_url"]));
        json!({
            "redirect_uri_with_code": callback,
            "state": begun["state"],
            "code_verifier": begun["code_verifier"],
        })
    }

    fn finish(&self, callback: &Value) -> Result<Value> {
        self.call("handle_authorization_callback", callback)
    }

    /// Logs in, refreshes, and gives the token back.
    fn lives_well(&self) {
        let callback = self.agreed();
        assert!(text(&callback["redirect_uri_with_code"]).contains("iss="), "the server says who it is");
        let tokens = self.finish(&callback).expect("tokens");
        let refreshed = self
            .call("refresh_access_token", &json!({"refresh_token": tokens["refresh_token"]}))
            .expect("new tokens");
        assert_ne!(refreshed["access_token"], tokens["access_token"]);
        assert_ne!(refreshed["refresh_token"], tokens["refresh_token"], "they rotate");
        let token = json!({"token": refreshed["access_token"]});
        assert_eq!(self.call("introspect_token", &token).expect("an answer")["active"], true);
        self.call("revoke_token", &token).expect("it is taken back");
        assert_eq!(self.call("introspect_token", &token).expect("an answer")["active"], false);
        assert_eq!(self.server.count("refused"), 0);
    }
}

#[test]
fn a_client_whose_secret_has_every_odd_character_is_known_by_its_header() {
    let server = OAuthServer::start();
    App::new(&server, "basic", "with-basic", Some("s3cr:t/+ %&")).lives_well();
    let wrong = App::new(&server, "basic", "with-basic", Some("s3cr:t/+ %26"));
    let error = wrong.finish(&wrong.agreed()).expect_err("another secret");
    assert_eq!(error.app_code(), Some("oauth.invalid_client"), "{error:?}");
}

#[test]
fn a_public_client_needs_no_secret() {
    let server = OAuthServer::start();
    let app = App::new(&server, "none", "public", None);
    let tokens = app.finish(&app.agreed()).expect("tokens");
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    app.call("refresh_access_token", &refresh).expect("new tokens");
    let replayed = app.call("refresh_access_token", &refresh).expect_err("it works once");
    assert_eq!(replayed.app_code(), Some("oauth.invalid_grant"), "{replayed:?}");
}

#[test]
fn a_client_signs_with_its_key() {
    let key: Value = serde_json::from_str(CLIENT_KEY).expect("JSON");
    let mut public = key.clone();
    public.as_object_mut().expect("an object").shift_remove("d");
    public["alg"] = json!("ES256");
    let server = OAuthServer::with_client_key(&public);
    App::new(&server, "private_key", "with-key", Some(CLIENT_KEY)).lives_well();
}

const CLIENT_KEY: &str = include_str!("../../../connector-core/tests/oauth/keys/ec.json");

#[test]
fn a_secret_in_the_body_is_taken_too() {
    let server = OAuthServer::start();
    App::new(&server, "post", "with-post", Some("post-secret-0123456789")).lives_well();
}

#[test]
fn a_client_gets_a_token_for_itself() {
    let server = OAuthServer::start();
    let app = App::new(&server, "post", "with-credentials", Some("credentials-secret-0123456789"));
    let tokens =
        app.call("handle_client_credentials_request", &json!({"scopes": ["read"]})).expect("a token");
    assert_eq!((&tokens["refresh_token"], &tokens["scope"]), (&Value::Null, &json!("read")));
    let told = app.call("introspect_token", &json!({"token": tokens["access_token"]})).expect("an answer");
    assert_eq!((&told["active"], &told["client_id"]), (&json!(true), &json!("with-credentials")));
    let other = App::new(&server, "post", "with-post", Some("post-secret-0123456789"));
    let error = other.call("handle_client_credentials_request", &json!({})).expect_err("it may not");
    assert_eq!(error.app_code(), Some("oauth.invalid_request"), "as this server calls it: {error:?}");
}

#[test]
fn somebody_agrees_on_another_device() {
    let server = OAuthServer::start();
    let app = App::new(&server, "post", "with-device", Some("device-secret-0123456789"));
    let started = app.call("start_device_authorization", &json!({})).expect("codes");
    assert_eq!(started["interval"], 5, "the server says nothing of it");
    let poll = |app: &App<'_>| {
        app.call("poll_device_authorization", &json!({"device_code": started["device_code"]}))
    };
    assert_eq!(poll(&app).expect("an answer")["state"], "pending");
    server.agree_on_another_device(text(&started["user_code"]));
    let agreed = poll(&app).expect("tokens");
    assert_eq!(agreed["state"], "authorized");
    let refresh = json!({"refresh_token": agreed["tokens"]["refresh_token"]});
    app.call("refresh_access_token", &refresh).expect("new tokens");
    let again = poll(&app).expect_err("a code works once");
    assert_eq!(again.app_code(), Some("oauth.invalid_grant"), "{again:?}");
}

#[test]
fn a_code_is_worth_nothing_without_what_belongs_to_it() {
    let server = OAuthServer::start();
    let app = App::new(&server, "none", "public", None);
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut callback = app.agreed();
        change(&mut callback);
        app.finish(&callback).expect_err("it is refused")
    };
    let other_state = refused(&|callback| callback["state"] = json!("another"));
    assert_eq!(other_state.code(), ErrorCode::BadRequest, "{other_state:?}");
    let before = server.count("token_requests");
    let foreign = |callback: &mut Value| {
        let address = text(&callback["redirect_uri_with_code"]);
        let (head, iss) = address.split_once("iss=").expect("the issuer");
        let rest = iss.split_once('&').map_or("", |(_, rest)| rest);
        callback["redirect_uri_with_code"] =
            json!(format!("{head}iss=https%3A%2F%2Felsewhere.example&{rest}"));
    };
    let unnamed = |callback: &mut Value| {
        let address = text(&callback["redirect_uri_with_code"]).replace("iss=", "not_iss=");
        callback["redirect_uri_with_code"] = json!(address);
    };
    for error in [refused(&foreign), refused(&unnamed)] {
        assert_eq!(error.app_code(), Some("oauth.issuer_mismatch"), "{error:?}");
    }
    assert_eq!(server.count("token_requests"), before, "nothing is sent");
    let verifier = json!("0123456789012345678901234567890123456789012");
    let other_verifier = refused(&|callback| callback["code_verifier"] = verifier.clone());
    assert_eq!(other_verifier.app_code(), Some("oauth.invalid_grant"), "{other_verifier:?}");

    let callback = app.agreed();
    app.finish(&callback).expect("tokens");
    let replayed = app.finish(&callback).expect_err("a code works once");
    assert_eq!(replayed.app_code(), Some("oauth.invalid_grant"), "{replayed:?}");
}

#[test]
fn the_server_wants_a_proof_key_and_errors_come_back_as_errors() {
    let server = OAuthServer::start();
    let app = App::new(&server, "none", "public", None);
    let begun = app.call("get_authorization_url", &json!({})).expect("an address");
    let address = text(&begun["authorization_url"]);
    assert!(address.contains("code_challenge_method=S256"), "{address}");
    let with = |redirected: String| {
        app.finish(&json!({
            "redirect_uri_with_code": redirected,
            "state": begun["state"],
            "code_verifier": begun["code_verifier"],
        }))
    };
    let bare = address.replace("code_challenge", "not_a_challenge");
    let refused = with(follow(&bare)).expect_err("no proof key");
    assert_eq!(refused.app_code(), Some("oauth.authorization_refused"), "{refused:?}");
    let nobody_there = with(follow(&format!("{address}&prompt=none"))).expect_err("nobody is signed in");
    assert_eq!(nobody_there.app_code(), Some("oauth.access_denied"), "{nobody_there:?}");
    let narrowed = with(follow(&address.replace("write", "everything"))).expect("tokens");
    assert_eq!(narrowed["scope"], "read", "what is granted is what counts");
    let elsewhere = address.replace("127.0.0.1%3A49152", "elsewhere.example");
    assert_ne!(elsewhere, address);
    assert_eq!(visit(&elsewhere).location, None, "nobody is sent to an address that is not registered");
}
