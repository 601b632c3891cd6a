//! How requests carry the credentials of a call, over real HTTP.

#![expect(clippy::unwrap_used, reason = "what tests share may fail as they do")]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connector_core::auth::{AccessToken, Auth, AuthKind, Authentication, NamedCredential};
use connector_core::capability::Capability;
use connector_core::dispatch::dispatch;
use connector_core::envelope::RequestEnvelope;
use connector_core::error::{AppErrors, ErrorRule};
use connector_core::host::{Host, NoHost};
use connector_core::http::HttpRequest;
use connector_core::integration::{Integration, IntegrationBuilder};
use connector_core::oauth::{AssertionGrant, OAuth, OAuthClient};
use connector_core::settings::TenantHost;
use connector_core::{Call, ConnectorError, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

#[derive(Deserialize, JsonSchema)]
struct Settings {
    server: String,
}

#[derive(Deserialize, JsonSchema)]
struct Ask {
    /// Which of several credentials to use.
    credential: Option<String>,
}

fn url(settings: &Settings, path: &str) -> Url {
    Url::parse(&format!("{}/{path}", settings.server)).unwrap()
}

async fn ask(call: Call<Settings>, request: Ask) -> Result<()> {
    let call = match request.credential {
        Some(id) => call.using(&id)?,
        None => call,
    };
    call.send(&HttpRequest::get(url(call.settings(), "thing")), |_| Ok(())).await
}

/// Exchanges a user name and a password for a session.
async fn sign_in(call: Call<Settings>, auth: Auth) -> Result<AccessToken> {
    let Auth::Basic(basic) = auth else {
        return Err(ConnectorError::new(ErrorCode::InternalError, "no password"));
    };
    let body = json!({"user": basic.username, "password": basic.password.expose()});
    let request = HttpRequest::post_json(url(call.settings(), "session"), &body);
    let session: Value =
        call.send(&request, |response| Ok(serde_json::from_slice(&response.body).unwrap())).await?;
    let token = session["session"].as_str().unwrap().to_owned();
    Ok(AccessToken::new(token).expires_in(Duration::from_mins(10)))
}

fn builder() -> IntegrationBuilder<Settings> {
    Integration::builder("example", "1").capability(Capability::new("ask", ask))
}

struct App {
    server: MockServer,
    integration: Arc<Integration>,
}

impl App {
    async fn of(builder: IntegrationBuilder<Settings>) -> Self {
        Self { server: MockServer::start().await, integration: Arc::new(builder.build().unwrap()) }
    }

    async fn answers(&self, at: &str, answer: ResponseTemplate) {
        Mock::given(path(at)).respond_with(answer).mount(&self.server).await;
    }

    async fn call(&self, envelope: Value) -> Result<()> {
        let mut envelope = RequestEnvelope::parse(&envelope.to_string())?;
        envelope.settings.insert("server".into(), self.server.uri().into());
        let host: Arc<dyn Host> = Arc::new(NoHost);
        dispatch(&self.integration, "ask", envelope, &host).await.map(drop)
    }

    async fn refused(&self, envelope: Value) -> (ErrorCode, String) {
        let error = self.call(envelope).await.unwrap_err();
        (error.code(), error.message().to_owned())
    }

    async fn sent(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }

    /// The only request of a call with this credential.
    async fn request_with(builder: IntegrationBuilder<Settings>, auth: Value) -> Request {
        let app = Self::of(builder).await;
        app.answers("/thing", ResponseTemplate::new(200)).await;
        app.call(json!({"auth": auth})).await.unwrap();
        app.sent().await.remove(0)
    }
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).map(|value| value.to_str().unwrap())
}

fn token() -> Value {
    json!({"token": {"token": "s3cret/+1"}})
}

#[tokio::test]
async fn a_token_goes_where_the_declaration_says() {
    let with = |how| App::request_with(builder().authenticate(AuthKind::Token, how), token());
    let bearer = App::request_with(builder().auth(&[AuthKind::Token]), token()).await;
    assert_eq!(header(&bearer, "authorization"), Some("Bearer s3cret/+1"));
    let named = with(Authentication::header("X-Api-Key")).await;
    assert_eq!((header(&named, "x-api-key"), header(&named, "authorization")), (Some("s3cret/+1"), None));
    let prefixed = with(Authentication::prefixed("Authorization", "SSWS ")).await;
    assert_eq!(header(&prefixed, "authorization"), Some("SSWS s3cret/+1"));
    let query = with(Authentication::query("key")).await;
    assert_eq!((query.url.query(), header(&query, "authorization")), (Some("key=s3cret%2F%2B1"), None));
    let user = with(Authentication::basic()).await;
    assert_eq!(header(&user, "authorization"), Some("Basic czNjcmV0LysxOg=="));
    let custom = with(Authentication::custom(|_, auth, request| {
        Ok(request.header("x-length", &auth.token().unwrap().expose().len().to_string()))
    }));
    assert_eq!(header(&custom.await, "x-length"), Some("9"));
}

