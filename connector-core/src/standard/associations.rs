//! Associations: which account has which entitlement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An entitlement that an account has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Association {
    /// The account.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub account_id: String,
    /// The entitlement.
    pub integration_specific_entitlement_id: String,
    /// The resource that the entitlement is for; empty where it is for the whole app.
    pub integration_specific_resource_id: String,
}

/// Asks for everything; there is nothing to choose.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub struct Everything {}
