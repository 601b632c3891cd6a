//! An authorization from its beginning to its end: where somebody is sent to agree, and what is done when they come
//! back. The tokens of a connection stay as they are until new ones are there.

mod callback;
mod device;
mod import;
mod keeping;
mod removal;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::authorization_url::{AuthorizationRequest, AuthorizationUrl, authorization_url, random, scopes};
use super::{
    AccountProof, ConnectionKey, PendingAuthorization, TakenAuthorization, check_connection_name, discovery,
    exchange, flow, to_the_end,
};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::dispatch;
use crate::envelope::RequestEnvelope;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::{Host, NoHost};
use crate::integration::Integration;
use crate::settings::{self, variable_name};
use callback::Callback;
pub use device::{DeviceLogin, DevicePrompt, begin_on_another_device};
pub use import::{ImportedTokens, import};
use keeping::{NewTokens, keep};
pub use removal::{RemovedConnection, remove};

/// Time for somebody to agree; the codes of most apps live as long.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// An authorization that is to begin.
#[derive(Debug, Clone, Default)]
pub struct BeginAuthorization {
    /// Name of the connection that is to be made or renewed.
    pub connection: String,
    /// Settings over those of the environment and of the connection.
    pub settings: Map<String, Value>,
    /// Where the app sends people back to; as the settings say when absent.
    pub redirect_uri: Option<String>,
    /// What to ask for; what the integration needs when empty.
    pub scopes: Vec<String>,
    /// Further parameters for the app's page.
    pub parameters: BTreeMap<String, String>,
    /// What only the browser that begins has, and must show when it comes back.
    pub session_binding: Option<String>,
    /// Whether the connection may become one of another account.
    pub may_change_account: bool,
    /// A path of our own to show afterwards.
    pub return_to: Option<String>,
}

/// An authorization that somebody can agree to now.
#[derive(Debug)]
pub struct StartedAuthorization {
    /// The page to agree on.
    pub authorization_url: String,
    /// Names the authorization.
    pub flow_id: Uuid,
    /// What the app sends back. Who has it can finish.
    pub state: Secret,
    /// Where the app sends people back to.
    pub redirect_uri: String,
    /// The end of the time to agree.
    pub expires_at: Timestamp,
}

/// What came of an authorization. The tokens are in the vault.
#[derive(Debug)]
pub struct FinishedAuthorization {
    /// Id of the app.
    pub app_id: String,
    /// Name of the connection.
    pub connection: String,
    /// The app's id of the account.
    pub account: Option<String>,
    /// What the tokens are good for.
    pub scope: Vec<String>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// Whether it can be renewed.
    pub refresh_token_present: bool,
    /// Where the browser goes next.
    pub return_to: Option<String>,
}

/// Finds a connector that is served, by its app id.
pub type FindApp<'a> = &'a (dyn Fn(&str) -> Option<(Arc<Integration>, Arc<dyn Host>)> + Sync);

/// Begins an authorization. What would keep the tokens from being got or kept is found here, before anybody agrees.
///
/// # Errors
/// When settings are missing or wrong, or nothing can be kept.
pub async fn begin(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    request: BeginAuthorization,
) -> Result<StartedAuthorization> {
    let return_to = request.return_to.map(path_of_our_own).transpose()?;
    let key = ConnectionKey { app_id: integration.app_id().to_owned(), name: request.connection };
    check_name(&**host, &key).await?;
    let known = known_settings(&**host, &key).await;
    let settings = settings::gather(integration, request.settings, &**host, known);
    let context = settled(integration, &settings).await?;
    let (oauth, registration) = flow::settings(&context)?;
    let credential = registration.secret(None).map_err(|error| {
        error.hint(format!("set {}", variable_name(integration.app_id(), "client_secret")))
    })?;
    exchange::client(&registration, registration.id(None)?, Some(&credential))?;
    let redirect_uri = registration.redirect(request.redirect_uri)?;
    let asked = AuthorizationRequest {
        client_id: None,
        redirect_uri: Some(redirect_uri.clone()),
        scopes: request.scopes.clone(),
        state: Some(new_state(integration)?),
        parameters: request.parameters,
    };
    let AuthorizationUrl { url, state, code_verifier } =
        authorization_url(&context, oauth, &registration, asked).await?;
    let pending = PendingAuthorization {
        flow_id: Uuid::new_v4(),
        key,
        redirect_uri: redirect_uri.clone(),
        code_verifier,
        requires_issuer: discovery::promises_issuer(&context, &registration).await,
        expected_issuer: registration.issuer,
        session_binding: request.session_binding.map(|binding| digest(&binding)),
        settings,
        scope: scopes(oauth, &request.scopes),
        may_change_account: request.may_change_account,
        return_to,
        expires_at: Timestamp::now() + LIFETIME,
    };
    let store = host.authorizations().await?.ok_or_else(nothing_is_kept)?;
    store.put(&state, &pending).await?;
    let PendingAuthorization { flow_id, expires_at, .. } = pending;
    Ok(StartedAuthorization { authorization_url: url.into(), flow_id, state, redirect_uri, expires_at })
}

