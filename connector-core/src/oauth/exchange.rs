//! Requests to the token endpoint: each grant as a form, and the tokens that come of it.

use serde_json::{Map, Value};

use super::answer::invalid;
use super::authentication::Credential;
use super::client::Endpoint;
pub(super) use super::endpoint::Client;
use super::endpoint::{Form, post};
use super::token_response::Reading;
use super::{OAuthClient, TokenSet, endpoint};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::Result;

/// The grant type of token exchange (RFC 8693).
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Our registration, as one call uses it. Without a credential it is good for addresses only.
///
/// # Errors
/// When an address of the settings is none that secrets may be sent to.
pub(super) fn client(oauth: &OAuthClient, id: String, credential: Option<&Credential>) -> Result<Client> {
    for endpoint in [Endpoint::Authorization, Endpoint::Token] {
        if let Some(address) = endpoint.of(&oauth.endpoints) {
            endpoint::checked(address, endpoint.name())?;
        }
    }
    let credential = credential.cloned().unwrap_or_else(Credential::none);
    Ok(Client::new(oauth.clone(), id, credential))
}

/// Finds the addresses that a request to the token endpoint takes, so that it fails for want of none.
pub(super) async fn prepare(context: &CallContext, registration: &OAuthClient) -> Result<()> {
    endpoint::addresses(context, registration, Endpoint::Token).await.map(drop)
}

/// An authorization code for tokens.
pub(super) async fn code(
    context: &CallContext,
    client: Client,
    code: String,
    redirect_uri: String,
    verifier: Option<String>,
) -> Result<TokenSet> {
    let form = Form::default()
        .with("grant_type", "authorization_code")
        .with("code", code)
        .with("redirect_uri", redirect_uri)
        .with_some("code_verifier", verifier);
    tokens(context, client, form).await
}

/// A refresh token for new tokens. With apps that rotate, this may be done once only. No scope is asked for: the app
/// gives what was granted.
pub(super) async fn refresh(
    context: &CallContext,
    client: Client,
    refresh_token: &Secret,
) -> Result<TokenSet> {
    let form =
        Form::default().with("grant_type", "refresh_token").with("refresh_token", refresh_token.expose());
    tokens(context, client, form).await
}

/// Our own credentials for a token.
pub(super) async fn client_credentials(
    context: &CallContext,
    client: Client,
    scopes: Option<String>,
) -> Result<TokenSet> {
    let form = Form::default().with("grant_type", "client_credentials").with_some("scope", scopes.clone());
    tokens(context, client.requesting(scopes), form).await
}

/// A token that is given for another, and what the other is to be good for (RFC 8693).
#[derive(Debug)]
pub(super) struct TokenExchange {
    pub(super) subject_token: Secret,
    pub(super) subject_token_type: String,
    pub(super) actor_token: Option<Secret>,
    pub(super) actor_token_type: Option<String>,
    pub(super) requested_token_type: Option<String>,
    pub(super) audience: Vec<String>,
    pub(super) resource: Vec<String>,
    pub(super) scopes: Option<String>,
}

/// A token for another, which may be of a type that no header can carry. Its type is among the other members, as
/// `issued_token_type`.
pub(super) async fn token(
    context: &CallContext,
    client: Client,
    exchange: TokenExchange,
) -> Result<TokenSet> {
    let form = Form::default()
        .with("grant_type", TOKEN_EXCHANGE)
        .with("subject_token", exchange.subject_token.expose())
        .with("subject_token_type", exchange.subject_token_type)
        .with_some("actor_token", exchange.actor_token.as_ref().map(Secret::expose))
        .with_some("actor_token_type", exchange.actor_token_type)
        .with_some("requested_token_type", exchange.requested_token_type)
        .with_each("audience", exchange.audience)
        .with_each("resource", exchange.resource)
        .with_some("scope", exchange.scopes.clone());
    let client = client.requesting(exchange.scopes);
    read(context, &client, form, true).await
}

/// Sends a form to the token endpoint and reads the tokens.
pub(super) async fn tokens(context: &CallContext, client: Client, form: Form) -> Result<TokenSet> {
    read(context, &client, form, false).await
}

async fn read(
    context: &CallContext,
    client: &Client,
    form: Form,
    accepts_any_type: bool,
) -> Result<TokenSet> {
    let (answer, sent_at) = post(context, client, Endpoint::Token, form).await?;
    let reading = Reading {
        sent_at,
        default_expires_in: client.registration.default_expires_in,
        maximum_expiry: client.registration.maximum_expiry,
        requested: client.requested.as_deref(),
        accepts_any_type,
    };
    reading.tokens(answer.members()?)
}

/// Gives a token back (RFC 7009). A server that does not know it says yes.
pub(super) async fn revoke(
    context: &CallContext,
    client: Client,
    token: &Secret,
    kind: Option<&str>,
) -> Result<()> {
    let form = Form::default().with("token", token.expose()).with_some("token_type_hint", kind);
    post(context, &client, Endpoint::Revocation, form).await.map(drop)
}

/// What the server knows of a token (RFC 7662).
pub(super) async fn introspect(
    context: &CallContext,
    client: Client,
    token: &Secret,
    kind: Option<&str>,
) -> Result<Map<String, Value>> {
    let form = Form::default().with("token", token.expose()).with_some("token_type_hint", kind);
    let (answer, _) = post(context, &client, Endpoint::Introspection, form).await?;
    let members = answer.members()?;
    if members.get("active").is_some_and(Value::is_boolean) {
        return Ok(members);
    }
    Err(invalid("the authorization server does not say whether the token is active"))
}
