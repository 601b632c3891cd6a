//! Requests to the token endpoint.

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use oauth2::basic::{BasicClient, BasicRequestTokenError, BasicTokenResponse};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    PkceCodeVerifier, RedirectUrl, RefreshToken, TokenResponse, TokenUrl,
};
use serde_json::Value;
use url::{Host, Url};

use super::{OAuthClient, TokenSet};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::http::HttpRequest;

pub(super) type Client =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// The `oauth2` client of a registration.
pub(super) fn client(oauth: &OAuthClient, id: String, secret: Option<&Secret>) -> Result<Client> {
    let authorize = AuthUrl::new(oauth.authorize_url.clone()).map_err(|_| bad_url("authorization"))?;
    let token = TokenUrl::new(oauth.token_url.clone()).map_err(|_| bad_url("token"))?;
    if token.url().scheme() != "https" && !is_this_machine(token.url()) {
        let message = "the token URL of the settings must start with https:// unless it is on this machine";
        return Err(ConnectorError::new(ErrorCode::InvalidValue, message));
    }
    let client = BasicClient::new(ClientId::new(id))
        .set_auth_uri(authorize)
        .set_token_uri(token)
        .set_auth_type(AuthType::RequestBody);
    Ok(match secret {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
        None => client,
    })
}

/// An authorization code for tokens.
pub(super) async fn code(
    context: &CallContext,
    client: Client,
    code: String,
    redirect_uri: String,
    verifier: Option<String>,
) -> Result<TokenSet> {
    let client = client.set_redirect_uri(redirect_url(redirect_uri)?);
    let mut request = client.exchange_code(AuthorizationCode::new(code));
    if let Some(verifier) = verifier {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier));
    }
    let sent_at = Timestamp::now();
    token_set(request.request_async(&sender(context)).await, sent_at)
}

/// A refresh token for new tokens. With apps that rotate, this may be done once only.
pub(super) async fn refresh(
    context: &CallContext,
    client: Client,
    refresh_token: &Secret,
) -> Result<TokenSet> {
    let refresh_token = RefreshToken::new(refresh_token.expose().to_owned());
    let request = client.exchange_refresh_token(&refresh_token);
    let sent_at = Timestamp::now();
    token_set(request.request_async(&sender(context)).await, sent_at)
}

/// Secrets go to the token endpoint, so nobody may listen in on the way (RFC 6749, section 3.2).
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(super) fn redirect_url(redirect_uri: String) -> Result<RedirectUrl> {
    RedirectUrl::new(redirect_uri)
        .map_err(|_| ConnectorError::new(ErrorCode::InvalidValue, "the redirect URI is not a URL"))
}

fn bad_url(which: &str) -> ConnectorError {
    ConnectorError::new(ErrorCode::InvalidValue, format!("the {which} URL of the settings is not a URL"))
}

/// Sends for the `oauth2` crate, which wants a function.
fn sender(
    context: &CallContext,
) -> impl Fn(oauth2::HttpRequest) -> BoxFuture<'static, Result<oauth2::HttpResponse>> + Send + Sync + use<> {
    let context = context.clone();
    move |request| {
        let context = context.clone();
        Box::pin(async move { send(&context, request).await })
    }
}

/// One attempt: a code and a refresh token work once, so that a second attempt could only do harm.
async fn send(context: &CallContext, request: oauth2::HttpRequest) -> Result<oauth2::HttpResponse> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string()).map_err(|_| bad_url("token"))?;
    let request = HttpRequest::from_parts(parts.method, url, parts.headers, body);
    let response = context.integration().classify(context.http().attempt(&request, None).await?)?;
    let mut answer = oauth2::HttpResponse::new(normalized(&response.body)?);
    answer.headers_mut().insert("content-type", "application/json".parse().expect("a valid header"));
    Ok(answer)
}

