//! Resources: what entitlements are for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of resource that an integration declares, for [`resource_types`].
///
/// [`resource_types`]: crate::integration::IntegrationBuilder::resource_types
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceType {
    /// Its id, as in `resource_type` of resources.
    pub type_id: String,
    /// Its name for people.
    pub type_label: String,
}

/// Something that accounts get access to.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    /// The app's own id.
    pub integration_specific_id: String,
    /// Its name for people.
    pub label: String,
    /// What it is.
    pub description: Option<String>,
    /// Its type, as declared.
    #[schemars(extend("x-resource-type" = true))]
    pub resource_type: String,
    /// What else the app says.
    pub extra_data: Option<BTreeMap<String, String>>,
}
