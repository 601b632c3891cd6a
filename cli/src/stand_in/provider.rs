//! An authorization server for stand-ins: it agrees at once, and codes and refresh tokens work once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::guarded;

/// The client that every provider knows.
pub(super) const CLIENT_ID: &str = "sandbox";
pub(super) const CLIENT_SECRET: &str = "sandbox-secret";
/// Works any number of times, for tests that have no browser.
const CODE: &str = "sandbox-code";

/// Made for stand-ins, and good for nothing else.
const KEY: &str = include_str!("key.pem");

/// The authorization server. Clones share what they issued.
///
/// Its addresses are `/oauth/authorize` and `/oauth/token`. It takes codes, with PKCE where they were asked for so, refresh
/// tokens, and assertions, whose signature it does not look at. For tests that have no browser the code `sandbox-code`
/// works any number of times.
#[derive(Clone, Default)]
pub struct Provider(Arc<Mutex<Issued>>);

#[derive(Default)]
struct Issued {
    count: u64,
    /// What works, and the challenge that a code was asked for with.
    live: HashMap<String, Option<String>>,
}

impl Provider {
    /// A server that has issued nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The routes of an API for those who have one of its access tokens, and its own for everybody.
    pub fn guard(&self, api: Router) -> Router {
        let provider = self.clone();
        guarded(api, move |authorization| provider.accepts(authorization)).merge(self.routes())
    }

    /// Whether a header `Authorization` carries one of its access tokens.
    pub fn accepts(&self, authorization: &str) -> bool {
        let token = authorization.strip_prefix("Bearer ").filter(|token| token.starts_with("access-"));
        token.is_some_and(|token| self.issued().live.contains_key(token))
    }

    /// Its routes, to be merged with those of the API.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/oauth/authorize", get(authorize))
            .route("/oauth/token", post(token))
            .with_state(self.clone())
    }

    /// The `auth` of an envelope: a service account whose assertions every provider takes.
    pub fn service_account() -> Value {
        json!({"service_account": {"key": {"client_email": "sandbox@example.com", "private_key": KEY}}})
    }

    fn issue(&self, kind: &str, challenge: Option<String>) -> String {
        let mut issued = self.issued();
        issued.count += 1;
        let text = format!("{kind}-{}", issued.count);
        issued.live.insert(text.clone(), challenge);
        text
    }

    /// Takes what works once, if it is good for this.
    fn spend(&self, kind: &str, text: &str, is_good: impl Fn(Option<&str>) -> bool) -> bool {
        let challenge = if text.starts_with(kind) { self.issued().live.remove(text) } else { None };
        challenge.is_some_and(|challenge| is_good(challenge.as_deref()))
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct Agreement {
    redirect_uri: Url,
    state: Option<String>,
    code_challenge: Option<String>,
}

async fn authorize(State(provider): State<Provider>, Query(asked): Query<Agreement>) -> Redirect {
    let Agreement { mut redirect_uri, state, code_challenge } = asked;
    redirect_uri.query_pairs_mut().append_pair("code", &provider.issue("code", code_challenge));
    if let Some(state) = state {
        redirect_uri.query_pairs_mut().append_pair("state", &state);
    }
    Redirect::to(redirect_uri.as_str())
}

#[derive(Deserialize)]
struct Grant {
    client_secret: Option<String>,
    code: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
    assertion: Option<String>,
}

async fn token(State(provider): State<Provider>, Form(grant): Form<Grant>) -> Response {
    let refuse = |error| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    if grant.assertion.is_none() && grant.client_secret.as_deref() != Some(CLIENT_SECRET) {
        return refuse("invalid_client");
    }
    if !is_good(&provider, &grant) {
        return refuse("invalid_grant");
    }
    let mut tokens = json!({
        "access_token": provider.issue("access", None),
        "token_type": "Bearer",
        "expires_in": 3600,
    });
    if grant.assertion.is_none() {
        tokens["refresh_token"] = provider.issue("refresh", None).into();
    }
    Json(tokens).into_response()
}

fn is_good(provider: &Provider, grant: &Grant) -> bool {
    match (&grant.code, &grant.refresh_token, &grant.assertion) {
        (Some(code), None, None) if code == CODE => true,
        (Some(code), None, None) => {
            let digest = |verifier: &String| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
            let proof = grant.code_verifier.as_ref().map(digest);
            provider.spend("code", code, |challenge| challenge.is_none() || challenge == proof.as_deref())
        }
        (None, Some(token), None) => provider.spend("refresh", token, |_| true),
        (None, None, Some(assertion)) => assertion.split('.').count() == 3,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use axum::http::header::{CONTENT_TYPE, LOCATION};
    use tower::ServiceExt;

    async fn code(provider: &Provider, challenge: &str) -> String {
        let address = format!("/oauth/authorize?redirect_uri=http://localhost:1/back&state=a%26b{challenge}");
        let request = Request::get(address).body(Body::empty()).unwrap();
        let answer = provider.routes().oneshot(request).await.unwrap();
        let back = Url::parse(answer.headers()[LOCATION].to_str().unwrap()).unwrap();
        let parameters: HashMap<_, _> = back.query_pairs().into_owned().collect();
        assert_eq!(parameters["state"], "a&b");
        parameters["code"].clone()
    }

    async fn tokens(provider: &Provider, form: String) -> Value {
        let request = Request::post("/oauth/token")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .unwrap();
        let answer = provider.routes().oneshot(request).await.unwrap();
        serde_json::from_slice(&to_bytes(answer.into_body(), 1 << 16).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn codes_and_refresh_tokens_work_once() {
        let provider = Provider::new();
        let code = code(&provider, "").await;
        let form = format!("client_secret={CLIENT_SECRET}&code={code}");
        let first = tokens(&provider, form.clone()).await;
        assert!(provider.accepts(&format!("Bearer {}", first["access_token"].as_str().unwrap())));
        assert_eq!(tokens(&provider, form).await["error"], "invalid_grant");
        let refresh = first["refresh_token"].as_str().unwrap();
        assert!(!provider.accepts(&format!("Bearer {refresh}")), "it is no access token");
        let form = format!("client_secret={CLIENT_SECRET}&refresh_token={refresh}");
        assert_ne!(tokens(&provider, form.clone()).await["refresh_token"], refresh);
        assert_eq!(tokens(&provider, form).await["error"], "invalid_grant");
        assert_eq!(tokens(&provider, "client_secret=x&code=y".into()).await["error"], "invalid_client");
        let form = format!("client_secret={CLIENT_SECRET}&code={CODE}");
        assert!(tokens(&provider, form).await["access_token"].is_string(), "the code of tests");
    }

    #[tokio::test]
    async fn a_code_that_was_asked_for_with_a_challenge_needs_its_verifier() {
        let provider = Provider::new();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest("verifier"));
        for (verifier, is_good) in [("verifier", true), ("another", false)] {
            let code = code(&provider, &format!("&code_challenge={challenge}")).await;
            let form = format!("client_secret={CLIENT_SECRET}&code={code}&code_verifier={verifier}");
            assert_eq!(tokens(&provider, form).await["access_token"].is_string(), is_good, "{verifier}");
        }
    }

    #[tokio::test]
    async fn an_assertion_gives_an_access_token_alone() {
        let provider = Provider::new();
        let given = tokens(&provider, "assertion=a.b.c".into()).await;
        assert!(given["access_token"].is_string() && given["refresh_token"].is_null());
        assert_eq!(tokens(&provider, "assertion=a".into()).await["error"], "invalid_grant");
    }
}
