//! The authorization code flow as capabilities: authorization URL, callback, refresh.

use oauth2::{CsrfToken, PkceCodeChallenge, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{OAuthClient, TokenSet, exchange};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::capability::{Capability, names};
use crate::envelope::Answer;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::ErasedOAuth;
use crate::schema;

/// Request of `get_authorization_url`. What is absent comes from the settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UrlRequest {
    client_id: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    redirect_uri: Option<String>,
    /// Comes back with the callback; made when absent.
    state: Option<String>,
}

impl UrlRequest {
    /// For the client of the settings.
    pub(super) fn new(scopes: Vec<String>, redirect_uri: String, state: String) -> Self {
        Self { client_id: None, scopes, redirect_uri: Some(redirect_uri), state: Some(state) }
    }
}

/// Where people go to agree, and what the callback needs.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UrlResponse {
    pub(super) authorization_url: String,
    /// To be handed to `handle_authorization_callback` (PKCE, RFC 7636). A secret until then.
    #[serde(serialize_with = "Secret::serialize_exposed")]
    pub(super) code_verifier: Secret,
    /// To be compared with the callback's.
    state: String,
}

/// Request of `handle_authorization_callback`. Client id and secret come from the settings when absent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CallbackRequest {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    /// The whole address that the app sent people back to.
    redirect_uri_with_code: Secret,
    /// The state of the authorization URL; the callback's must be the same.
    state: Option<String>,
    /// The verifier of the authorization URL.
    code_verifier: Option<Secret>,
}

/// Request of `refresh_access_token`. Client id and secret come from the settings when absent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RefreshRequest {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    #[schemars(length(min = 1))]
    refresh_token: Secret,
}

/// The tokens, and the state that came back.
#[derive(Debug, Serialize, JsonSchema)]
struct TokenResponse {
    #[serde(flatten)]
    tokens: TokenSet,
    state: Option<String>,
}

pub(crate) fn capabilities() -> Vec<Capability> {
    vec![
        Capability::erased(
            names::GET_AUTHORIZATION_URL,
            std::sync::Arc::new(schema::schema_of::<UrlRequest>),
            std::sync::Arc::new(|| schema::text(&schema::output_schema_of::<UrlResponse>())),
            std::sync::Arc::new(|context, request| {
                Box::pin(async move {
                    Answer::new(&start(&context, schema::typed(Value::Object(request), "/request")?)?)
                })
            }),
        )
        .description("Makes the address where somebody agrees that we may read the account.")
        .without_auth(),
        Capability::erased(
            names::HANDLE_AUTHORIZATION_CALLBACK,
            std::sync::Arc::new(schema::schema_of::<CallbackRequest>),
            std::sync::Arc::new(|| schema::text(&schema::output_schema_of::<TokenResponse>())),
            std::sync::Arc::new(|context, request| {
                Box::pin(async move {
                    callback(&context, schema::typed(Value::Object(request), "/request")?).await
                })
            }),
        )
        .description(
            "Takes the address that the app sent somebody back to, and gets tokens for the code in it.",
        )
        .without_auth(),
        Capability::erased(
            names::REFRESH_ACCESS_TOKEN,
            std::sync::Arc::new(schema::schema_of::<RefreshRequest>),
            std::sync::Arc::new(|| schema::text(&schema::output_schema_of::<TokenResponse>())),
            std::sync::Arc::new(|context, request| {
                Box::pin(async move {
                    refresh(&context, schema::typed(Value::Object(request), "/request")?).await
                })
            }),
        )
        .description("Gets new tokens for a refresh token.")
        .without_auth(),
    ]
}

/// The integration's OAuth settings and our registration.
pub(super) fn settings(context: &CallContext) -> Result<(&ErasedOAuth, OAuthClient)> {
    let oauth = context.integration().oauth().ok_or_else(|| {
        ConnectorError::new(ErrorCode::UnsupportedOperation, "the integration has no OAuth")
    })?;
    Ok((oauth, (oauth.client)(context.settings_any())?))
}

/// Where somebody is to go.
pub(super) fn start(context: &CallContext, request: UrlRequest) -> Result<UrlResponse> {
    let (oauth, registration) = settings(context)?;
    let client = exchange::client(&registration, registration.id(request.client_id)?, None)?
        .set_redirect_uri(exchange::redirect_url(registration.redirect(request.redirect_uri)?)?);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let state = request.state.filter(|state| !state.is_empty());
    let mut url = client
        .authorize_url(|| state.map_or_else(|| CsrfToken::new_random_len(32), CsrfToken::new))
        .set_pkce_challenge(challenge);
    if oauth.sends_scope {
        let scopes = if request.scopes.is_empty() {
            oauth.scopes.iter().map(|scope| (*scope).to_owned()).collect()
        } else {
            request.scopes
        };
        url = url.add_scopes(scopes.into_iter().map(Scope::new));
    }
    let (url, state) = url.url();
    Ok(UrlResponse {
        authorization_url: url.into(),
        code_verifier: Secret::new(verifier.into_secret()),
        state: state.into_secret(),
    })
}

