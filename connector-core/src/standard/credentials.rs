//! Credentials that an app has given out: keys, tokens and the like, and checks of those that a call brings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ActivityEvent;

/// Asks for all credentials.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListCredentials {
    /// Names of attributes to add.
    pub custom_attributes: Option<Vec<String>>,
}

/// Whether a credential works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialStatus {
    /// It does.
    Active,
    /// It does not, and may again.
    Inactive,
    /// It does, and nobody used it for long.
    Stale,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

/// A credential, without its secret.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Credential {
    /// Its id as a resource.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub resource_id: String,
    /// The app's own id.
    #[schemars(extend("x-semantic" = "credential-id"))]
    pub external_id: String,
    /// Its name for people.
    pub label: String,
    /// Its kind, in the app's words.
    pub credential_type: String,
    /// Whether it works.
    pub status: Option<CredentialStatus>,
    /// The account that it opens.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub grants_access_to_account_id: Option<String>,
    /// The non-human account that it opens.
    #[schemars(extend("x-semantic" = "non-human-account-id"))]
    pub grants_access_to_non_human_account_id: Option<String>,
    /// When it was made. All times are ISO 8601 texts.
    pub created_at: Option<String>,
    /// When it was changed.
    pub updated_at: Option<String>,
    /// When it was used last.
    pub last_used_at: Option<String>,
    /// When its time is over.
    pub expires_at: Option<String>,
    /// When its secret was changed last.
    pub last_rotated_at: Option<String>,
    /// When anything was done with it last.
    pub last_activity: Option<String>,
    /// Attributes that were asked for, by name.
    pub custom_attributes: Option<Map<String, Value>>,
    /// What else the app says.
    pub extra_data: Option<Map<String, Value>>,
}

/// When a credential was used last.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CredentialLastActivity {
    /// Which credential.
    #[schemars(extend("x-semantic" = "credential-id"))]
    pub credential_id: String,
    /// What was done.
    pub event_type: ActivityEvent,
    /// When, as an ISO 8601 text.
    pub happened_at: String,
}

/// Whose the credentials of a call are.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ValidatedCredentials {
    /// Whether the app takes them.
    pub valid: bool,
    /// Id of the account that they are for, the same for ever.
    pub unique_tenant_id: String,
}

/// Asks whether a credential has everything that the app needs, before it is used.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ValidateCredentialConfig {
    /// The credential, in the form of one of `credentials`.
    #[schemars(extend("x-secret" = true))]
    pub credential: Map<String, Value>,
}

/// Whether a credential has everything that the app needs.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ValidatedCredentialConfig {
    /// Whether it has.
    pub valid: bool,
    /// What it lacks, without its values.
    pub validation_errors: Option<Vec<String>>,
}
