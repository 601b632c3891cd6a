//! Attributes that an account of an app added to the app's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What has an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum CustomizedType {
    Account,
    Entitlement,
    Resource,
    Credential,
    NonHumanAccount,
}

/// What values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum CustomAttributeType {
    String,
    User,
    Boolean,
    Integer,
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
