//! Asking an app about tokens, with the client that a connection was made with.

use std::sync::Arc;

use connector_core::dispatch::{dispatch, gather_connection_settings};
use connector_core::envelope::RequestEnvelope;
use connector_core::host::{Host, NoHost};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::asked::Allowed;

/// Runs a capability of the connector and reads its answer. `connection` are the settings of the connection.
pub(super) async fn ask<T: DeserializeOwned>(
    allowed: &Allowed,
    capability: &str,
    request: Value,
    connection: Map<String, Value>,
) -> Result<T> {
    let Value::Object(request) = request else {
        return Err(ConnectorError::new(ErrorCode::InternalError, "a request of the broker is no object"));
    };
    let settings = gather_connection_settings(&allowed.integration, connection, &*allowed.host);
    let envelope = RequestEnvelope { request, settings, ..RequestEnvelope::default() };
    // Settings are gathered already; the environment must not be read a second time over them.
    let nothing: Arc<dyn Host> = Arc::new(NoHost);
    let answer = dispatch(&allowed.integration, capability, envelope, &nothing).await?;
    // The text of the error may hold a token.
    serde_json::from_str(answer.response.get()).map_err(|_| {
        ConnectorError::new(ErrorCode::InternalError, format!("the answer of {capability} cannot be read"))
    })
}
