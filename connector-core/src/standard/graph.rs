//! Graphs of access: resources, entitlements on them, and which access implies which.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CustomAttribute, CustomAttributeParameter};

/// Asks for a graph.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct FindGraph {
    /// Attributes to add.
    pub custom_attributes: Option<Vec<CustomAttributeParameter>>,
}

/// Resources and how they belong together.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ResourceGraph {
    /// The resources.
    pub resources: Vec<GraphResource>,
    /// How they belong together.
    pub resource_relationships: Vec<ResourceRelationship>,
    /// Attributes that were asked for.
    pub custom_attributes: Vec<CustomAttribute>,
}

/// A resource.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GraphResource {
    /// Its id.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub id: String,
    /// Its type, as declared.
    #[schemars(extend("x-semantic" = "resource-type"))]
    pub resource_type: String,
    /// What it stands for.
    pub reference: Option<Reference>,
    /// Its name for people.
    pub label: String,
    /// What it is.
    pub description: Option<String>,
    /// Whether nothing is below it.
    pub is_terminal: Option<bool>,
    /// Whether it has credentials.
    pub is_credential_bearing: Option<bool>,
    /// Its credentials.
    #[schemars(extend("x-semantic" = "credential-id"))]
    pub linked_credential_ids: Option<Vec<String>>,
}

/// What a resource stands for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Reference {
    /// Its id.
    pub id: String,
    /// What it is.
    pub r#type: ReferenceType,
}

/// What a resource can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceType {
    /// An account.
    Account,
}

/// A resource and those that it is tied to.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ResourceRelationship {
    /// From here.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub from_id: String,
    /// To these.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub to_ids: Vec<String>,
    /// How, as `ParentOf`.
    pub label: String,
}

/// Entitlements and which of them imply others.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EntitlementGraph {
    /// The entitlements.
    pub nodes: Vec<GraphEntitlement>,
    /// Which imply others.
    pub entitlement_implications: Vec<ImpliedAccess>,
    /// Attributes that were asked for.
    pub custom_attributes: Vec<CustomAttribute>,
    /// Entitlements that every resource of a type has.
    #[serde(default)]
    pub access_graph_entitlement_rules: Vec<EntitlementRule>,
    /// What entitlements of one type imply on resources of another.
    #[serde(default)]
    pub access_graph_implied_access_rules: Vec<ImpliedAccessRule>,
}

/// An entitlement on a resource.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GraphEntitlement {
    /// Its id.
    #[schemars(extend("x-semantic" = "entitlement-id"))]
    pub id: String,
    /// Its type, as declared.
    #[schemars(extend("x-semantic" = "entitlement-type"))]
    pub entitlement_type: String,
    /// The resource it is on.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub resource_id: String,
    /// Whether it can be given.
    pub is_assignable: Option<bool>,
    /// Whether it forbids instead of allowing.
    pub denies_access: bool,
    /// Its name for people.
    pub label: String,
    /// What it allows.
    pub description: Option<String>,
}

/// Names an entitlement on a resource.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EntitlementIdentifier {
    /// The entitlement.
    #[schemars(extend("x-semantic" = "entitlement-id"))]
    pub entitlement_id: String,
    /// The resource.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub resource_id: String,
}

/// An entitlement and those that come with it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ImpliedAccess {
    /// Who has this one …
    pub from_entitlement: EntitlementIdentifier,
    /// … has these, too.
    pub to_entitlements: Vec<EntitlementIdentifier>,
}

/// An entitlement that every resource of a type has.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EntitlementRule {
    /// Its type, as declared.
    #[schemars(extend("x-semantic" = "entitlement-type"))]
    pub entitlement_type: String,
    /// Its id.
    #[schemars(extend("x-semantic" = "entitlement-id"))]
    pub entitlement_id: String,
    /// The type of the resources.
    #[schemars(extend("x-semantic" = "resource-type"))]
    pub resource_type: String,
    /// Whether it can be given.
    pub is_assignable: Option<bool>,
    /// Whether it forbids instead of allowing.
    pub denies_access: bool,
    /// Its name for people.
    pub label: String,
    /// What it allows.
    pub description: Option<String>,
}

/// What an entitlement of one type implies on resources of another.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ImpliedAccessRule {
    /// The type of the entitlement that implies.
    #[schemars(extend("x-semantic" = "entitlement-type"))]
    pub from_entitlement_type: String,
    /// The entitlement that implies.
    #[schemars(extend("x-semantic" = "entitlement-id"))]
    pub from_entitlement_id: String,
    /// The type of resources that it is on.
    #[schemars(extend("x-semantic" = "resource-type"))]
    pub from_resource_type: String,
    /// The relationship along which it goes.
    pub relationship_label: Option<String>,
    /// The type of the implied entitlement.
    #[schemars(extend("x-semantic" = "entitlement-type"))]
    pub to_entitlement_type: String,
    /// The implied entitlement.
    #[schemars(extend("x-semantic" = "entitlement-id"))]
    pub to_entitlement_id: String,
    /// The type of resources that it is on.
    #[schemars(extend("x-semantic" = "resource-type"))]
    pub to_resource_type: String,
}

/// A resource that has an entitlement.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EntitlementAssignment {
    /// Who has it.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub resource_id: String,
    /// What it has.
    #[schemars(extend("x-semantic" = "entitlement-id"))]
    pub entitlement_id: String,
    /// The resource that the entitlement is on.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub entitlement_resource_id: String,
}
