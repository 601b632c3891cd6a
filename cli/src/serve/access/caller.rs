//! Who sent a request.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use connector_core::{ConnectorError, ErrorCode, Result};

use super::credentials::{Credentials, credentials};
use super::keys::Known;
use super::pattern::fits;
use super::scope::Scope;
use crate::serve::Server;
use crate::serve::answer::Failure;
use crate::serve::listen::ClientAddress;
use crate::serve::origin::{is_of_foreign_page, is_of_our_pages};

/// Who sent a request, by a key or by the session that somebody opened with one.
#[derive(Clone)]
pub(crate) struct Caller {
    /// Id of the key.
    pub(crate) key_id: String,
    known: Arc<Known>,
}

impl Caller {
    /// Refuses what the key does not allow, before it is looked at whether there is such a thing. `app_id` is the
    /// customer's app as the broker knows it (the first part of a connection's name), `connector` the connector's id.
    pub(crate) fn require(&self, scope: Scope, app_id: &str, connector: &str) -> Result<()> {
        if self.allows(scope, app_id, connector) { Ok(()) } else { Err(insufficient(scope)) }
    }

    /// The same for what is not of one app, as the numbers of the whole server: what the key is limited to does not
    /// matter.
    pub(crate) fn require_scope(&self, scope: Scope) -> Result<()> {
        if self.has(scope) { Ok(()) } else { Err(insufficient(scope)) }
    }

    /// The same for what is of no customer's app, as a call with credentials of the caller's own.
    pub(crate) fn require_connector(&self, scope: Scope, connector: &str) -> Result<()> {
        let is_for_it = self.known.key.connectors.iter().any(|pattern| fits(pattern, connector));
        if self.has(scope) && is_for_it { Ok(()) } else { Err(insufficient(scope)) }
    }

    /// The same for what is of all apps, as the audit log: a key that is limited to some does not do.
    pub(crate) fn require_everywhere(&self, scope: Scope) -> Result<()> {
        if self.has(scope) && self.is_for_all() { Ok(()) } else { Err(insufficient(scope)) }
    }

    /// Whether the key is limited neither to apps nor to connectors.
    pub(crate) fn is_for_all(&self) -> bool {
        let is_unlimited = |patterns: &[String]| patterns.iter().any(|pattern| pattern == "*");
        is_unlimited(&self.known.key.apps) && is_unlimited(&self.known.key.connectors)
    }

    /// Whether the key allows it, for lists that show what a caller may see.
    pub(crate) fn allows(&self, scope: Scope, app_id: &str, connector: &str) -> bool {
        let fits_one = |patterns: &[String], name: &str| patterns.iter().any(|pattern| fits(pattern, name));
        self.has(scope)
            && fits_one(&self.known.key.apps, app_id)
            && fits_one(&self.known.key.connectors, connector)
    }

    /// Whether the key allows it for some app of a connector.
    pub(crate) fn allows_some(&self, scope: Scope, connector: &str) -> bool {
        self.has(scope) && self.known.key.connectors.iter().any(|pattern| fits(pattern, connector))
    }

    fn has(&self, scope: Scope) -> bool {
        self.known.scopes.iter().any(|held| *held == scope || *held == Scope::Admin)
    }

    /// The caller behind a key's text, for those who sign in with one.
    pub(crate) async fn of_key(server: &Server, text: &str, address: IpAddr) -> Result<Self> {
        Ok(Self::new(server.access.by_text(text, address).await?))
    }

    /// The caller of what no page is for, as tokens: known by a key that came with the request itself. A session does not
    /// do, and what a browser says a page of somebody else's sent is refused, whatever it brings: a browser sends
    /// cookies and the passwords that it remembers by itself.
    pub(crate) async fn with_key(request: &mut Parts, server: &Arc<Server>) -> Result<Self, Failure> {
        let fail = |error| Failure::new(error, "server", "access");
        if is_of_foreign_page(request, &server.public_url) {
            return Err(fail(foreign_page("this is for programs, and for no page of another server")));
        }
        if matches!(credentials(&request.headers), Credentials::None) {
            return Err(fail(no_key()));
        }
        Self::from_request_parts(request, server).await
    }

    fn new(known: Arc<Known>) -> Self {
        Self { key_id: known.key.id.clone(), known }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

fn insufficient(scope: Scope) -> ConnectorError {
    ConnectorError::new(ErrorCode::PermissionDenied, "the key does not allow this")
        .app_error_code("access.insufficient_scope")
        .hint(format!("it needs a key with the scope {}, for this app and connector", scope.name()))
}

/// The address of whoever sent a request.
pub(crate) fn address_of(request: &Parts) -> IpAddr {
    request.extensions.get::<ClientAddress>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.0)
}

impl FromRequestParts<Arc<Server>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(request: &mut Parts, server: &Arc<Server>) -> Result<Self, Failure> {
        if let Some(caller) = request.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        if let Some(failure) = request.extensions.remove::<Refused>().and_then(|refused| refused.take()) {
            return Err(failure);
        }
        let caller =
            caller_of(request, server).await.map_err(|error| Failure::new(error, "server", "access"))?;
        if let Some(note) = request.extensions.get::<crate::serve::request_log::CallerNote>() {
            note.set(&caller.key_id);
        }
        request.extensions.insert(caller.clone());
        Ok(caller)
    }
}

/// Why the caller of a request is not known, for the route that will say so: whoever is asked twice counts a wrong key
/// twice.
#[derive(Clone)]
pub(crate) struct Refused(Arc<Mutex<Option<Failure>>>);

impl Refused {
    pub(crate) fn new(failure: Failure) -> Self {
        Self(Arc::new(Mutex::new(Some(failure))))
    }

    fn take(&self) -> Option<Failure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

async fn caller_of(request: &Parts, server: &Server) -> Result<Caller> {
    let is_reading = matches!(request.method, Method::GET | Method::HEAD);
    match credentials(&request.headers) {
        Credentials::Password(_) if !is_reading && is_of_foreign_page(request, &server.public_url) => {
            Err(foreign_page("a password that a browser sends must come from a page of this server"))
        }
        Credentials::Key(text) | Credentials::Password(text) => {
            Caller::of_key(server, text.expose(), address_of(request)).await
        }
        // What can be no key is refused like a wrong one, and counted like one.
        Credentials::Other => Caller::of_key(server, "", address_of(request)).await,
        Credentials::None => {
            let Some(key_id) = server.sessions.key_of(request) else { return Err(no_key()) };
            if !is_reading && !is_of_our_pages(request, &server.public_url) {
                return Err(foreign_page("a request with a session must come from a page of this server"));
            }
            server.access.by_id(&key_id).await.map(Caller::new)
        }
    }
}

fn foreign_page(message: &'static str) -> ConnectorError {
    ConnectorError::new(ErrorCode::PermissionDenied, message).app_error_code("access.foreign_origin")
}

fn no_key() -> ConnectorError {
    ConnectorError::new(ErrorCode::Unauthorized, "a key is needed")
        .app_error_code("access.key_needed")
        .hint("send `Authorization: Bearer bk_…`; `keys create` makes a key")
}
