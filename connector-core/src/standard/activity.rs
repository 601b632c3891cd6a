//! Activity: what accounts did, and when last.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks when accounts did something last.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GetLastActivity {
    /// Which accounts.
    pub account_ids: Vec<String>,
}

/// When an account did something last.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct LastActivity {
    /// Which account.
    pub account_id: String,
    /// What it did, in the app's words.
    pub event_type: String,
    /// When, as an ISO 8601 text.
    pub happened_at: String,
}

/// What somebody or something did last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivityEvent {
    /// Signed in.
    LastLogin,
    /// Did anything.
    LastActivity,
}

/// Asks for what accounts did.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListActivityRecords {
    /// Since when, as an ISO 8601 text.
    pub since_date: String,
    /// Which accounts.
    pub actors: Vec<Actor>,
}

/// Who did something.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// The account.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub account_id: String,
}

/// Something that an account did.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ActivityRecord {
    /// The app's own id.
    pub id: String,
    /// What: `ACCOUNT_LOGIN`, or a word of the app.
    pub activity_type: String,
    /// When, as an ISO 8601 text.
    pub timestamp: String,
    /// Who.
    pub actor: Actor,
    /// To whom or what.
    pub targets: Vec<ActivityTarget>,
    /// What else the app says.
    pub metadata: Option<BTreeMap<String, String>>,
}

/// To whom or what something was done.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ActivityTarget {
    /// An account.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub account_id: Option<String>,
    /// An entitlement.
    pub entitlement: Option<TargetedEntitlement>,
}

/// An entitlement that something was done with.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct TargetedEntitlement {
    /// Which one.
    #[schemars(extend("x-semantic" = "entitlement-id"))]
    pub id: String,
    /// Its type, as declared.
    pub r#type: String,
    /// The resource it is for.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub resource_id: Option<String>,
    /// The type of that resource.
    pub resource_type: Option<String>,
}

/// How old the app's data is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DataRecency {
    /// When each kind of data was brought up to date, by the capability's name; `null` where nobody knows.
    pub data: BTreeMap<String, Option<Timestamp>>,
}