#[tokio::test]
async fn what_the_app_repeats_of_a_credential_is_masked() {
    let query = builder().authenticate(AuthKind::Token, Authentication::query("key"));
    let app = App::of(query.auth(&[AuthKind::Basic])).await;
    app.answers("/thing", ResponseTemplate::new(422).set_body_string("what is s3cret/+1 or hunter2?")).await;
    let (_, message) = app.refused(json!({"auth": token()})).await;
    assert_eq!(message, "what is ******** or hunter2?");
    let basic = json!({"auth": {"basic": {"username": "u", "password": "hunter2"}}});
    assert_eq!(app.refused(basic).await.1, "what is s3cret/+1 or ********?");
}

#[tokio::test]
async fn a_session_serves_many_calls_until_the_app_refuses_it() {
    let how = Authentication::header("X-Session").exchanged(sign_in);
    let app = App::of(builder().authenticate(AuthKind::Basic, how)).await;
    app.answers("/session", ResponseTemplate::new(200).set_body_json(json!({"session": "abc-1"}))).await;
    app.answers("/thing", ResponseTemplate::new(200)).await;
    let as_user = |password: &str| json!({"auth": {"basic": {"username": "u", "password": password}}});
    app.call(as_user("one")).await.unwrap();
    app.call(as_user("one")).await.unwrap();
    app.call(as_user("two")).await.unwrap();
    let sent = app.sent().await;
    let sessions: Vec<_> = sent.iter().filter(|request| request.url.path() == "/session").collect();
    assert_eq!(sessions.len(), 2, "one for each credential");
    assert!(sessions.iter().all(|session| header(session, "x-session").is_none()));
    assert!(
        sent.iter()
            .filter(|sent| sent.url.path() == "/thing")
            .all(|sent| header(sent, "x-session") == Some("abc-1"))
    );

    app.server.reset().await;
    app.answers("/session", ResponseTemplate::new(200).set_body_json(json!({"session": "abc-2"}))).await;
    let gone = Mock::given(path("/thing")).and(wiremock::matchers::header("x-session", "abc-1"));
    gone.respond_with(ResponseTemplate::new(401)).with_priority(1).mount(&app.server).await;
    app.answers("/thing", ResponseTemplate::new(200)).await;
    app.call(as_user("one")).await.unwrap();
    let paths: Vec<_> = app.sent().await.iter().map(|sent| sent.url.path().to_owned()).collect();
    assert_eq!(paths, ["/thing", "/session", "/thing"]);
}

fn service_account(key: &str) -> Value {
    json!({"service_account": {
        "key": {"client_email": "robot@example.com", "private_key": key, "private_key_id": "k-1",
                "token_uri": "http://127.0.0.1:1/elsewhere"},
        "impersonation_email": "admin@example.com",
    }})
}

fn by_assertion() -> IntegrationBuilder<Settings> {
    let how = Authentication::bearer().asserted(|settings: &Settings| {
        Ok(AssertionGrant::new(format!("{}/token", settings.server)).scopes(&["read", "write"]))
    });
    builder().authenticate(AuthKind::ServiceAccount, how)
}

