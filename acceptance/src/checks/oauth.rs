//! The OAuth capabilities, against a provider of the kit's own: what goes to it, what comes back, and what is never sent.

use std::sync::Arc;

use bytes::Bytes;
use hyper::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Problem, Verdict, ensure};
use crate::context::{Context, NO_ADDRESS};
use crate::contract;
use crate::http;
use crate::provider::{self, Manner, Provider};
use crate::run::Run;

const REDIRECT_URI: &str = "http://127.0.0.1:1/callback";
const STATE: &str = "state-of-the-kit";

const URL: &str = "get_authorization_url";
const CALLBACK: &str = "handle_authorization_callback";
const REFRESH: &str = "refresh_access_token";
const CLIENT_CREDENTIALS: &str = "handle_client_credentials_request";

/// Walks through OAuth with the stand-in, as somebody would who agrees at once.
pub(crate) async fn authorized(context: &Context) -> Option<Value> {
    if !context.declared.has(URL) || !context.declared.has(CALLBACK) {
        return None;
    }
    let request = json!({
        "redirect_uri": REDIRECT_URI,
        "state": STATE,
        "scopes": context.declared.scopes(),
        "client_id": context.settings.get("client_id"),
    });
    let made = context.call(URL, &envelope(&request, &context.settings)).await.response()?;
    let address = Url::parse(made["authorization_url"].as_str()?).ok()?;
    let path = &address[url::Position::BeforePath..url::Position::AfterQuery];
    let asked = Request::builder().uri(path).body(Bytes::new()).ok()?;
    let agreed = http::send(&address, asked).await.ok()?;
    let location = agreed.headers().get("location")?.to_str().ok()?.to_owned();
    let request = json!({
        "redirect_uri_with_code": location,
        "state": STATE,
        "code_verifier": made["code_verifier"],
        "client_id": context.settings.get("client_id"),
        "client_secret": context.settings.get("client_secret"),
    });
    let tokens = context.call(CALLBACK, &envelope(&request, &context.settings)).await.response()?;
    context
        .subject
        .watch
        .secret("the stand-in's refresh token", tokens["refresh_token"].as_str().unwrap_or_default());
    Some(json!({"oauth": {"access_token": tokens["access_token"].as_str()?}}))
}

fn envelope(request: &Value, settings: &Map<String, Value>) -> Value {
    json!({"request": request, "settings": settings})
}

/// A connector whose settings lead to a provider.
struct Scene {
    context: Arc<Context>,
    provider: Provider,
    settings: Map<String, Value>,
}

async fn scene(context: Arc<Context>, capability: &str, manner: Manner) -> Result<Scene, Problem> {
    if !context.declared.has(capability) {
        return Err(Problem::skipped(format!("it has no capability {capability}")));
    }
    let addresses = context.addresses();
    if addresses.is_empty() {
        return Err(Problem::wants("addresses", NO_ADDRESS));
    }
    let provider = Provider::start(manner).await.map_err(|error| Problem::failed(error.to_string()))?;
    let mut settings = context.settings.clone();
    for (name, address) in addresses {
        let origin = address.origin().ascii_serialization();
        let value = settings[&name].as_str().unwrap_or_default().replacen(&origin, &provider.origin(), 1);
        settings.insert(name, value.into());
    }
    for (called, secret) in [
        ("a client secret", provider::CLIENT_SECRET),
        ("a code", provider::CODE),
        ("an access token", provider::ACCESS_TOKEN),
        ("a refresh token", provider::REFRESH_TOKEN),
        ("a new refresh token", provider::NEW_REFRESH_TOKEN),
    ] {
        context.subject.watch.secret(called, secret);
    }
    Ok(Scene { context, provider, settings })
}

impl Scene {
    async fn call(&self, capability: &str, request: &Value) -> Run {
        self.context.call(capability, &envelope(request, &self.settings)).await
    }

    /// The address where people agree, and the verifier.
    async fn begin(&self) -> Result<(Url, String), Problem> {
        let request = json!({
            "client_id": provider::CLIENT_ID,
            "scopes": self.context.declared.scopes(),
            "redirect_uri": REDIRECT_URI,
            "state": STATE,
        });
        let run = self.call(URL, &request).await;
        let response = run.response().unwrap_or_default();
        let address = response["authorization_url"].as_str().and_then(|address| Url::parse(address).ok());
        let address =
            address.ok_or_else(|| Problem::failed(format!("no authorization_url: {}", run.outcome())))?;
        let verifier = response["code_verifier"].as_str().unwrap_or_default().to_owned();
        ensure(verifier.len() >= 43, || "no code_verifier of 43 characters or more".to_owned())?;
        Ok((address, verifier))
    }