/// Finishes the authorization that the query of a callback belongs to. Nothing is sent to the app when a check fails,
/// and what was begun is finished though the caller goes away.
///
/// # Errors
/// `conflict` with `oauth.flow_already_used` for a callback that came before, and with `oauth.account_mismatch` for
/// another account than the connection's.
pub async fn finish(
    apps: FindApp<'_>,
    query: &str,
    session_binding: Option<&str>,
) -> Result<FinishedAuthorization> {
    let callback = Callback::read(query)?;
    let (integration, host) = callback.app_id().and_then(apps).ok_or_else(callback::unknown)?;
    let store = host.authorizations().await?.ok_or_else(nothing_is_kept)?;
    let pending = match store.take(&callback.state).await? {
        TakenAuthorization::Fresh(pending) => *pending,
        TakenAuthorization::Used => return Err(callback::already_used()),
        TakenAuthorization::Unknown => return Err(callback::unknown()),
    };
    let code = callback.check(&pending, session_binding)?;
    // A code works once: a browser that goes away must not cut its exchange in two.
    to_the_end(async move { complete(&integration, &host, pending, code).await }).await
}

async fn complete(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    pending: PendingAuthorization,
    code: Secret,
) -> Result<FinishedAuthorization> {
    let PendingAuthorization { key, settings, redirect_uri, code_verifier, .. } = pending;
    let context = settled(integration, &settings).await?;
    let client = flow::client(&context, None, None)?.requesting(pending.scope);
    let verifier = Some(code_verifier.expose().to_owned());
    let tokens = exchange::code(&context, client, code.expose().to_owned(), redirect_uri, verifier)
        .await
        .map_err(callback::explain_exchange)?;
    let new = NewTokens {
        key,
        tokens,
        settings,
        may_change_account: pending.may_change_account,
        proof: AccountProof::Whole,
    };
    kept(integration, host, new, pending.return_to).await
}

/// Keeps new tokens, and tells what came of it.
async fn kept(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    new: NewTokens,
    return_to: Option<String>,
) -> Result<FinishedAuthorization> {
    let scope = new.tokens.scope.iter().flat_map(|scope| scope.split_whitespace());
    let mut finished = FinishedAuthorization {
        app_id: integration.app_id().to_owned(),
        connection: new.key.name.clone(),
        account: None,
        scope: scope.map(str::to_owned).collect(),
        expires_at: new.tokens.expires_at,
        refresh_token_present: new.tokens.refresh_token.is_some(),
        return_to,
    };
    finished.account = keep(integration, host, new).await?;
    Ok(finished)
}

/// A connection that has another name since before there was a rule keeps it.
async fn check_name(host: &dyn Host, key: &ConnectionKey) -> Result<()> {
    let Err(refused) = check_connection_name(&key.name) else { return Ok(()) };
    let Some(tokens) = host.tokens().await? else { return Err(refused) };
    let connections = tokens.store().list(&key.app_id).await?;
    if connections.iter().any(|known| known.name == key.name) { Ok(()) } else { Err(refused) }
}

/// A call with these settings and no credentials. The environment is not read a second time over them.
async fn settled(integration: &Arc<Integration>, settings: &Map<String, Value>) -> Result<CallContext> {
    let envelope = RequestEnvelope { settings: settings.clone(), ..RequestEnvelope::default() };
    let nothing: Arc<dyn Host> = Arc::new(NoHost);
    dispatch::context(integration, &envelope, false, &nothing).await
}

/// Settings that a connection of this name has, as its client: somebody who connects it again need not tell them again.
/// One that does not open has none, since logging in again is the way out of that.
async fn known_settings(host: &dyn Host, key: &ConnectionKey) -> Map<String, Value> {
    let known = async {
        match host.tokens().await? {
            Some(tokens) => tokens.store().load(key).await,
            None => Ok(None),
        }
    };
    let mut settings = match known.await {
        Ok(connection) => connection.map(|connection| connection.settings).unwrap_or_default(),
        Err(error) => {
            tracing::debug!(%error, connection = key.name, "the settings of the connection cannot be used");
            Map::new()
        }
    };
    // That of another login, which may have listened on another machine.
    settings.remove("redirect_uri");
    settings
}

/// Names the connector in front, so that whoever takes the callback knows whom to ask.
fn new_state(integration: &Integration) -> Result<Secret> {
    let random = random()?;
    Ok(Secret::new(format!("{}.{}", integration.app_id(), random.expose())))
}

/// Anything else would let a link of ours lead to a page of somebody else's.
fn path_of_our_own(path: String) -> Result<String> {
    if is_own_path(&path) {
        return Ok(path);
    }
    Err(ConnectorError::new(ErrorCode::InvalidValue, "return_to must be a path of this server: /…"))
}

/// Whether a browser that is led to this stays on our server.
///
/// Browsers leave out tabs and line breaks, and read a backslash as a slash: a slash, a tab and a slash would be the start
/// of another server's name.
pub fn is_own_path(path: &str) -> bool {
    let is_odd = |c: char| c == '\\' || c.is_control();
    path.starts_with('/') && !path.starts_with("//") && !path.contains(is_odd)
}

/// What is kept of a session's secret.
fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

fn nothing_is_kept() -> ConnectorError {
    ConnectorError::new(ErrorCode::UnsupportedOperation, "there is no store to keep an authorization in")
}