async fn callback(context: &CallContext, request: CallbackRequest) -> Result<Answer> {
    let (_, registration) = settings(context)?;
    let address = request.redirect_uri_with_code.expose();
    let returned = read_callback(address, request.state.as_deref(), registration.redirect_uri.as_deref())?;
    let id = registration.id(request.client_id)?;
    let secret = registration.secret(request.client_secret)?;
    let client = exchange::client(&registration, id, Some(&secret))?;
    let verifier = request.code_verifier.map(|verifier| verifier.expose().to_owned());
    let tokens = exchange::code(context, client, returned.code, returned.redirect_uri, verifier).await?;
    Answer::new(&TokenResponse { tokens, state: returned.state })
}

async fn refresh(context: &CallContext, request: RefreshRequest) -> Result<Answer> {
    let (_, registration) = settings(context)?;
    let id = registration.id(request.client_id)?;
    let secret = registration.secret(request.client_secret)?;
    let client = exchange::client(&registration, id, Some(&secret))?;
    let mut tokens = exchange::refresh(context, client, &request.refresh_token).await?;
    tokens.refresh_token = tokens.refresh_token.or(Some(request.refresh_token));
    Answer::new(&TokenResponse { tokens, state: None })
}

/// What an app sent back, after the checks that need no request.
struct Callback {
    code: String,
    state: Option<String>,
    redirect_uri: String,
}

fn read_callback(address: &str, expected_state: Option<&str>, registered: Option<&str>) -> Result<Callback> {
    let bad = |code, message: &str| ConnectorError::new(code, message);
    let url = Url::parse(address)
        .map_err(|_| bad(ErrorCode::InvalidValue, "/request/redirect_uri_with_code is not a URL"))?;
    let all = |name: &str| -> Vec<String> {
        url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
    };
    let mut states = all("state").into_iter();
    let state = states.next();
    if states.next().is_some() {
        return Err(bad(ErrorCode::BadRequest, "the callback has more than one state"));
    }
    if let Some(expected) = expected_state
        && !state.as_deref().is_some_and(|state| same(state, expected))
    {
        return Err(bad(ErrorCode::BadRequest, "the state of the callback is not the one that was sent out")
            .hint("start again with get_authorization_url; the address may come from another session"));
    }
    if let Some(error) = all("error").first() {
        let description = all("error_description").into_iter().next().unwrap_or_default();
        let code = if error == "access_denied" { ErrorCode::PermissionDenied } else { ErrorCode::BadRequest };
        let text = format!("the app sent no code but an error: {error} {description}");
        return Err(
            ConnectorError::upstream(code, text.trim()).hint("the person must agree to connect the account")
        );
    }
    let mut codes = all("code");
    let code = match (codes.pop(), codes.is_empty()) {
        (Some(code), true) if !code.is_empty() => code,
        (Some(_), false) => return Err(bad(ErrorCode::BadRequest, "the callback has more than one code")),
        _ => return Err(bad(ErrorCode::BadRequest, "the callback has no code")),
    };
    Ok(Callback { code, state, redirect_uri: registered_uri(address, registered) })
}

/// Compares without telling by its duration how much was right.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// The redirect URI as it was registered, byte for byte: that of the settings when the address leads there, else the
/// address without what apps append.
fn registered_uri(address: &str, registered: Option<&str>) -> String {
    let base = |uri: &str| uri.split(['?', '#']).next().unwrap_or_default().to_owned();
    if let Some(registered) = registered.filter(|registered| base(registered) == base(address)) {
        return registered.to_owned();
    }
    let address = address.split('#').next().unwrap_or_default();
    let Some((base, query)) = address.split_once('?') else {
        return address.to_owned();
    };
    let ours = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !matches!(name, "code" | "state" | "iss" | "scope" | "session_state")
    };
    let kept: Vec<_> = query.split('&').filter(ours).collect();
    if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> ErrorCode {
        read_callback(address, Some("s1"), None).err().unwrap().code()
    }

    #[test]
    fn a_callback_is_checked_before_anything_is_sent() {
        assert_eq!(refused("http://localhost/cb?code=a&state=other"), ErrorCode::BadRequest);
        assert_eq!(refused("http://localhost/cb?code=a"), ErrorCode::BadRequest);
        assert_eq!(refused("http://localhost/cb?error=access_denied&state=s1"), ErrorCode::PermissionDenied);
        assert_eq!(refused("http://localhost/cb?code=a&code=b&state=s1"), ErrorCode::BadRequest);
        assert_eq!(refused("http://localhost/cb?code=a&state=s1&state=s2"), ErrorCode::BadRequest);
        assert_eq!(refused("http://localhost/cb?state=s1"), ErrorCode::BadRequest);
        assert_eq!(refused("nonsense"), ErrorCode::InvalidValue);
    }

    #[test]
    fn the_redirect_uri_is_what_was_registered_byte_for_byte() {
        for (address, registered) in [
            ("http://localhost:9?code=a&state=s1", "http://localhost:9"),
            ("http://localhost:9/cb?code=a&state=s1#x", "http://localhost:9/cb"),
            ("http://localhost/cb?tenant=1&code=a&state=s1", "http://localhost/cb?tenant=1"),
        ] {
            assert_eq!(read_callback(address, Some("s1"), None).unwrap().redirect_uri, registered);
            assert_eq!(
                read_callback(address, Some("s1"), Some(registered)).unwrap().redirect_uri,
                registered
            );
        }
        let scoped = Some("http://localhost/cb?scope=1");
        let returned =
            read_callback("http://localhost/cb?scope=1&code=a&state=s1", Some("s1"), scoped).unwrap();
        assert_eq!(returned.redirect_uri, "http://localhost/cb?scope=1");
    }
}
