//! An app whose authorization server answers what a test says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connector_core::auth::AuthKind;
use connector_core::call::Call;
use connector_core::capability::Capability;
use connector_core::dispatch::dispatch;
use connector_core::envelope::RequestEnvelope;
use connector_core::host::{Host, NoHost};
use connector_core::http::HttpRequest;
use connector_core::integration::Integration;
use connector_core::oauth::{ClientAuthentication, Grant, OAuth, OAuthClient};
use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// Settings of the integration of the tests.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Settings {
    /// Where everything is.
    server: String,
    authorize_query: String,
    authentication: String,
    client_id: Option<String>,
    client_secrets: Vec<Secret>,
    client_key: Option<Secret>,
    parameters: BTreeMap<String, String>,
    default_expires_in: Option<u64>,
    maximum_expiry_seconds: Option<u64>,
    issuer: Option<String>,
    promises_issuer: bool,
    /// Where the server publishes its endpoints; `issuer` for the places that follow from the issuer.
    discovery: Option<String>,
}

#[expect(clippy::unnecessary_wraps, reason = "a declaration takes settings that may be wrong")]
fn client(settings: &Settings) -> Result<OAuthClient> {
    let at = |name: &str| format!("{}/{name}", settings.server);
    let client = match settings.discovery.as_deref() {
        Some("issuer") => OAuthClient::discovered(settings.issuer.clone().unwrap_or_default()),
        discovery => {
            let authorize = format!("{}{}", at("authorize"), settings.authorize_query);
            let client = OAuthClient::new(authorize, at("token"))
                .device_url(at("device"))
                .introspection_url(at("introspect"));
            match discovery {
                Some(address) => client.discovery_url(address),
                None => client.revocation_url(at("revoke")),
            }
        }
    };
    let client = client
        .authentication(match settings.authentication.as_str() {
            "basic" => ClientAuthentication::Basic,
            "none" => ClientAuthentication::None,
            "private_key" => ClientAuthentication::PrivateKey,
            _ => ClientAuthentication::Post,
        })
        .client_id(settings.client_id.clone())
        .client_secrets(settings.client_secrets.clone())
        .client_key(settings.client_key.clone())
        .redirect_uri("http://localhost:9/cb".to_owned())
        .default_expires_in(settings.default_expires_in.map(Duration::from_secs))
        .maximum_expiry(settings.maximum_expiry_seconds.map(Duration::from_secs));
    let client = settings.parameters.iter().fold(client, |client, (name, value)| {
        client.authorize_parameter(name, value).token_parameter(name, value)
    });
    let client = match &settings.issuer {
        Some(issuer) => client.issuer(issuer),
        None => client,
    };
    Ok(if settings.promises_issuer { client.promises_issuer() } else { client })
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

/// Reads two things of the app's API.
async fn read_twice(call: Call<Settings>, _: Nothing) -> Result<bool> {
    let url = Url::parse(&format!("{}/api", call.settings().server)).expect("a URL");
    for _ in 0..2 {
        let read = |response: connector_core::http::HttpResponse| match response.status {
            200 => Ok(()),
            _ => Err(ConnectorError::new(ErrorCode::Unauthorized, "refused")),
        };
        call.send(&HttpRequest::get(url.clone()), read).await?;
    }
    Ok(true)
}

pub(crate) const ALL_GRANTS: &[Grant] = &[
    Grant::AuthorizationCode,
    Grant::RefreshToken,
    Grant::ClientCredentials,
    Grant::DeviceCode,
    Grant::TokenExchange,
];

/// An integration, and the server that it talks to.
pub(crate) struct App {
    pub(crate) server: MockServer,
    integration: Arc<Integration>,
    settings: Map<String, Value>,
}

/// A request that the server got.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) accept: Option<String>,
    pub(crate) form: BTreeMap<String, String>,
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::of(
            OAuth::new(client).scopes(&["read", "write"]).grants(ALL_GRANTS).revocation().introspection(),
        )
        .await
    }

    /// An app that fixes the scopes at registration, and offers what apps offer when they say no more.
    pub(crate) async fn plain() -> Self {
        Self::of(OAuth::new(client).scopes_at_registration(&["read"])).await
    }

    async fn of(oauth: OAuth<Settings>) -> Self {
        let server = MockServer::start().await;
        let integration = Integration::builder::<Settings>("example", "1")
            .auth(&[AuthKind::Oauth, AuthKind::OauthClientCredentials])
            .oauth(oauth)
            .capability(Capability::new("read_twice", read_twice))
            .build()
            .unwrap();
        let app = Self { server, integration: Arc::new(integration), settings: Map::new() };
        let uri = app.server.uri();
        app.with("server", json!(uri))
            .with("client_id", json!("id"))
            .with("client_secrets", json!(["s3cret-1"]))
    }

    /// The same with another setting; `null` takes it away.
    pub(crate) fn with(mut self, setting: &str, value: Value) -> Self {
        if value.is_null() {
            self.settings.remove(setting);
        } else {
            self.settings.insert(setting.to_owned(), value);
        }
        self
    }

    /// Answers at an address with these in turn, the last one for ever.
    pub(crate) async fn answers(&self, at: &str, answers: Vec<ResponseTemplate>) {
        let last = answers.len();
        for (position, answer) in answers.into_iter().enumerate() {
            let priority = u8::try_from(position + 1).unwrap();
            let mock = Mock::given(any()).and(path(at)).respond_with(answer).with_priority(priority);
            let mock = if position + 1 < last { mock.up_to_n_times(1) } else { mock };
            mock.mount(&self.server).await;
        }
    }

    /// Answers of the token endpoint.
    pub(crate) async fn grants(&self, answers: Vec<ResponseTemplate>) {
        self.answers("/token", answers).await;
    }

    pub(crate) async fn call(&self, capability: &str, request: Value) -> Result<Value> {
        self.call_as(capability, request, Value::Null).await
    }

    pub(crate) async fn call_as(&self, capability: &str, request: Value, auth: Value) -> Result<Value> {
        let auth = auth.as_object().cloned();
        self.call_with(capability, request, RequestEnvelope { auth, ..RequestEnvelope::default() }).await
    }

    /// Calls with what the envelope says beside the request and the settings.
    pub(crate) async fn call_with(
        &self,
        capability: &str,
        request: Value,
        envelope: RequestEnvelope,
    ) -> Result<Value> {
        let envelope = RequestEnvelope {
            request: request.as_object().cloned().unwrap(),
            settings: self.settings.clone(),
            ..envelope
        };
        let host: Arc<dyn Host> = Arc::new(NoHost);
        let answer = dispatch(&self.integration, capability, envelope, &host).await?;
        Ok(serde_json::from_str(answer.response.get()).unwrap())
    }

    /// Refreshes, as the simplest request for tokens.
    pub(crate) async fn refresh(&self) -> Result<Value> {
        self.call("refresh_access_token", json!({"refresh_token": "refresh-1"})).await
    }

    pub(crate) fn capabilities(&self) -> Vec<&'static str> {
        self.integration.capabilities().map(Capability::name).collect()
    }

    /// What the server got so far.
    pub(crate) async fn sent(&self) -> Vec<Sent> {
        let read = |request: &Request| Sent {
            path: request.url.path().to_owned(),
            authorization: header(request, "authorization"),
            accept: header(request, "accept"),
            form: url::form_urlencoded::parse(&request.body).into_owned().collect(),
        };
        self.server.received_requests().await.unwrap().iter().map(read).collect()
    }

    /// The only request that the server got.
    pub(crate) async fn only_sent(&self) -> Sent {
        let mut sent = self.sent().await;
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
}

/// An answer with a JSON body.
pub(crate) fn json_answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// An answer with tokens.
pub(crate) fn tokens() -> ResponseTemplate {
    json_answer(200, json!({"access_token": "access-1", "token_type": "bearer", "expires_in": 3600}))
}
