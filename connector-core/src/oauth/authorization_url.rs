//! The address where somebody agrees (RFC 6749, section 4.1.1), always with a challenge (RFC 7636).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::Url;

use super::client::Endpoint;
use super::{OAuthClient, endpoint};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::ErasedOAuth;

/// What no other parameter may say in our place. The last two would replace the whole request (RFC 9101).
const RESERVED: [&str; 9] = [
    "client_id",
    "redirect_uri",
    "state",
    "scope",
    "response_type",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
];

/// What is asked of whoever agrees. What is absent comes from the settings.
#[derive(Debug, Default)]
pub(super) struct AuthorizationRequest {
    pub(super) client_id: Option<String>,
    pub(super) redirect_uri: Option<String>,
    /// The integration's own when empty.
    pub(super) scopes: Vec<String>,
    /// Made when absent.
    pub(super) state: Option<Secret>,
    /// What else the request says. What OAuth itself says cannot be replaced.
    pub(super) parameters: BTreeMap<String, String>,
}

/// Where somebody goes to agree, and what must be known when they come back.
#[derive(Debug)]
pub(super) struct AuthorizationUrl {
    pub(super) url: Url,
    /// What comes back with the answer.
    pub(super) state: Secret,
    /// What proves to the token endpoint that we started it.
    pub(super) code_verifier: Secret,
}

/// Makes the address.
///
/// # Errors
/// When the settings lack something, or a URL of them is none.
pub(super) async fn authorization_url(
    context: &CallContext,
    oauth: &ErasedOAuth,
    registration: &OAuthClient,
    request: AuthorizationRequest,
) -> Result<AuthorizationUrl> {
    let id = registration.id(request.client_id)?;
    let redirect_uri = registration.redirect(request.redirect_uri)?;
    Url::parse(&redirect_uri)
        .map_err(|_| ConnectorError::new(ErrorCode::InvalidValue, "the redirect URI is not a URL"))?;
    let scope = asked_scopes(oauth, &request.scopes);
    let state = request.state.filter(|state| !state.expose().is_empty()).map_or_else(random, Ok)?;
    let code_verifier = random()?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier.expose()));
    let mut said = vec![
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", &redirect_uri),
        ("state", state.expose()),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    if let Some(scope) = &scope {
        said.push(("scope", scope));
    }
    let mut parameters: BTreeMap<String, String> =
        registration.authorize_parameters.iter().cloned().collect();
    parameters.extend(request.parameters);
    parameters.retain(|name, _| !RESERVED.contains(&name.as_str()));
    let said = said.into_iter().chain(parameters.iter().map(|(name, value)| (&**name, &**value)));
    let page = endpoint::url(context, registration, Endpoint::Authorization).await?;
    let url = with_query(page, said.collect());
    Ok(AuthorizationUrl { url, state, code_verifier })
}

/// The scopes that are asked for, separated by spaces. Where the app fixes them at registration it is those.
pub(super) fn scopes(oauth: &ErasedOAuth, requested: &[String]) -> Option<String> {
    let scopes =
        if requested.is_empty() || !oauth.sends_scope { oauth.scopes.join(" ") } else { requested.join(" ") };
    Some(scopes).filter(|scopes| !scopes.is_empty())
}

/// The scopes that a request says, separated by spaces: none where the app fixes them at registration.
pub(super) fn asked_scopes(oauth: &ErasedOAuth, requested: &[String]) -> Option<String> {
    scopes(oauth, requested).filter(|_| oauth.sends_scope)
}

/// Adds to the query that the page has already, in which nothing may speak for us either.
fn with_query(mut page: Url, said: Vec<(&str, &str)>) -> Url {
    let is_said = |name: &str| RESERVED.contains(&name) || said.iter().any(|(other, _)| *other == name);
    if page.query_pairs().any(|(name, _)| is_said(&name)) {
        let kept: Vec<_> = page.query_pairs().into_owned().filter(|(name, _)| !is_said(name)).collect();
        page.query_pairs_mut().clear().extend_pairs(kept);
    }
    page.set_fragment(None);
    page.query_pairs_mut().extend_pairs(said);
    page
}

/// 32 random bytes, in 43 characters.
pub(super) fn random() -> Result<Secret> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the machine gives no random numbers")
            .source(error.to_string())
    })?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}
