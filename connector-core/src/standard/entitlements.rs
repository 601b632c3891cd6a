//! Entitlements: what accounts may do.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A kind of entitlement that an integration declares, for [`entitlement_types`].
///
/// [`entitlement_types`]: crate::integration::IntegrationBuilder::entitlement_types
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntitlementType {
    /// Its id, as in `entitlement_type` of entitlements.
    pub type_id: String,
    /// Its name for people.
    pub type_label: String,
    /// The type of resource that it is for; empty where it is for the whole app.
    pub resource_type_id: String,
    /// How many an account has at least.
    pub min: u32,
    /// How many an account has at most, where there is a limit.
    pub max: Option<u32>,
    /// Other limits for single capabilities, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirements: Option<BTreeMap<String, EntitlementRequirement>>,
}

/// Limits that hold for one capability.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntitlementRequirement {
    /// At least so many.
    pub min: Option<u32>,
    /// At most so many.
    pub max: Option<u32>,
}

/// Asks for all entitlements.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListEntitlements {
    /// Names of attributes to add.
    pub custom_attributes: Option<Vec<String>>,
}

/// Something that an account may be given.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Entitlement {
    /// Its type, as declared.
    #[schemars(extend("x-entitlement-type" = true))]
    pub entitlement_type: String,
    /// What else the app says.
    pub extra_data: Option<Map<String, Value>>,
    /// The app's own id.
    pub integration_specific_id: String,
    /// The resource it is for; empty where it is for the whole app.
    pub integration_specific_resource_id: String,
    /// Whether it can be given at all.
    pub is_assignable: Option<bool>,
    /// Its name for people.
    pub label: String,
    /// What it allows.
    pub description: Option<String>,
    /// Attributes that were asked for, by name.
    pub custom_attributes: Option<BTreeMap<String, String>>,
}

/// Asks to give an account an entitlement.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AssignEntitlement {
    /// Which account.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub account_integration_specific_id: String,
    /// For which resource.
    pub resource_integration_specific_id: String,
    /// The type of that resource.
    #[schemars(extend("x-resource-type" = true))]
    pub resource_type: String,
    /// The type of the entitlement.
    #[schemars(extend("x-entitlement-type" = true))]
    pub entitlement_type: String,
    /// Which entitlement.
    pub entitlement_integration_specific_id: String,
}

/// Asks to take an entitlement from an account.
pub type UnassignEntitlement = AssignEntitlement;

/// An entitlement that was given.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub struct AssignedEntitlement {
    /// Whether it was.
    pub assigned: bool,
}

/// An entitlement that was taken.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub struct UnassignedEntitlement {
    /// Whether it was.
    pub unassigned: bool,
}
