//! Connecting an account by a code that somebody types in on another device (RFC 8628).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use connector_core::dispatch::gather_settings;
use connector_core::oauth::authorization::{NewTokens, keep};
use connector_core::oauth::{ConnectionKey, TokenSet};
use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, json};

use super::asked::{Allowed, Asked, Done};
use super::asking::ask;
use super::posted::{Posted, Several};
use super::refusal::Refusal;
use crate::serve::Server;
use crate::serve::access::Scope;

const START: &str = "connection.device";
const CONNECT: &str = "connection.device_agreed";

/// The capabilities that do it, where the connector's app offers it.
const START_CAPABILITY: &str = "start_device_authorization";
const POLL_CAPABILITY: &str = "poll_device_authorization";

/// Codes that are waited for at the same time.
const MOST_WAITING: usize = 100;

/// What somebody types in, and where.
#[derive(Deserialize)]
struct Started {
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_at: Timestamp,
    interval: u64,
}

#[derive(Deserialize)]
struct Polled {
    interval: Option<u64>,
    tokens: Option<TokenSet>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Device {
    scope: Several,
}

/// The connections that somebody may agree to on another device right now.
#[derive(Default)]
pub(super) struct Devices(Mutex<HashMap<ConnectionKey, Timestamp>>);

impl Devices {
    /// Whether a code for the connection is waited for.
    pub(super) fn wait_for(&self, key: &ConnectionKey) -> bool {
        self.waiting().contains_key(key)
    }

    fn add(&self, key: ConnectionKey, until: Timestamp) -> bool {
        let mut waiting = self.waiting();
        let is_room = waiting.len() < MOST_WAITING || waiting.contains_key(&key);
        if is_room {
            waiting.insert(key, until);
        }
        is_room
    }

    fn remove(&self, key: &ConnectionKey) {
        self.waiting().remove(key);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<ConnectionKey, Timestamp>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, until| *until > Timestamp::now());
        waiting
    }
}

pub(super) async fn start(State(_): State<Arc<Server>>, mut asked: Asked, mut posted: Posted) -> Response {
    asked.name(posted.connection());
    let outcome = match asked.allowed(Scope::ConnectionWrite) {
        Ok(allowed) => begin(&asked, allowed, posted).await,
        Err(refusal) => Err(refusal),
    };
    asked.end(START, outcome).await
}

async fn begin(asked: &Asked, allowed: Allowed, posted: Posted) -> Result<Done, Refusal> {
    let Device { scope } = posted.read("at most scope (a text or a list of texts) and connection")?;
    if allowed.integration.capability(START_CAPABILITY).is_none() {
        let message = "the app of this connector knows no agreeing on another device";
        return Err(ConnectorError::new(ErrorCode::UnsupportedOperation, message).into());
    }
    allowed.host.require_vault_key()?;
    let started: Started =
        ask(&allowed, START_CAPABILITY, json!({"scopes": scope.into_list()}), Map::new()).await?;
    if !allowed.server.broker.devices.add(allowed.subject.key(), started.expires_at) {
        let message = "too many codes for other devices are waited for";
        return Err(ConnectorError::new(ErrorCode::ServiceError, message).into());
    }
    let body = json!({
        "user_code": started.user_code,
        "verification_uri": started.verification_uri,
        "verification_uri_complete": started.verification_uri_complete,
        "expires_at": started.expires_at,
        "interval": started.interval,
    });
    let later = asked.again();
    tokio::spawn(async move {
        let outcome = wait(&allowed, started).await;
        allowed.server.broker.devices.remove(&allowed.subject.key());
        let outcome = outcome.map(|()| Done::new(().into_response())).map_err(|error| {
            tracing::warn!(?error, "an account was not connected from another device");
            Refusal::from(error)
        });
        later.end(CONNECT, outcome).await
    });
    Ok(Done::new(Json(body).into_response()))
}

/// Asks the app, as often as it allows, until somebody has agreed or the code has ended.
async fn wait(allowed: &Allowed, started: Started) -> Result<()> {
    let mut stop = allowed.server.stop.clone();
    let mut interval = started.interval;
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(interval)) => {}
            () = stop.given() => {
                return Err(ConnectorError::new(ErrorCode::RequestTimeout, "the server ends"));
            }
        }
        if Timestamp::now() >= started.expires_at {
            return Err(ConnectorError::new(ErrorCode::RequestTimeout, "nobody agreed in time"));
        }
        let request = json!({"device_code": started.device_code.expose(), "interval": interval});
        match ask::<Polled>(allowed, POLL_CAPABILITY, request, Map::new()).await {
            Ok(Polled { tokens: Some(tokens), .. }) => return connect(allowed, tokens).await,
            Ok(polled) => interval = polled.interval.unwrap_or(interval),
            Err(error) if error.code().metadata().retryable => {
                tracing::warn!(?error, "the app cannot be asked whether somebody has agreed");
            }
            Err(error) => return Err(error),
        }
    }
}

async fn connect(allowed: &Allowed, tokens: TokenSet) -> Result<()> {
    let settings = gather_settings(&allowed.integration, Map::new(), &*allowed.host);
    let new = NewTokens { key: allowed.subject.key(), tokens, settings, may_change_account: false };
    keep(&allowed.integration, &allowed.lent(), new).await.map(|_| ())
}