#[tokio::test]
async fn a_service_account_signs_for_a_token_that_is_kept() {
    let app = App::of(by_assertion()).await;
    let tokens = json!({"access_token": "at-1", "token_type": "Bearer", "expires_in": 3600});
    app.answers("/token", ResponseTemplate::new(200).set_body_json(tokens)).await;
    app.answers("/thing", ResponseTemplate::new(200)).await;
    let auth = json!({"auth": service_account(include_str!("oauth/keys/rsa.pem"))});
    app.call(auth.clone()).await.unwrap();
    app.call(auth).await.unwrap();
    let sent = app.sent().await;
    let paths: Vec<_> = sent.iter().map(|sent| sent.url.path()).collect();
    assert_eq!(paths, ["/token", "/thing", "/thing"]);
    assert_eq!(header(&sent[1], "authorization"), Some("Bearer at-1"));
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&sent[0].body).into_owned().collect();
    assert_eq!(form.len(), 2);
    assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let claims = |part: usize| -> Value {
        let part = form[1].1.split('.').nth(part).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!((&claims(0)["kid"], &claims(0)["alg"]), (&json!("k-1"), &json!("RS256")));
    assert_eq!(claims(1)["iss"], "robot@example.com");
    assert_eq!(claims(1)["sub"], "admin@example.com");
    assert_eq!(claims(1)["scope"], "read write");
    assert_eq!(claims(1)["aud"], format!("{}/token", app.server.uri()));
}

#[tokio::test]
async fn an_assertion_that_the_app_refuses_shows_no_part_of_the_key() {
    let app = App::of(by_assertion()).await;
    let echo = |request: &Request| {
        let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        ResponseTemplate::new(400).set_body_json(
            json!({"error": "invalid_grant", "error_description": format!("bad {}", form[1].1)}),
        )
    };
    Mock::given(any()).respond_with(echo).mount(&app.server).await;
    let (_, message) =
        app.refused(json!({"auth": service_account(include_str!("oauth/keys/rsa.pem"))})).await;
    assert!(message.contains("bad") && !message.contains("eyJ"), "{message}");
    let (code, message) = app.refused(json!({"auth": service_account("hunter2")})).await;
    assert_eq!(code, ErrorCode::InvalidValue);
    assert!(!message.contains("hunter2"), "{message}");
    let (_, message) = app.refused(json!({"auth": {"service_account": {"key": "hunter2"}}})).await;
    assert_eq!(message, "/auth/service_account/key must be of type object");
}

#[tokio::test]
async fn of_several_credentials_each_request_carries_the_one_that_is_named() {
    let several = builder().credential(NamedCredential::new("api", AuthKind::Token)).credential(
        NamedCredential::new("reports", AuthKind::Token)
            .carried(Authentication::header("X-Reports"))
            .optional(),
    );
    let app = App::of(several).await;
    app.answers("/thing", ResponseTemplate::new(200)).await;
    let api = json!({"id": "api", "token": {"token": "api-1"}, "basic": null});
    let reports = json!({"id": "reports", "token": {"token": "reports-1"}});
    app.call(json!({"credentials": [reports, api]})).await.unwrap();
    app.call(json!({"credentials": [reports, api], "request": {"credential": "reports"}})).await.unwrap();
    let sent = app.sent().await;
    assert_eq!(
        (header(&sent[0], "authorization"), header(&sent[0], "x-reports")),
        (Some("Bearer api-1"), None)
    );
    assert_eq!((header(&sent[1], "authorization"), header(&sent[1], "x-reports")), (None, Some("reports-1")));

    let refused = |list: Value| app.refused(json!({"credentials": list}));
    assert_eq!(refused(json!([reports])).await.1, "/credentials lacks the one with the id `api`");
    assert_eq!(refused(json!([])).await.1, "/credentials lacks the one with the id `api`");
    let unknown = json!([{"id": "other", "token": {"token": "x"}}]);
    assert_eq!(refused(unknown).await.1, "/credentials/0/id must be one of \"api\", \"reports\"");
    let of_another_kind = json!([{"id": "api", "basic": {"username": "u", "password": "p"}}]);
    assert_eq!(refused(of_another_kind).await.1, "/credentials/0 must be a credential of the kind `token`");
    assert_eq!(refused(json!([api, api])).await.1, "/credentials/1/id is there twice");
    let stored = json!([{"id": "api", "stored": {"connection": "acme"}}]);
    assert_eq!(refused(stored).await.0, ErrorCode::UnknownValue);
    let absent = json!({"credentials": [api], "request": {"credential": "reports"}});
    assert_eq!(app.refused(absent).await.1, "/credentials has none with the id `reports`");
}

#[tokio::test]
async fn the_only_credential_may_stand_in_the_list() {
    let app = App::of(builder().auth(&[AuthKind::Token])).await;
    app.answers("/thing", ResponseTemplate::new(200)).await;
    app.call(json!({"credentials": [{"id": "whatever", "token": {"token": "t-1"}}]})).await.unwrap();
    assert_eq!(header(&app.sent().await[0], "authorization"), Some("Bearer t-1"));
    let two = json!({"credentials": [token(), token()]});
    assert_eq!(app.refused(two).await.1, "/credentials has 2 credentials, and example takes one");
    let (code, message) =
        app.refused(json!({"credentials": [{"basic": {"username": "u", "password": "p"}}]})).await;
    assert_eq!(code, ErrorCode::UnknownValue);
    assert!(message.starts_with("/credentials/0 has a kind of credential"), "{message}");
}

