//! Authorizations against a server of the test's own.

mod device;
mod import;
mod removal;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;
use wiremock::matchers::{body_string_contains, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use serde_json::json;

use super::*;
use crate::Call;
use crate::auth::AuthKind;
use crate::capability::{Capability, names};
use crate::http::HttpRequest;
use crate::oauth::{
    AuthorizationStore, Connection, ConnectionState, Grant, OAuth, OAuthClient, RefreshCoordinator,
};
use crate::testing::MemoryTokens;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    url: String,
    client_id: Option<String>,
    client_secret: Option<Secret>,
    redirect_uri: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

#[derive(serde::Serialize, JsonSchema)]
struct Who {
    unique_tenant_id: String,
}

async fn who(call: Call<Settings>, _: Nothing) -> Result<Who> {
    let url = Url::parse(&format!("{}/me", call.settings().url)).expect("a URL");
    let request = HttpRequest::get(url);
    let text = |response: crate::http::HttpResponse| Ok(String::from_utf8_lossy(&response.body).into_owned());
    Ok(Who { unique_tenant_id: call.send(&request, text).await? })
}

fn integration() -> Arc<Integration> {
    let oauth = OAuth::new(|settings: &Settings| {
        let page = format!("{}/authorize?tenant=1", settings.url);
        Ok(OAuthClient::new(page, format!("{}/token", settings.url))
            .device_url(format!("{}/device", settings.url))
            .revocation_url(format!("{}/revoke", settings.url))
            .client_id(settings.client_id.clone())
            .client_secret(settings.client_secret.clone())
            .redirect_uri(settings.redirect_uri.clone()))
    });
    let integration = Integration::builder::<Settings>("example", "1.0.0")
        .name("Example")
        .auth(&[AuthKind::Oauth])
        .oauth(oauth.scopes(&["read"]).grants(&[
            Grant::AuthorizationCode,
            Grant::RefreshToken,
            Grant::DeviceCode,
        ]))
        .capability(Capability::new(names::VALIDATE_CREDENTIALS, who))
        .build();
    Arc::new(integration.expect("the declaration is sound"))
}

/// A host that keeps everything in memory.
#[derive(Default)]
struct Memory {
    pending: Mutex<HashMap<String, Option<PendingAuthorization>>>,
    tokens: MemoryTokens,
}

fn acme() -> ConnectionKey {
    ConnectionKey { app_id: "example".to_owned(), name: "acme".to_owned() }
}

struct Kept(Arc<Memory>, Arc<RefreshCoordinator>);

impl Memory {
    fn connection(&self) -> Option<Connection> {
        self.tokens.connection(&acme())
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<PendingAuthorization>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Kept {
    fn tokens(&self) -> BoxFuture<'_, Result<Option<Arc<RefreshCoordinator>>>> {
        Box::pin(async { Ok(Some(Arc::clone(&self.1))) })
    }

    fn authorizations(&self) -> BoxFuture<'_, Result<Option<Arc<dyn AuthorizationStore>>>> {
        Box::pin(async { Ok(Some(Arc::clone(&self.0) as Arc<dyn AuthorizationStore>)) })
    }
}

impl AuthorizationStore for Memory {
    fn put<'a>(&'a self, state: &'a Secret, pending: &'a PendingAuthorization) -> BoxFuture<'a, Result<()>> {
        self.pending().insert(state.expose().to_owned(), Some(pending.clone()));
        Box::pin(async { Ok(()) })
    }

    fn is_waiting<'a>(&'a self, key: &'a ConnectionKey) -> BoxFuture<'a, Result<bool>> {
        let is_waiting = self.pending().values().flatten().any(|pending| pending.key == *key);
        Box::pin(async move { Ok(is_waiting) })
    }

    fn take<'a>(&'a self, state: &'a Secret) -> BoxFuture<'a, Result<TakenAuthorization>> {
        let taken = match self.pending().get_mut(state.expose()).map(Option::take) {
            Some(Some(pending)) => TakenAuthorization::Fresh(Box::new(pending)),
            Some(None) => TakenAuthorization::Used,
            None => TakenAuthorization::Unknown,
        };
        Box::pin(async { Ok(taken) })
    }
}

/// The app, and who connects to it.
struct World {
    server: MockServer,
    memory: Arc<Memory>,
    host: Arc<dyn Host>,
    integration: Arc<Integration>,
}

