//! Non-human accounts: what workloads run as.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AccountStatus, ActivityEvent};

/// Asks for all non-human accounts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListNonHumanAccounts {
    /// Names of attributes to add.
    pub custom_attributes: Option<Vec<String>>,
}

/// What a workload runs as.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NonHumanAccount {
    /// Its id as a resource.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub resource_id: String,
    /// The app's own id.
    #[schemars(extend("x-semantic" = "non-human-account-id"))]
    pub id: String,
    /// Its name for people.
    pub label: String,
    /// Name of the workload.
    pub workload_name: String,
    /// Id of the workload.
    pub workload_id: String,
    /// Its kind, in the app's words.
    pub r#type: String,
    /// Whether it can be used.
    pub status: AccountStatus,
    /// When it was made. All times are ISO 8601 texts.
    pub created_at: Option<String>,
    /// When it was changed.
    pub updated_at: Option<String>,
    /// When it signed in last.
    pub last_login: Option<String>,
    /// When it did anything last.
    pub last_activity: Option<String>,
    /// Attributes that were asked for, by name.
    pub custom_attributes: Option<Map<String, Value>>,
    /// What else the app says.
    pub extra_data: Option<Map<String, Value>>,
}

/// When a non-human account did something last.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NonHumanAccountLastActivity {
    /// Which account.
    #[schemars(extend("x-semantic" = "non-human-account-id"))]
    pub non_human_account_id: String,
    /// What it did.
    pub event_type: ActivityEvent,
    /// When, as an ISO 8601 text.
    pub happened_at: String,
}
