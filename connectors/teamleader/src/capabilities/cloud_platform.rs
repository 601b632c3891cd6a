//! Pages that a customer sees.

use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::id::Id;
use super::sent::Sent;
use crate::client;
use crate::settings::Settings;

/// A record that has a page for the customer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetCloudPlatformUrl {
    r#type: SharedType,
    id: Id,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SharedType {
    Invoice,
    Quotation,
    Ticket,
}

/// Where the page is. Whoever knows the address sees the page: it is not for logs.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: the answer stays as it was sent")]
pub(crate) struct CloudPlatformUrl {
    url: Option<String>,
}

pub(crate) async fn get_cloud_platform_url(
    call: Call<Settings>,
    request: GetCloudPlatformUrl,
) -> Result<Sent<CloudPlatformUrl>> {
    client::object(&call, "cloudPlatforms.url", &json!(request)).await.map(Sent::from)
}
