//! What a key may allow.

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
    /// Everything.
    Admin,
}

impl Scope {
    pub(crate) const ALL: [Self; 9] = [
        Self::CapabilityCall,
        Self::SyncWrite,
        Self::SyncRead,
        Self::TokenRead,
        Self::StatusRead,
        Self::ConnectionWrite,
        Self::AuditRead,
        Self::MetricsRead,
        Self::Admin,
    ];

    /// The name, as it is typed and kept.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::CapabilityCall => "capability:call",
            Self::SyncWrite => "sync:write",
            Self::SyncRead => "sync:read",
            Self::TokenRead => "token:read",
            Self::StatusRead => "status:read",
            Self::ConnectionWrite => "connection:write",
            Self::AuditRead => "audit:read",
            Self::MetricsRead => "metrics:read",
            Self::Admin => "admin",
        }
    }

    /// The scope with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}
