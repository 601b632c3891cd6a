//! Whose tokens are: the app is asked with them.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::auth::Secret;
use crate::capability::names;
use crate::dispatch::{count_request, dispatch};
use crate::envelope::RequestEnvelope;
use crate::error::Result;
use crate::host::{Host, NoHost};
use crate::integration::Integration;

/// The app's id of the account that an access token is for; `None` where the app does not tell.
///
/// # Errors
/// When the app cannot be asked, or refuses the token.
pub(super) async fn account_of(
    integration: &Arc<Integration>,
    settings: &Map<String, Value>,
    access_token: &Secret,
    host: &dyn Host,
) -> Result<Option<String>> {
    if integration.capability(names::VALIDATE_CREDENTIALS).is_none() {
        return Ok(None);
    }
    let auth = json!({"oauth": {"access_token": access_token.expose()}});
    let envelope = RequestEnvelope {
        auth: auth.as_object().cloned(),
        settings: settings.clone(),
        ..RequestEnvelope::default()
    };
    let nothing: Arc<dyn Host> = Arc::new(NoHost);
    let answer =
        dispatch(integration, names::VALIDATE_CREDENTIALS, envelope, &nothing).await.map_err(|error| {
            error.context("asking whose the new tokens are").app_error_code("oauth.account_unknown")
        })?;
    let answer: Value = serde_json::from_str(answer.response.get()).unwrap_or_default();
    let account = answer["unique_tenant_id"].as_str().map(ToOwned::to_owned);
    if let Some(account) = &account {
        // It was a request that other processes should know of.
        if let Err(error) = count_request(integration, settings.clone(), account, host).await {
            tracing::warn!(%error, "the request for the account could not be counted");
        }
    }
    Ok(account)
}
