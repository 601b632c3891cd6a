//! How a call walks: envelope, capability, request, auth, settings, connector, answer.

mod deadline;

use std::any::Any;
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::field::Empty;
use tracing::{Instrument, info_span};

use crate::auth::Auth;
use crate::call::{CallContext, Credentials, Parts};
use crate::capability::Capability;
use crate::envelope::{Answer, RequestEnvelope};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::Host;
use crate::http::{HttpClient, HttpOptions, RetryPolicy, Urgency};
use crate::integration::Integration;
use crate::oauth::{ClientCredentialsToken, Connection, ConnectionKey, RefreshCoordinator, StoredToken};
pub use crate::oauth::{IssueOptions, IssuedToken, access_token};
use crate::rate_limit::{RateLimitRequest, RateLimitResponse};
use crate::telemetry::{SPANS, note_failure};
use crate::{schema, settings};

/// Name of the connection that is used when nobody names one.
pub const DEFAULT_CONNECTION: &str = "default";

/// Runs a capability.
///
/// # Errors
/// Whatever goes wrong, in the order of the contract: unknown capability, request, auth, settings, the work itself.
pub async fn dispatch(
    integration: &Arc<Integration>,
    capability: &str,
    envelope: RequestEnvelope,
    host: &Arc<dyn Host>,
) -> Result<Answer> {
    let Some(found) = integration.capability(capability) else {
        return Err(ConnectorError::new(
            ErrorCode::UnsupportedOperation,
            format!("{} has no capability of this name", integration.app_id()),
        )
        .hint("`info` lists the capabilities"));
    };
    let span = info_span!(
        target: SPANS, "capability",
        "otel.name" = format!("{}::{capability}", integration.app_id()),
        "otel.status_code" = Empty, "error.type" = Empty
    );
    let page = envelope.page.clone();
    let deadline = envelope.deadline;
    let work = |host| async move { call(integration, found, envelope, &host).await };
    let answer = deadline::within(deadline, capability, host, work).instrument(span.clone()).await;
    note_failure(&span, &answer);
    answer.map_err(|error| match page {
        Some(page) if error.code() == ErrorCode::BudgetExhausted => error.at_page(page),
        _ => error,
    })
}

async fn call(
    integration: &Arc<Integration>,
    found: &Capability,
    envelope: RequestEnvelope,
    host: &Arc<dyn Host>,
) -> Result<Answer> {
    let request_schema = found.request_schema();
    let needs_something =
        request_schema.get("required").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    if needs_something || !envelope.request.is_empty() {
        schema::check(&request_schema, &Value::Object(envelope.request.clone()), "/request")?;
    }
    let context = context(integration, &envelope, found.needs_auth(), host).await?;
    let http = context.http().clone();
    let mut answer = found.run(context, envelope.request).await?;
    answer.rate_limit = envelope.rate_limit.map(|_| {
        RateLimitResponse::of(integration.app_id(), http.options().requests_per_minute, http.known())
    });
    Ok(answer)
}

/// The settings of a call that names no connection, still as JSON and unchecked: what the request says, else the
/// environment of the host.
pub fn gather_settings(
    integration: &Integration,
    requested: Map<String, Value>,
    host: &dyn Host,
) -> Map<String, Value> {
    settings::gather(integration, requested, host, Map::new())
}

/// The same for a call that uses the settings of a connection where the environment says nothing.
pub fn gather_connection_settings(
    integration: &Integration,
    connection: Map<String, Value>,
    host: &dyn Host,
) -> Map<String, Value> {
    settings::gather(integration, Map::new(), host, connection)
}

/// Counts a request that was sent with an account's own credentials before it was known whose they are: the app has
/// counted it, too.
///
/// # Errors
/// When the settings are not valid, or the budget cannot be asked.
pub async fn count_request(
    integration: &Integration,
    settings: Map<String, Value>,
    account: &str,
    host: &dyn Host,
) -> Result<()> {
    let settings = integration.parse_settings(settings)?;
    let Some(limit) = integration.http_options(&*settings).requests_per_minute else { return Ok(()) };
    let scope = integration.budget_scope(&*settings, account.to_owned());
    if let Some(budget) = host.request_budget(&scope).await? {
        budget.admit(limit, Urgency::Interactive).await?;
    }
    Ok(())
}

/// The call that an envelope stands for.
pub(crate) async fn context(
    integration: &Arc<Integration>,
    envelope: &RequestEnvelope,
    needs_auth: bool,
    host: &Arc<dyn Host>,
) -> Result<CallContext> {
    let credentials = credentials(integration, envelope, needs_auth, host).await?;
    with_settings(integration, envelope, credentials, host)
}

