//! Applications behind an identity provider, and who has access to them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AccountStatus, ActivityRecord, AssignEntitlement, Association, Resource};

/// Something of one application: what it is, and the application's id beside it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Application{T}")]
pub struct OfApplication<T> {
    /// The application.
    #[schemars(extend("x-semantic" = "application-instance-id"))]
    pub application_instance_id: String,
    /// What it has.
    #[serde(flatten)]
    pub content: T,
}

/// What an account did in an application.
pub type ApplicationActivityRecord = OfApplication<ActivityRecord>;
/// An entitlement that an account has in an application.
pub type ApplicationAssociation = OfApplication<Association>;
/// A resource of an application.
pub type ApplicationResource = OfApplication<Resource>;
/// Asks to give an account an entitlement in an application.
pub type AssignApplicationEntitlement = OfApplication<AssignEntitlement>;
/// Asks to take an entitlement in an application from an account.
pub type UnassignApplicationEntitlement = OfApplication<AssignEntitlement>;

/// An entitlement in an application. Agents take objects only in its `extra_data`, unlike in that of entitlements.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationEntitlement {
    /// The application.
    #[schemars(extend("x-semantic" = "application-instance-id"))]
    pub application_instance_id: String,
    /// Its type, as declared.
    #[schemars(extend("x-entitlement-type" = true))]
    pub entitlement_type: String,
    /// What else the app says.
    pub extra_data: Option<BTreeMap<String, Map<String, Value>>>,
    /// The app's own id.
    pub integration_specific_id: String,
    /// The resource it is for; empty where it is for the whole application.
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

/// Whether an application can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApplicationStatus {
    /// It can.
    Active,
    /// It cannot.
    Inactive,
}

/// How people sign in to an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SignOnMode {
    /// By SAML.
    Saml,
    /// By `OpenID` Connect.
    Oidc,
    /// By a link alone.
    Bookmark,
    /// In a way that is not known.
    Unknown,
}

/// How access to an application is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AssignmentMode {
    /// To accounts.
    Account,
    /// Through entitlements.
    Entitlement,
}

/// An application.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Application {
    /// The app's own id.
    #[schemars(extend("x-semantic" = "application-instance-id"))]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Whether it can be used.
    pub status: ApplicationStatus,
    /// Address of a logo.
    pub logo: Option<String>,
    /// How people sign in.
    pub sign_on_mode: SignOnMode,
    /// Where people sign in.
    pub sso_login_url: Option<String>,
    /// How access is given.
    pub assignment_modes: Vec<AssignmentMode>,
}

/// An account of an application.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationAccount {
    /// The account.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub account_id: String,
    /// The application.
    #[schemars(extend("x-semantic" = "application-instance-id"))]
    pub application_instance_id: String,
    /// Whether it can be used.
    pub status: AccountStatus,
}

/// Names one application.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct OneApplication {
    /// Which application.
    #[schemars(extend("x-semantic" = "application-instance-id"))]
    pub application_instance_id: String,
}

/// Names one account of one application.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct OneApplicationAccount {
    /// Which application.
    #[schemars(extend("x-semantic" = "application-instance-id"))]
    pub application_instance_id: String,
    /// Which account.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub account_id: String,
}

/// An account that was let into an application.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub struct AssignedApplication {
    /// Whether it was.
    pub assigned: bool,
    /// Whether the application has an account for it now.
    pub provisioned: bool,
}

/// An account that was put out of an application.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct UnassignedApplication {
    /// Whether it was.
    pub unassigned: bool,
    /// Whether the application's account for it is gone.
    pub deprovisioned: bool,
    /// What is left of it.
    pub status: AccountStatus,
}