impl World {
    async fn new() -> Self {
        let memory = Arc::new(Memory::default());
        let host: Arc<dyn Host> =
            Arc::new(Kept(Arc::clone(&memory), RefreshCoordinator::new(Arc::new(memory.tokens.clone()))));
        Self { server: MockServer::start().await, memory, host, integration: integration() }
    }

    /// The app takes any code, and says that it is for this account.
    async fn accepts(&self, account: &str) {
        self.server.reset().await;
        let tokens = json!({
            "access_token": format!("access-{account}"),
            "refresh_token": "refresh",
            "expires_in": 3600,
            "token_type": "bearer",
        });
        let answer = ResponseTemplate::new(200).set_body_json(tokens);
        Mock::given(method("POST")).and(path("/token")).respond_with(answer).mount(&self.server).await;
        let answer = ResponseTemplate::new(200).set_body_string(account);
        Mock::given(method("GET")).and(path("/me")).respond_with(answer).mount(&self.server).await;
    }

    fn request(&self) -> BeginAuthorization {
        let settings = json!({"url": self.server.uri(), "client_id": "us", "client_secret": "client-secret"});
        BeginAuthorization {
            connection: "acme".to_owned(),
            settings: settings.as_object().cloned().unwrap_or_default(),
            redirect_uri: Some("http://127.0.0.1:1/callback?scope=1".to_owned()),
            ..BeginAuthorization::default()
        }
    }

    async fn begin(&self, request: BeginAuthorization) -> Result<StartedAuthorization> {
        begin(&self.integration, &self.host, request).await
    }

    async fn finish(&self, query: &str, binding: Option<&str>) -> Result<FinishedAuthorization> {
        let find = |app_id: &str| {
            (app_id == "example").then(|| (Arc::clone(&self.integration), Arc::clone(&self.host)))
        };
        finish(&find, query, binding).await
    }

    /// Connects the account that the app tells of.
    async fn connect(&self) {
        let started = self.begin(self.request()).await.unwrap();
        self.finish(&query(&started, "code=c"), None).await.unwrap();
    }

    async fn requests(&self) -> usize {
        self.server.received_requests().await.expect("they are recorded").len()
    }
}

fn query(started: &StartedAuthorization, rest: &str) -> String {
    format!("state={}&{rest}", started.state.expose())
}