/// The call with its credentials and with the settings that those bring.
fn with_settings(
    integration: &Arc<Integration>,
    envelope: &RequestEnvelope,
    (credentials, connection_settings): (Credentials, Map<String, Value>),
    host: &Arc<dyn Host>,
) -> Result<CallContext> {
    let settings_json =
        settings::gather(integration, envelope.settings.clone(), &**host, connection_settings);
    let settings = integration.parse_settings(settings_json)?;
    let http = HttpClient::new(http_options(integration, envelope, &*settings));
    if let Some(known) = envelope.rate_limit.as_ref().and_then(|limit| limit.known(integration.app_id())) {
        http.remember(known);
    }
    Ok(CallContext::new(Parts {
        integration: Arc::clone(integration),
        settings,
        credentials,
        page: envelope.page.clone().unwrap_or_default(),
        include_raw_data: envelope.include_raw_data,
        http,
        host: Arc::clone(host),
        budget: Arc::default(),
        account: Arc::default(),
    }))
}

/// HTTP behaviour by the settings, and by what the caller says about waiting.
fn http_options(integration: &Integration, envelope: &RequestEnvelope, settings: &dyn Any) -> HttpOptions {
    let mut options = HttpOptions { deadline: envelope.deadline, ..integration.http_options(settings) };
    if envelope.rate_limit.as_ref().is_some_and(RateLimitRequest::forbids_retries) {
        options.retry = RetryPolicy::never();
    }
    options
}

/// The credentials of a call and the settings that its connection brings.
async fn credentials(
    integration: &Arc<Integration>,
    envelope: &RequestEnvelope,
    needs_auth: bool,
    host: &Arc<dyn Host>,
) -> Result<(Credentials, Map<String, Value>)> {
    let named = envelope.request.get("connection").and_then(Value::as_str);
    let Some(auth) = &envelope.auth else {
        if !needs_auth || integration.auth_kinds().is_empty() {
            return Ok((Credentials::None, Map::new()));
        }
        return stored(integration, named.unwrap_or(DEFAULT_CONNECTION), named.is_some(), host).await;
    };
    let auth: Auth = schema::typed(Value::Object(auth.clone()), "/auth")?;
    let unaccepted = auth.kind().filter(|kind| !integration.auth_kinds().contains(kind));
    if unaccepted.is_some() && needs_auth {
        return Err(ConnectorError::new(
            ErrorCode::UnknownValue,
            format!("/auth has a kind of credential that {} does not take", integration.app_id()),
        )
        .hint("`info` lists the kinds under authentication_schema"));
    }
    let credentials = match auth {
        Auth::Stored(stored_auth) => return stored(integration, &stored_auth.connection, true, host).await,
        Auth::Oauth(oauth) => Credentials::Bearer(oauth.access_token),
        Auth::OauthClientCredentials(client) => Credentials::Exchanged(ClientCredentialsToken::new(client)),
        Auth::Token(token) => Credentials::Bearer(token.token),
        Auth::Basic(basic) => Credentials::Basic { username: basic.username, password: basic.password },
        _ => Credentials::None,
    };
    if let Credentials::Bearer(token) = &credentials
        && token.expose().trim().is_empty()
    {
        return Err(ConnectorError::new(ErrorCode::IntegrationMissingParameter, "/auth has an empty token"));
    }
    Ok((credentials, Map::new()))
}

async fn stored(
    integration: &Arc<Integration>,
    name: &str,
    asked_for: bool,
    host: &Arc<dyn Host>,
) -> Result<(Credentials, Map<String, Value>)> {
    let key = ConnectionKey { app_id: integration.app_id().to_owned(), name: name.to_owned() };
    let tokens = host.tokens().await?;
    let connection = match &tokens {
        Some(tokens) => tokens.connection(&key).await?,
        None => None,
    };
    match (tokens, connection) {
        (Some(tokens), Some(connection)) => Ok(of_connection(tokens, key, &connection)),
        _ if asked_for => Err(ConnectorError::new(
            ErrorCode::IntegrationMissingParameter,
            format!("the vault has no connection `{name}`, named in the request"),
        )
        .hint("`login --connection NAME` makes one; `status` lists them")),
        _ => Err(ConnectorError::new(ErrorCode::IntegrationMissingParameter, "/auth is missing")
            .hint("log in with `login`, or pass {\"auth\":{\"oauth\":{\"access_token\":\"…\"}}}")),
    }
}

fn of_connection(
    tokens: Arc<RefreshCoordinator>,
    key: ConnectionKey,
    connection: &Connection,
) -> (Credentials, Map<String, Value>) {
    let token = StoredToken::new(tokens, key, connection.account.as_deref());
    (Credentials::Stored(token), connection.settings.clone())
}

/// The call that an access token of a connection is for.
pub(crate) fn context_of_connection(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    tokens: &Arc<RefreshCoordinator>,
    key: &ConnectionKey,
    connection: &Connection,
) -> Result<CallContext> {
    let credentials = of_connection(Arc::clone(tokens), key.clone(), connection);
    with_settings(integration, &RequestEnvelope::default(), credentials, host)
}
