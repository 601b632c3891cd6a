//! What streams do not give: whose credentials these are.

use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::client;
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