#[derive(Deserialize, JsonSchema)]
struct OfTenant {
    /// The customer's own address at the app.
    tenant: TenantHost,
}

#[expect(clippy::unnecessary_wraps, reason = "a declaration takes settings that may be wrong")]
fn server_of_tenant(settings: &OfTenant) -> Result<OAuthClient> {
    let server = settings.tenant.server();
    Ok(OAuthClient::new(server.at("oauth/authorize"), server.at("oauth/token"))
        .client_id("id".to_owned())
        .redirect_uri("https://connect.example.com/callback".to_owned()))
}

#[tokio::test]
async fn people_agree_at_the_address_of_their_own_tenant() {
    let integration = Integration::builder::<OfTenant>("example", "1")
        .auth(&[AuthKind::Oauth])
        .oauth(OAuth::new(server_of_tenant))
        .base_url(|settings| settings.tenant.server())
        .build()
        .unwrap();
    let integration = Arc::new(integration);
    let ask = async |tenant: &str| {
        let envelope = json!({"settings": {"tenant": tenant}}).to_string();
        let host: Arc<dyn Host> = Arc::new(NoHost);
        let envelope = RequestEnvelope::parse(&envelope)?;
        let answer = dispatch(&integration, "get_authorization_url", envelope, &host).await?;
        Ok::<Value, ConnectorError>(serde_json::from_str(answer.response.get()).unwrap())
    };
    let address = ask("Acme.example.com").await.unwrap()["authorization_url"].as_str().unwrap().to_owned();
    assert!(address.starts_with("https://acme.example.com/oauth/authorize?"), "{address}");
    for wrong in
        ["acme.example.com/elsewhere", "acme.example.com@evil.example", "10.0.0.1", "acme.example.com:25"]
    {
        let error = ask(wrong).await.unwrap_err();
        assert_eq!((error.code(), error.pointer()), (ErrorCode::InvalidValue, Some("/settings/tenant")));
        assert!(
            error.message().contains("the name of a host") && !error.message().contains(wrong),
            "{error}"
        );
    }
}

async fn refused(call: Call<Settings>, _: Ask) -> Result<()> {
    call.get("thing").done().await
}

#[tokio::test]
async fn a_refusal_names_the_scopes_that_were_needed() {
    const ERRORS: AppErrors =
        AppErrors::at("/code", "/text").rules(&[
            ErrorRule::code("plan", ErrorCode::PermissionDenied).hint("the plan does not include it")
        ]);
    let capability = Capability::new("ask", refused).scopes(&["things.read", "users.read"]);
    let integration = Integration::builder::<Settings>("example", "1")
        .base_url(|settings| settings.server.parse().unwrap())
        .errors(ERRORS)
        .capability(capability);
    let app = App::of(integration).await;
    app.answers("/thing", ResponseTemplate::new(402).set_body_json(json!({"code": "plan", "text": "No"})))
        .await;
    let error = app.call(json!({})).await.unwrap_err();
    assert_eq!((error.code(), error.app_code()), (ErrorCode::PermissionDenied, Some("example.plan")));
    let hint = "the plan does not include it; it needs the scopes things.read, users.read";
    assert_eq!(error.hint_text(), Some(hint));
}

#[test]
fn a_way_that_cannot_carry_a_credential_is_no_declaration() {
    let mistake = |builder: IntegrationBuilder<Settings>| builder.build().err().unwrap().to_string();
    let password = mistake(builder().authenticate(AuthKind::Basic, Authentication::header("X-Api-Key")));
    assert!(password.contains("`basic`") && password.contains(".exchanged("), "{password}");
    let header = mistake(builder().authenticate(AuthKind::Token, Authentication::header("X Api Key")));
    assert!(header.contains("`token`") && header.contains("header"), "{header}");
    let one = || NamedCredential::new("api", AuthKind::Token);
    let twice = mistake(builder().credential(one()).credential(one()));
    assert!(twice.starts_with("credential `api` is declared twice"), "{twice}");
}