fn app_code(outcome: Result<FinishedAuthorization>) -> String {
    let error = outcome.expect_err("it is refused");
    assert!(!format!("{error:?} {:?}", error.hint_text()).contains("secret"), "{error:?}");
    error.app_code().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_code_becomes_a_connection_with_its_account() {
    let world = World::new().await;
    world.accepts("account-1").await;
    let mut request = world.request();
    request.parameters.insert("prompt".to_owned(), "consent now".to_owned());
    request.parameters.insert("redirect_uri".to_owned(), "https://evil.example".to_owned());
    request.return_to = Some("/connections".to_owned());
    let started = world.begin(request).await.unwrap();
    let url = Url::parse(&started.authorization_url).unwrap();
    let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(asked["tenant"], "1", "what the address has stays");
    assert_eq!((&*asked["prompt"], &*asked["client_id"]), ("consent now", "us"));
    assert_eq!(asked["redirect_uri"], started.redirect_uri, "nobody else says where people go");
    assert_eq!((&*asked["code_challenge_method"], asked["code_challenge"].len()), ("S256", 43));
    assert_eq!(asked["state"], started.state.expose());
    assert!(started.state.expose().len() >= 43);
    assert_eq!(world.requests().await, 0);

    let finished = world.finish(&query(&started, "code=c%201"), None).await.unwrap();
    assert_eq!((&*finished.app_id, &*finished.connection), ("example", "acme"));
    assert_eq!(finished.account.as_deref(), Some("account-1"));
    assert_eq!(finished.return_to.as_deref(), Some("/connections"));
    assert!(finished.refresh_token_present && finished.expires_at.is_some());
    let connection = world.memory.connection().unwrap();
    assert_eq!(connection.account.as_deref(), Some("account-1"));
    assert_eq!(connection.tokens.access_token.expose(), "access-account-1");
    assert_eq!(connection.settings["client_id"], "us");
    let requests = world.server.received_requests().await.unwrap();
    let body = String::from_utf8_lossy(&requests[0].body).into_owned();
    let sent: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!(sent["redirect_uri"], "http://127.0.0.1:1/callback?scope=1", "byte for byte");
    assert_eq!((&*sent["code"], sent["code_verifier"].len()), ("c 1", 43));
}

#[tokio::test]
async fn a_callback_works_once() {
    let world = World::new().await;
    world.accepts("account-1").await;
    let started = world.begin(world.request()).await.unwrap();
    world.finish(&query(&started, "code=c"), None).await.unwrap();
    let sent = world.requests().await;
    let again = world.finish(&query(&started, "code=c"), None).await;
    assert_eq!(again.as_ref().unwrap_err().code(), ErrorCode::Conflict);
    assert_eq!(app_code(again), "oauth.flow_already_used");
    assert_eq!(world.requests().await, sent, "nothing more is sent");
}

#[tokio::test]
async fn nothing_is_sent_for_a_callback_that_is_not_as_it_must_be() {
    let world = World::new().await;
    world.accepts("account-1").await;
    for (rest, expected) in [
        ("code=a&code=b", "oauth.callback_malformed"),
        ("code=", "oauth.callback_malformed"),
        ("x=y", "oauth.callback_malformed"),
        ("error=access_denied&error_description=not%20today&code=c", "oauth.access_denied"),
        ("error=temporarily_unavailable", "oauth.server_error"),
        ("error=unauthorized_client", "oauth.authorization_refused"),
        ("error=%3Cscript%3E", "oauth.authorization_refused"),
    ] {
        let started = world.begin(world.request()).await.unwrap();
        assert_eq!(app_code(world.finish(&query(&started, rest), None).await), expected, "{rest}");
    }
    let started = world.begin(world.request()).await.unwrap();
    let long = format!("code={}", "c".repeat(20_000));
    for (query, expected) in [
        (query(&started, &long), "oauth.callback_malformed"),
        (query(&started, &format!("code=c&state={}", started.state.expose())), "oauth.callback_malformed"),
        ("code=c".to_owned(), "oauth.callback_malformed"),
        ("code=c&state=other.abc".to_owned(), "oauth.flow_unknown"),
        ("code=c&state=example.abc".to_owned(), "oauth.flow_unknown"),
        ("code=c&state=abc".to_owned(), "oauth.flow_unknown"),
    ] {
        assert_eq!(app_code(world.finish(&query, None).await), expected, "{query}");
    }
    assert_eq!(world.requests().await, 0);
    assert!(world.memory.connection().is_none());
    // What could not be told apart took nothing away.
    world.finish(&query(&started, "code=c"), None).await.unwrap();
}

#[tokio::test]
async fn only_the_browser_that_began_can_finish() {
    let world = World::new().await;
    world.accepts("account-1").await;
    let bound = || BeginAuthorization { session_binding: Some("cookie".to_owned()), ..world.request() };
    for binding in [None, Some("another"), Some("")] {
        let started = world.begin(bound()).await.unwrap();
        let refused = world.finish(&query(&started, "code=c"), binding).await;
        assert_eq!(app_code(refused), "oauth.other_session");
    }
    assert_eq!(world.requests().await, 0);
    let started = world.begin(bound()).await.unwrap();
    world.finish(&query(&started, "code=c"), Some("cookie")).await.unwrap();
}

#[tokio::test]
async fn an_answer_of_another_server_is_refused() {
    let world = World::new().await;
    world.accepts("account-1").await;
    for (requires, rest, expected) in [
        (true, "code=c", Some("oauth.issuer_mismatch")),
        (true, "code=c&iss=https%3A%2F%2Fother.example", Some("oauth.issuer_mismatch")),
        (false, "error=access_denied&iss=https%3A%2F%2Fother.example", Some("oauth.issuer_mismatch")),
        (true, "code=c&iss=https%3A%2F%2Fissuer.example", None),
        (false, "code=c", None),
    ] {
        let started = world.begin(world.request()).await.unwrap();
        for pending in world.memory.pending().values_mut().flatten() {
            pending.expected_issuer = Some("https://issuer.example".to_owned());
            pending.requires_issuer = requires;
        }
        let outcome = world.finish(&query(&started, rest), None).await;
        match expected {
            Some(expected) => assert_eq!(app_code(outcome), expected, "{rest}"),
            None => assert_eq!(outcome.unwrap().connection, "acme"),
        }
    }
}

#[tokio::test]
async fn another_account_is_refused_and_the_live_connection_stays() {
    let world = World::new().await;
    world.accepts("account-1").await;
    let started = world.begin(world.request()).await.unwrap();
    world.finish(&query(&started, "code=c"), None).await.unwrap();

    world.accepts("account-2").await;
    let started = world.begin(world.request()).await.unwrap();
    assert_eq!(world.memory.connection().unwrap().tokens.access_token.expose(), "access-account-1");
    let error = world.finish(&query(&started, "code=c"), None).await.unwrap_err();
    assert_eq!((error.code(), error.app_code()), (ErrorCode::Conflict, Some("oauth.account_mismatch")));
    assert!(error.message().contains("account-1") && error.message().contains("account-2"), "{error}");
    assert_eq!(world.memory.connection().unwrap().tokens.access_token.expose(), "access-account-1");

    let request = BeginAuthorization { may_change_account: true, ..world.request() };
    let started = world.begin(request).await.unwrap();
    let finished = world.finish(&query(&started, "code=c"), None).await.unwrap();
    assert_eq!(finished.account.as_deref(), Some("account-2"));
    assert_eq!(world.memory.connection().unwrap().account.as_deref(), Some("account-2"));
}

#[tokio::test]
async fn a_code_that_the_app_refuses_keeps_nothing_and_says_so() {
    let world = World::new().await;
    for (status, error, expected) in [
        (400, "invalid_grant", Some("oauth.code_rejected")),
        (401, "invalid_client", Some("oauth.provider_rejected_client")),
        (503, "temporarily_unavailable", Some("oauth.temporarily_unavailable")),
    ] {
        world.server.reset().await;
        let answer = ResponseTemplate::new(status).set_body_json(json!({"error": error}));
        let code = body_string_contains("grant_type=authorization_code");
        Mock::given(path("/token")).and(code).respond_with(answer).mount(&world.server).await;
        let started = world.begin(world.request()).await.unwrap();
        let failed = world.finish(&query(&started, "code=code-1"), None).await.unwrap_err();
        assert_eq!(failed.app_code(), expected, "{failed:?}");
        assert!(failed.hint_text().is_some_and(|hint| !hint.is_empty()), "{failed:?}");
        assert!(!format!("{failed:?}").contains("code-1"));
        assert_eq!(world.requests().await, 1, "a code is sent once");
        assert!(world.memory.connection().is_none());
    }
}

#[tokio::test]
async fn what_cannot_be_finished_is_not_begun() {
    let world = World::new().await;
    let without = |name: &str| {
        let mut request = world.request();
        request.settings.remove(name);
        request
    };
    let mut no_redirect = world.request();
    no_redirect.redirect_uri = None;
    let mut elsewhere = Vec::new();
    for path in ["https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nb", "page"] {
        elsewhere.push(BeginAuthorization { return_to: Some(path.to_owned()), ..world.request() });
    }
    let refused = [without("client_id"), without("client_secret"), no_redirect];
    for request in refused.into_iter().chain(elsewhere) {
        let shown = format!("{request:?}");
        let error = world.begin(request).await.expect_err(&shown);
        assert_eq!(error.code().metadata().category, crate::error::Category::Client, "{error:?}");
    }
    assert!(world.memory.pending().is_empty());
    assert_eq!(
        begin(&world.integration, &(Arc::new(NoHost) as Arc<dyn Host>), world.request())
            .await
            .unwrap_err()
            .code(),
        ErrorCode::UnsupportedOperation
    );
}

#[tokio::test]
async fn a_connection_is_renewed_with_the_settings_that_it_has() {
    let world = World::new().await;
    world.accepts("account-1").await;
    let started = world.begin(world.request()).await.unwrap();
    world.finish(&query(&started, "code=c"), None).await.unwrap();
    let revoked =
        Connection { state: ConnectionState::ReauthorizationRequired, ..world.memory.connection().unwrap() };
    world.memory.tokens.put_over_lock(&acme(), &revoked);
    let request = BeginAuthorization { settings: Map::new(), ..world.request() };
    let started = world.begin(request).await.unwrap();
    world.finish(&query(&started, "code=c"), None).await.unwrap();
    assert_eq!(world.memory.connection().unwrap().state, ConnectionState::Active);
}
