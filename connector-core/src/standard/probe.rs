//! Probes: whether an integration works for an account, check by check.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AccountStatus, CustomAttributeType, CustomizedType};

/// Asks whether the integration works.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ProbeIntegration {
    /// Names of attributes that should be found.
    pub custom_attributes: Option<Vec<String>>,
    /// What to try; everything when absent.
    pub checks: Option<Vec<ProbeCheckName>>,
}

/// What can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeCheckName {
    /// Whether accounts can be listed.
    Accounts,
    /// Whether the entitlements of a resource can be listed.
    Entitlements,
    /// Whether it can be listed which account has which entitlement.
    EntitlementAssociations,
    /// Whether the settings suit the capabilities that need them.
    CapabilityConfig,
}

/// How all checks together ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeStatus {
    /// All well.
    Passed,
    /// Some well.
    Partial,
    /// None well.
    Failed,
}

/// What was found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProbeResults {
    /// How it ended.
    pub status: ProbeStatus,
    /// Check by check.
    pub checks: Vec<ProbeCheck>,
    /// How long it took.
    pub duration_ms: Option<i32>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeCheckStatus {
    /// Well.
    Passed,
    /// Not well.
    Failed,
    /// The connector has nothing to try it with.
    Unsupported,
    /// Nobody asked for it.
    Skipped,
}

/// Who made a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeCheckSource {
    /// The connector.
    Native,
    /// The framework, through the connector's lists.
    Default,
}

/// One check.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProbeCheck {
    /// What was tried.
    pub check: ProbeCheckName,
    /// How it ended.
    pub status: ProbeCheckStatus,
    /// Who tried it.
    pub source: ProbeCheckSource,
    /// With which capability.
    pub capability: Option<String>,
    /// How many records were seen.
    pub observed_count: i32,
    /// What a person should know.
    pub message: Option<String>,
    /// What went wrong, in the form of `error` in an error envelope.
    pub error: Option<Map<String, Value>>,
    /// A few of the records.
    pub samples: Vec<ProbeSample>,
    /// Which declared types of entitlements were seen.
    pub entitlement_types: Option<Vec<ProbedEntitlementType>>,
    /// Which attributes that were asked for were seen.
    pub custom_attributes: Option<Vec<ProbedCustomAttribute>>,
    /// How long it took.
    pub duration_ms: Option<i32>,
}

/// Whether something was seen among the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// At least one sample has it.
    Found,
    /// No sample has it; records beyond the samples still may.
    NotFound,
    /// Nothing was read that could have it.
    NotChecked,
}

/// Whether a declared type of entitlements was seen.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProbedEntitlementType {
    /// The type.
    pub entitlement_type: String,
    /// Whether it was.
    pub status: Coverage,
}

/// Whether an attribute was seen.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProbedCustomAttribute {
    /// The attribute.
    pub name: String,
    /// Whether it was.
    pub status: Coverage,
}

/// A record that a check saw, cut down to what shows that it is right.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProbeSample {
    /// An account.
    Account(SampledAccount),
    /// An entitlement.
    Entitlement(SampledEntitlement),
    /// An entitlement that an account has.
    Association(SampledAssociation),
    /// How settings suit a capability.
    CapabilityConfig(SampledConfiguration),
}

/// An account that was seen.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SampledAccount {
    /// The app's own id.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub integration_specific_id: String,
    /// Address.
    pub email: Option<String>,
    /// Name to sign in with.
    pub username: Option<String>,
    /// Whether it can be used.
    pub user_status: Option<AccountStatus>,
    /// Attributes that were asked for.
    pub custom_attributes: Option<Vec<SampledCustomAttribute>>,
}

/// The value of an attribute that was seen.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SampledCustomAttribute {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Option<String>,
    /// What has it.
    pub customized_type: Option<CustomizedType>,
    /// What its values are.
    pub attribute_type: Option<CustomAttributeType>,
}

/// An entitlement that was seen.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SampledEntitlement {
    /// The app's own id.
    pub integration_specific_id: String,
    /// The resource it is for.
    pub integration_specific_resource_id: String,
    /// Its type, as declared.
    pub entitlement_type: String,
    /// Its name for people.
    pub label: String,
}

/// An association that was seen.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SampledAssociation {
    /// The account.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub account_id: String,
    /// The entitlement.
    pub integration_specific_entitlement_id: String,
    /// The resource that the entitlement is for.
    pub integration_specific_resource_id: String,
    /// Whether the account is among the samples.
    pub linked_to_sampled_account: bool,
}

/// How settings suit a capability.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SampledConfiguration {
    /// The capability.
    pub capability: String,
    /// Whether it reads or writes.
    pub capability_type: ProbedCapabilityType,
    /// The setting that was looked at.
    pub setting: Option<String>,
    /// Whether it suits.
    pub status: ConfigurationStatus,
    /// What is wrong with it.
    pub findings: Vec<ConfigurationFinding>,
    /// What the capability would do with it.
    pub preview: Option<String>,
}

/// Whether a capability reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbedCapabilityType {
    /// It changes nothing in the app.
    Read,
    /// It changes something in the app.
    Write,
}

/// Whether settings suit a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfigurationStatus {
    /// The capability can work with them.
    Valid,
    /// It can work with them, but a finding should be read first.
    Warning,
    /// It cannot work until a finding is mended.
    Invalid,
    /// The setting has no value.
    NotConfigured,
}

/// Something to know about a setting.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ConfigurationFinding {
    /// How bad it is.
    pub severity: FindingSeverity,
    /// What it is, for programs.
    pub code: String,
    /// What it is, for people.
    pub message: String,
    /// What to do about it.
    pub suggestion: Option<String>,
    /// The setting.
    pub setting: Option<String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingSeverity {
    /// The capability cannot work.
    Error,
    /// It works, perhaps not as it is meant to.
    Warning,
    /// Good to know; nothing needs to be done.
    Info,
}
