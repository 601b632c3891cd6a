//! Who may do what: keys, their scopes, and the caller behind a request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use connector_core::{ConnectorError, ErrorCode, Result};

use super::Server;
use super::answer::Failure;

/// What a key may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Call capabilities.
    CapabilityCall,
    /// Start and cancel syncs and exports, change schedules.
    SyncWrite,
    /// Look at runs, streams and schedules.
    SyncRead,
    /// Be handed access tokens.
    TokenRead,
    /// Look at connections.
    StatusRead,
    /// Connect, import and remove accounts.
    ConnectionWrite,
    /// Read the audit log.
    AuditRead,
    /// Read metrics.
    MetricsRead,
}

/// The keys, as this process knows them.
pub(crate) struct Access {}

/// Who sent a request, by a key or by the session that somebody opened with one.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Id of the key.
    pub(crate) key_id: String,
}

impl Caller {
    /// Refuses what the key does not allow, before it is looked at whether there is such a thing. `app_id` is the
    /// customer's app as the broker knows it (the first part of a connection's name), `connector` the connector's id.
    pub(crate) fn require(&self, scope: Scope, app_id: &str, connector: &str) -> Result<()> {
        let _ = (scope, app_id, connector);
        Err(ConnectorError::new(ErrorCode::PermissionDenied, "no key allows anything yet"))
    }
}

impl FromRequestParts<Arc<Server>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(_: &mut Parts, server: &Arc<Server>) -> Result<Self, Failure> {
        let _ = &server.access;
        let error = ConnectorError::new(ErrorCode::Unauthorized, "a key is needed");
        Err(Failure::new(error, "server", "access"))
    }
}