    async fn come_back(&self, query: &str, verifier: &str) -> Run {
        let request = json!({
            "client_id": provider::CLIENT_ID,
            "client_secret": provider::CLIENT_SECRET,
            "redirect_uri_with_code": format!("{REDIRECT_URI}?{query}"),
            "state": STATE,
            "code_verifier": verifier,
        });
        self.call(CALLBACK, &request).await
    }

    async fn refresh(&self) -> Run {
        let request = json!({
            "client_id": provider::CLIENT_ID,
            "client_secret": provider::CLIENT_SECRET,
            "refresh_token": provider::REFRESH_TOKEN,
        });
        self.call(REFRESH, &request).await
    }

    /// What was posted, which must have been this once.
    fn posted(&self, field: &str, wanted: &str) -> Result<(), Problem> {
        let posts = self.provider.posts();
        ensure(posts.len() == 1, || format!("the provider was asked {} times for tokens", posts.len()))?;
        let is_right = posts.iter().all(|post| post.get(field).is_some_and(|value| value == wanted));
        ensure(is_right, || format!("the provider got no `{field}`, or another one than it must be"))
    }

    fn nothing_posted(&self, run: &Run, why: &str) -> Result<(), Problem> {
        ensure(run.error().is_some(), || format!("{why} is no error: {}", run.outcome()))?;
        let code = run.error_code().unwrap_or_default();
        ensure(!contract::is_retryable(&code), || format!("{why} ends with {code}, as if it would pass"))?;
        let posts = self.provider.posts().len();
        ensure(posts == 0, || format!("{why}, and {posts} requests went to the provider all the same"))
    }
}

fn handed_out(run: &Run, refresh_token: &str) -> Result<Value, Problem> {
    let tokens = run.response().ok_or_else(|| Problem::failed(format!("no tokens: {}", run.outcome())))?;
    for (field, wanted) in
        [("access_token", provider::ACCESS_TOKEN), ("refresh_token", refresh_token), ("token_type", "Bearer")]
    {
        ensure(tokens[field].as_str().is_some_and(|found| found.eq_ignore_ascii_case(wanted)), || {
            format!("{field} is not the one that the provider told")
        })?;
    }
    ensure(tokens["expires_in"] == provider::LIFETIME, || "expires_in is lost".to_owned())?;
    let expires_at: Option<Timestamp> = tokens["expires_at"].as_str().and_then(|at| at.parse().ok());
    let left = expires_at.map(|at| at.duration_since(Timestamp::now()));
    let is_right = left.is_some_and(|left| {
        (left - SignedDuration::from_secs(provider::LIFETIME)).abs() < SignedDuration::from_secs(120)
    });
    ensure(is_right, || "expires_at is not the time that expires_in tells".to_owned())?;
    Ok(tokens)
}