/// The body in the form that RFC 6749 describes: servers send `expires_in` as a text or a fraction, or leave
/// `token_type` out, and some report an error with status 200.
fn normalized(body: &[u8]) -> Result<Vec<u8>> {
    let mut body: HashMap<String, Value> = serde_json::from_slice(body).map_err(|_| {
        ConnectorError::new(ErrorCode::InvalidResponse, "the token endpoint did not answer with JSON")
    })?;
    if let Some(error) = body.get("error").and_then(Value::as_str) {
        return Err(ConnectorError::upstream(code_of(error), error));
    }
    if body.get("access_token").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(ConnectorError::new(
            ErrorCode::InvalidResponse,
            "the token endpoint sent no access token",
        ));
    }
    let seconds = |value: &Value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    if let Some(expires_in) = body.get("expires_in").and_then(seconds) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
        let whole = expires_in.clamp(0.0, 1e9) as u64;
        body.insert("expires_in".into(), whole.into());
    } else {
        body.remove("expires_in");
    }
    if body.get("refresh_token").and_then(Value::as_str).is_none_or(str::is_empty) {
        body.remove("refresh_token");
    }
    body.entry("token_type".into()).or_insert_with(|| "Bearer".into());
    serde_json::to_vec(&body)
        .map_err(|error| ConnectorError::new(ErrorCode::InternalError, error.to_string()))
}

/// What an `error` member means: RFC 6749, section 5.2, and GitHub's names for the same.
fn code_of(error: &str) -> ErrorCode {
    match error {
        "invalid_grant" | "bad_refresh_token" | "bad_verification_code" => ErrorCode::CredsRevoked,
        "invalid_client" => ErrorCode::Unauthorized,
        "invalid_scope" | "access_denied" => ErrorCode::PermissionDenied,
        "slow_down" => ErrorCode::RateLimit,
        "server_error" | "temporarily_unavailable" => ErrorCode::ServiceError,
        _ => ErrorCode::BadRequest,
    }
}

fn token_set(
    answer: Result<BasicTokenResponse, BasicRequestTokenError<ConnectorError>>,
    sent_at: Timestamp,
) -> Result<TokenSet> {
    let answer = answer.map_err(|error| match error {
        BasicRequestTokenError::Request(error) => error,
        _ => ConnectorError::new(
            ErrorCode::InvalidResponse,
            "the token endpoint's answer has no tokens that we know",
        ),
    })?;
    let scopes =
        answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "));
    Ok(TokenSet {
        access_token: Secret::new(answer.access_token().secret()),
        refresh_token: answer.refresh_token().map(|token| Secret::new(token.secret())),
        token_type: "Bearer".to_owned(),
        expires_in: answer.expires_in().map(|expires_in| expires_in.as_secs()),
        // From before the request was sent: the token's life began somewhere between then and now.
        expires_at: answer.expires_in().and_then(|expires_in| sent_at.checked_add(expires_in).ok()),
        scope: scopes,
        obtained_at: Some(sent_at),
        refresh_expires_at: None,
        id_token: None,
        extra: serde_json::Map::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(body: &str) -> Result<Value> {
        normalized(body.as_bytes()).map(|bytes| serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn odd_but_meant_answers_are_understood() {
        let body = normal(r#"{"access_token":"a","expires_in":"3600","refresh_token":""}"#).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"access_token": "a", "expires_in": 3600, "token_type": "Bearer"})
        );
        assert_eq!(normal(r#"{"access_token":"a","expires_in":59.9}"#).unwrap()["expires_in"], 59);
    }

    #[test]
    fn an_answer_without_a_token_is_never_a_token() {
        assert_eq!(normal("<html>").unwrap_err().code(), ErrorCode::InvalidResponse);
        assert_eq!(normal(r#"{"access_token":""}"#).unwrap_err().code(), ErrorCode::InvalidResponse);
        assert_eq!(
            normal(r#"{"error":"bad_refresh_token","access_token":"a"}"#).unwrap_err().code(),
            ErrorCode::CredsRevoked
        );
    }
}
