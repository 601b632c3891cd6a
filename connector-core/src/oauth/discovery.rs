//! What an authorization server publishes about itself (RFC 8414, `OpenID` Connect Discovery).
//!
//! It is a hint and no gate: servers leave out what they can do, so that only addresses are taken from it, and only
//! where the settings have none. Who publishes something in another's name is not believed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, timeout};
use url::Url;

use super::client::Endpoint;
use super::endpoint::{LARGEST_ANSWER, checked};
use super::{Endpoints, OAuthClient};
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::http::HttpRequest;

/// How long what a server published is taken to be true.
const FRESH_FOR: Duration = Duration::from_hours(1);

/// How long a server that could not be asked is not asked again.
const FAILED_FOR: Duration = Duration::from_secs(10);

/// Longest time to find out what a server publishes, wherever that is.
const LONGEST_SEARCH: Duration = Duration::from_secs(10);

/// Servers that are remembered at a time. Their names come from settings, and those may be a caller's.
const MOST_ISSUERS: usize = 1000;

/// Words of errors of what a server publishes: a request for tokens was not even begun.
const UNREACHABLE: &str = "oauth.metadata_unreachable";
const INVALID: &str = "oauth.invalid_metadata";

/// Where a server publishes its endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Discovery {
    /// At the places that follow from the issuer.
    OfIssuer,
    /// At an address of its own.
    At(String),
}

/// What servers published lately, by their issuers.
#[derive(Default)]
pub(crate) struct MetadataCache(Mutex<HashMap<String, Arc<Cell>>>);

/// What one of them published. Held while it is asked: others who need the same wait for the one answer.
#[derive(Default)]
struct Cell(tokio::sync::Mutex<Option<Seen>>);

/// What came of asking.
struct Seen {
    at: Instant,
    outcome: Result<Arc<Metadata>>,
}

/// The part of the document that is of use.
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Whether a server could not be asked what it publishes, or publishes nothing of use.
pub(super) fn is_failure(error: &ConnectorError) -> bool {
    matches!(error.app_code(), Some(UNREACHABLE | INVALID))
}

/// The address of an endpoint that the settings do not have.
pub(super) async fn endpoint(
    context: &CallContext,
    registration: &OAuthClient,
    endpoint: Endpoint,
) -> Result<String> {
    let published = metadata(context, registration).await?.map(|metadata| metadata.endpoints());
    published.as_ref().and_then(|endpoints| endpoint.of(endpoints)).map(ToOwned::to_owned).ok_or_else(|| {
        let message = format!("the {} URL is neither declared nor published by the app", endpoint.name());
        ConnectorError::misconfigured(ErrorCode::UnsupportedOperation, message)
    })
}

/// Whether an answer to an authorization request must name who sent it.
pub(super) async fn promises_issuer(context: &CallContext, registration: &OAuthClient) -> bool {
    if registration.promises_issuer {
        return true;
    }
    match metadata(context, registration).await {
        Ok(metadata) => {
            metadata.is_some_and(|metadata| metadata.authorization_response_iss_parameter_supported)
        }
        Err(error) => {
            tracing::warn!(%error, "what the authorization server publishes cannot be read");
            false
        }
    }
}

impl MetadataCache {
    fn cell(&self, issuer: &str) -> Arc<Cell> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cells.len() >= MOST_ISSUERS && !cells.contains_key(issuer) {
            cells.clear();
        }
        Arc::clone(cells.entry(issuer.to_owned()).or_default())
    }
}

impl Seen {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < if self.outcome.is_ok() { FRESH_FOR } else { FAILED_FOR }
    }
}

impl Metadata {
    fn endpoints(&self) -> Endpoints {
        Endpoints {
            authorization: self.authorization_endpoint.clone(),
            token: self.token_endpoint.clone(),
            device: self.device_authorization_endpoint.clone(),
            revocation: self.revocation_endpoint.clone(),
            introspection: self.introspection_endpoint.clone(),
        }
    }
}

/// What the server publishes; `None` where the integration does not say that it does.
async fn metadata(context: &CallContext, registration: &OAuthClient) -> Result<Option<Arc<Metadata>>> {
    let (Some(discovery), Some(oauth)) = (&registration.discovery, context.integration().oauth()) else {
        return Ok(None);
    };
    let issuer = registration.issuer.as_deref().ok_or_else(|| {
        let message =
            "the issuer of the authorization server is missing, without which nothing it publishes counts";
        ConnectorError::misconfigured(ErrorCode::IntegrationMissingParameter, message)
    })?;
    let addresses = addresses(discovery, issuer)?;
    let cell = oauth.metadata.cell(issuer);
    let mut seen = cell.0.lock().await;
    if let Some(seen) = seen.as_ref().filter(|seen| seen.is_fresh()) {
        return seen.outcome.clone().map(Some);
    }
    let search = timeout(LONGEST_SEARCH, published(context, &addresses, issuer)).await;
    let outcome = search.unwrap_or_else(|_| Err(unreachable())).map(Arc::new);
    *seen = Some(Seen { at: Instant::now(), outcome: outcome.clone() });
    outcome.map(Some)
}

/// Where the document may be: the name goes before the issuer's path (RFC 8414), or behind it (`OpenID` Connect).
fn addresses(discovery: &Discovery, issuer: &str) -> Result<Vec<Url>> {
    let parse = |address: &str| {
        Url::parse(address).map_err(|_| {
            ConnectorError::misconfigured(
                ErrorCode::InvalidValue,
                "the issuer or the discovery URL is not a URL",
            )
        })
    };
    match discovery {
        Discovery::At(address) => Ok(vec![parse(address)?]),
        Discovery::OfIssuer => {
            let mut before = parse(issuer)?;
            let path = before.path().trim_end_matches('/').to_owned();
            before.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
            let mut behind = before.clone();
            behind.set_path(&format!("{path}/.well-known/openid-configuration"));
            Ok(vec![before, behind])
        }
    }
}

/// The first document that is there and is the issuer's own.
async fn published(context: &CallContext, addresses: &[Url], issuer: &str) -> Result<Metadata> {
    let mut refused = None;
    for address in addresses {
        match read(context, address, issuer).await {
            Ok(metadata) => return Ok(metadata),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| ConnectorError::new(ErrorCode::NotFound, "the app publishes nothing")))
}

fn unreachable() -> ConnectorError {
    let message = "the authorization server cannot be asked where its endpoints are";
    ConnectorError::new(ErrorCode::ServiceError, message).app_error_code(UNREACHABLE)
}

async fn read(context: &CallContext, address: &Url, issuer: &str) -> Result<Metadata> {
    checked(address.as_str(), "discovery")?;
    let request = HttpRequest::get(address.clone()).largest_body(LARGEST_ANSWER);
    let answer = context.for_tokens().http().attempt(&request, None).await;
    let response = answer.map_err(|error| unreachable().source(error))?;
    let unusable = |what: &str| {
        let message = format!("what the authorization server publishes at {} {what}", address.path());
        ConnectorError::new(ErrorCode::InvalidResponse, message).app_error_code(INVALID)
    };
    if response.status != 200 {
        return Err(unusable("is not there"));
    }
    let metadata: Metadata =
        serde_json::from_slice(&response.body).map_err(|_| unusable("is not the document of RFC 8414"))?;
    if metadata.issuer == issuer { Ok(metadata) } else { Err(unusable("is about another issuer")) }
}
