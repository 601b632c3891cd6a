//! Ids of the API before this one.

use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::sent::Sent;
use crate::client;
use crate::resources::types::Relation;
use crate::settings::Settings;

/// A record as the old API called it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MigrateId {
    r#type: OldType,
    /// The number that was its id.
    id: u64,
}

/// Types of the old API. Its tasks, meetings and calls have other names now; the answer tells them.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum OldType {
    Account,
    User,
    Department,
    Product,
    Contact,
    Company,
    Deal,
    DealPhase,
    Project,
    Milestone,
    Task,
    Meeting,
    Call,
    Ticket,
    Invoice,
    CreditNote,
    Subscription,
    Quotation,
    TimeTracking,
    CustomField,
}

pub(crate) async fn migrate_id(call: Call<Settings>, request: MigrateId) -> Result<Sent<Relation>> {
    client::object(&call, "migrate.id", &json!(request)).await.map(Sent::from)
}
