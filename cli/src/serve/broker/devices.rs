//! Connecting an account by a code that somebody types in on another device (RFC 8628).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use connector_core::oauth::authorization::{BeginAuthorization, begin_on_another_device};
use connector_core::{ConnectorError, ErrorCode};
use serde::Deserialize;
use serde_json::json;

use super::asked::{Allowed, Asked, Done};
use super::posted::{Posted, Several};
use super::refusal::Refusal;
use crate::serve::Server;
use crate::serve::access::Scope;

const START: &str = "connection.device";
const CONNECT: &str = "connection.device_agreed";

/// Codes that are waited for at the same time.
pub(super) const MOST_WAITING: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Device {
    scope: Several,
}

pub(super) async fn start(State(_): State<Arc<Server>>, mut asked: Asked, mut posted: Posted) -> Response {
    asked.name(posted.connection());
    let outcome = match asked.allowed(Scope::ConnectionWrite) {
        Ok(allowed) => begin(&asked, &allowed, posted).await,
        Err(refusal) => Err(refusal),
    };
    asked.end(START, outcome).await
}

async fn begin(asked: &Asked, allowed: &Allowed, posted: Posted) -> Result<Done, Refusal> {
    let Device { scope } = posted.read("at most scope (a text or a list of texts) and connection")?;
    let place = Arc::clone(&allowed.server.broker.devices).try_acquire_owned().map_err(|_| {
        ConnectorError::new(ErrorCode::ServiceError, "too many codes for other devices are waited for")
    })?;
    let request = BeginAuthorization {
        connection: allowed.subject.vault_name(),
        scopes: scope.into_list(),
        ..BeginAuthorization::default()
    };
    let login = begin_on_another_device(&allowed.integration, &allowed.lent(), request).await?;
    let prompt = login.prompt();
    let body = json!({
        "user_code": prompt.user_code,
        "verification_uri": prompt.verification_uri,
        "verification_uri_complete": prompt.verification_uri_complete,
        "expires_at": prompt.expires_at,
        "interval": prompt.interval.as_secs(),
    });
    let (later, stop) = (asked.again(), allowed.server.stop.clone());
    tokio::spawn(async move {
        let finished = login.finish(stop).await;
        drop(place);
        let outcome = finished.map(|_| Done::new(().into_response())).map_err(|error| {
            tracing::warn!(?error, "an account was not connected from another device");
            Refusal::from(error)
        });
        later.end(CONNECT, outcome).await
    });
    Ok(Done::new(Json(body).into_response()))
}
