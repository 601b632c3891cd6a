//! How a call walks: envelope, capability, request, auth, settings, connector, answer.

mod credentials;
mod deadline;

use std::any::Any;
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::field::Empty;
use tracing::{Instrument, info_span};

use crate::call::{CallContext, Parts};
use crate::capability::Capability;
use crate::envelope::{Answer, RequestEnvelope};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::Host;
use crate::http::{HttpClient, HttpOptions, RetryPolicy, Urgency};
use crate::integration::Integration;
use crate::oauth::{Connection, ConnectionKey, RefreshCoordinator};
pub use crate::oauth::{IssueOptions, IssuedToken, access_token};
use crate::rate_limit::{RateLimitRequest, RateLimitResponse};
use crate::telemetry::{SPANS, note_failure};
use crate::{schema, settings};
use credentials::Brought;
use deadline::Late;

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
    // Boxed, since whoever waits with a deadline would hold it several times over.
    let work = |host| Box::pin(async move { call(integration, found, envelope, &host).await });
    let answer = deadline::within(deadline, Late::of(found), host, work).instrument(span.clone()).await;
    note_failure(&span, &answer);
    answer.map_err(|error| match page {
        Some(page) if error.code() == ErrorCode::BudgetExhausted => error.at_page(page),
        _ => error,
    })
}

async fn call(
    integration: &Arc<Integration>,
    found: &Capability,
    mut envelope: RequestEnvelope,
    host: &Arc<dyn Host>,
) -> Result<Answer> {
    let request_schema = found.request_schema();
    let needs_something =
        request_schema.get("required").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    if needs_something || !envelope.request.is_empty() {
        // Lent and not copied: it may be large.
        let request = Value::Object(std::mem::take(&mut envelope.request));
        schema::check(&request_schema, &request, "/request")?;
        if let Value::Object(request) = request {
            envelope.request = request;
        }
    }
    let context = context(integration, &envelope, found.needs_auth(), host).await?;
    let http = context.http().clone();
    let answer = found.run(context, envelope.request).await;
    let mut answer = answer.map_err(|error| error.needing(found.required_scopes()))?;
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

/// An error of settings that were gathered with what the request says, as whoever must act reads it: it names the
/// variable that is wrong or missing, and what an operator set wrongly exits with 78. Any other error stays as it is.
pub fn blame_settings(
    error: ConnectorError,
    integration: &Integration,
    requested: &Map<String, Value>,
    host: &dyn Host,
) -> ConnectorError {
    settings::blame(error, integration, requested, host)
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
    let brought = credentials::brought(integration, envelope, needs_auth, host).await?;
    with_settings(integration, envelope, brought, host)
}

/// The call with its credentials and with the settings that those bring.
fn with_settings(
    integration: &Arc<Integration>,
    envelope: &RequestEnvelope,
    mut brought: Brought,
    host: &Arc<dyn Host>,
) -> Result<CallContext> {
    let of_connection = std::mem::take(&mut brought.settings);
    let settings_json = settings::gather(integration, envelope.settings.clone(), &**host, of_connection);
    let credentials =
        brought.into_credentials(integration, &Value::Object(settings_json.clone()).to_string());
    let settings = integration.parse_settings(settings_json);
    let settings =
        settings.map_err(|error| blame_settings(error, integration, &envelope.settings, &**host))?;
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

/// The call that an access token of a connection is for.
pub(crate) fn context_of_connection(
    integration: &Arc<Integration>,
    host: &Arc<dyn Host>,
    tokens: &Arc<RefreshCoordinator>,
    key: &ConnectionKey,
    connection: &Connection,
) -> Result<CallContext> {
    let brought = Brought::of_connection(Arc::clone(tokens), key.clone(), connection);
    with_settings(integration, &RequestEnvelope::default(), brought, host)
}
