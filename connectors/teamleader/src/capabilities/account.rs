//! Whose credentials these are, and which account they open.

use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::Nothing;
use super::sent::Sent;
use crate::client;
use crate::resources::types::{Duration, Relation, Telephone};
use crate::settings::Settings;

/// Nothing is asked; the credentials themselves are looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValidateCredentials {}

/// Who the credentials belong to.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ValidCredentials {
    /// Always true: credentials that do not work are an error.
    valid: bool,
    /// Id of the Teamleader account. It stays the same for the life of the account.
    unique_tenant_id: String,
    /// The person who agreed to the access.
    user: User,
}

/// A user of Teamleader.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct User {
    id: String,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
}

pub(crate) async fn validate_credentials(
    call: Call<Settings>,
    _: ValidateCredentials,
) -> Result<ValidCredentials> {
    let me = client::me(&call).await?;
    Ok(ValidCredentials {
        valid: true,
        unique_tenant_id: me.account.id,
        user: User { id: me.id, first_name: me.first_name, last_name: me.last_name, email: me.email },
    })
}

/// The person who agreed to the access, and the account.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: the answer stays as it was sent")]
pub(crate) struct Me {
    id: Uuid,
    account: Option<Relation>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    /// `pending` or `confirmed`.
    email_verification_status: Option<String>,
    telephones: Option<Vec<Telephone>>,
    /// Such as `nl-BE` or `fr`.
    language: Option<String>,
    /// The person's job.
    function: Option<String>,
    /// Such as `Europe/Brussels`.
    time_zone: Option<String>,
    preferences: Option<Preferences>,
}

/// What the person set, and what was set for the person.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: the answer stays as it was sent")]
struct Preferences {
    invoiceable: Option<bool>,
    /// How far back time may be tracked.
    historic_time_tracking_limit: Option<Duration>,
    whitelabeling: Option<bool>,
}

pub(crate) async fn get_me(call: Call<Settings>, _: Nothing) -> Result<Sent<Me>> {
    client::object(&call, "users.me", &json!({})).await.map(Sent::from)
}
