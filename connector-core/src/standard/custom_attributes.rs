//! Attributes that an account of an app added to the app's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What has an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CustomizedType {
    /// Accounts of people.
    Account,
    /// What accounts can be given: roles, groups, licences.
    Entitlement,
    /// What entitlements are for.
    Resource,
    /// Keys and tokens that were issued.
    Credential,
    /// Accounts of programs.
    NonHumanAccount,
}

/// What values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CustomAttributeType {
    /// Text.
    String,
    /// The id of an account in the same app.
    User,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A moment, as an ISO 8601 text.
    Datetime,
}

/// An attribute that can be asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CustomAttributeSchema {
    /// What has it.
    pub customized_type: CustomizedType,
    /// Its name.
    pub name: String,
    /// What its values are.
    pub attribute_type: CustomAttributeType,
    /// What it is.
    pub description: Option<String>,
}

/// Names an attribute to be added.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CustomAttributeParameter {
    /// Its name.
    pub label: String,
    /// What has it.
    pub r#type: CustomizedType,
}

/// The value of an attribute.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CustomAttribute {
    /// Whose it is.
    pub record_id: String,
    /// Its name.
    pub label: String,
    /// The value.
    pub value: Value,
    /// What has it.
    pub r#type: CustomizedType,
}