pub(crate) async fn authorization_url(context: Arc<Context>) -> Verdict {
    let scene = scene(context, URL, Manner::Rotating).await?;
    let (address, verifier) = scene.begin().await?;
    let said = |name: &str| -> Vec<String> {
        address.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
    };
    for (name, wanted) in [
        ("response_type", "code"),
        ("client_id", provider::CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("state", STATE),
        ("code_challenge_method", "S256"),
        ("code_challenge", &provider::challenge(&verifier)),
    ] {
        ensure(said(name) == [wanted], || format!("the address does not say the right `{name}` once"))?;
    }
    ensure(scene.provider.posts().is_empty(), || "the provider was asked for tokens".to_owned())?;
    Ok("with state and PKCE".to_owned())
}

pub(crate) async fn callback(context: Arc<Context>) -> Verdict {
    let scene = scene(context, CALLBACK, Manner::Rotating).await?;
    let (_, verifier) = scene.begin().await?;
    let run = scene.come_back(&format!("code={}&state={STATE}", provider::CODE), &verifier).await;
    let tokens = handed_out(&run, provider::NEW_REFRESH_TOKEN)?;
    ensure(tokens["state"] == STATE, || "the state does not come back".to_owned())?;
    for (field, wanted) in [
        ("grant_type", "authorization_code"),
        ("code", provider::CODE),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", &verifier),
        ("client_id", provider::CLIENT_ID),
        ("client_secret", provider::CLIENT_SECRET),
    ] {
        scene.posted(field, wanted)?;
    }
    let slow = self::scene(Arc::clone(&scene.context), CALLBACK, Manner::Slow).await?;
    let (_, verifier) = slow.begin().await?;
    let run = slow.come_back(&format!("code={}&state={STATE}", provider::CODE), &verifier).await;
    handed_out(&run, provider::NEW_REFRESH_TOKEN)?;
    Ok("code, verifier and client went out; tokens, expiry and state came back, of a slow provider too"
        .to_owned())
}

pub(crate) async fn state(context: Arc<Context>) -> Verdict {
    let scene = scene(context, CALLBACK, Manner::Rotating).await?;
    let (_, verifier) = scene.begin().await?;
    for (query, why) in [
        (format!("code={}&state=another", provider::CODE), "another state"),
        (format!("code={}", provider::CODE), "no state"),
    ] {
        let run = scene.come_back(&query, &verifier).await;
        scene.nothing_posted(&run, why)?;
    }
    Ok("another one and none are refused, and nothing is posted".to_owned())
}

pub(crate) async fn denied(context: Arc<Context>) -> Verdict {
    let scene = scene(context, CALLBACK, Manner::Rotating).await?;
    let (_, verifier) = scene.begin().await?;
    let query = format!("error=access_denied&error_description=no&state={STATE}");
    let run = scene.come_back(&query, &verifier).await;
    scene.nothing_posted(&run, "a redirect with error=access_denied")?;
    Ok(run.outcome())
}

pub(crate) async fn two_codes(context: Arc<Context>) -> Verdict {
    let scene = scene(context, CALLBACK, Manner::Rotating).await?;
    let (_, verifier) = scene.begin().await?;
    let run =
        scene.come_back(&format!("code={}&code=another&state={STATE}", provider::CODE), &verifier).await;
    scene.nothing_posted(&run, "a redirect with two codes")?;
    Ok(run.outcome())
}

pub(crate) async fn refresh(context: Arc<Context>) -> Verdict {
    let rotating = scene(context, REFRESH, Manner::Rotating).await?;
    handed_out(&rotating.refresh().await, provider::NEW_REFRESH_TOKEN)?;
    rotating.posted("grant_type", "refresh_token")?;
    rotating.posted("refresh_token", provider::REFRESH_TOKEN)?;
    let keeping = scene(Arc::clone(&rotating.context), REFRESH, Manner::Keeping).await?;
    handed_out(&keeping.refresh().await, provider::REFRESH_TOKEN)?;
    Ok("a new refresh token, or the old one where there is no new one".to_owned())
}

pub(crate) async fn revoked(context: Arc<Context>) -> Verdict {
    let scene = scene(context, REFRESH, Manner::Revoked).await?;
    let run = scene.refresh().await;
    super::refused_with(&run, &["creds_revoked", "unauthorized", "authentication_expired"], "invalid_grant")?;
    Ok(run.outcome())
}

/// A provider that answers with a page is not believed, and one that is down is told apart.
pub(crate) async fn nonsense(context: Arc<Context>) -> Verdict {
    let html = scene(context, REFRESH, Manner::Html).await?;
    let run = html.refresh().await;
    super::refused_with(&run, &["invalid_response", "bad_gateway"], "a page instead of tokens")?;
    let down = scene(Arc::clone(&html.context), REFRESH, Manner::Down).await?;
    let run = down.refresh().await;
    super::refused_with(&run, &["service_error", "bad_gateway"], "503 and a page instead of tokens")?;
    Ok("pages with 200 and 503".to_owned())
}

pub(crate) async fn client_credentials(context: Arc<Context>) -> Verdict {
    let scene = scene(context, CLIENT_CREDENTIALS, Manner::Keeping).await?;
    let request = json!({
        "client_id": provider::CLIENT_ID,
        "client_secret": provider::CLIENT_SECRET,
        "scopes": ["read"],
    });
    let run = scene.call(CLIENT_CREDENTIALS, &request).await;
    let tokens = run.response().ok_or_else(|| Problem::failed(format!("no tokens: {}", run.outcome())))?;
    ensure(tokens["access_token"] == provider::ACCESS_TOKEN, || "not the token of the provider".to_owned())?;
    scene.posted("grant_type", "client_credentials")?;
    scene.posted("client_secret", provider::CLIENT_SECRET)?;
    Ok("a token for the client itself".to_owned())
}
