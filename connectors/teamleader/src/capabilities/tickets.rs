//! Single messages of tickets.

use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::id::Id;
use super::sent::Sent;
use crate::client;
use crate::resources::TicketMessage;
use crate::settings::Settings;

/// Which message.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetTicketMessage {
    message_id: Id,
}

pub(crate) async fn get_ticket_message(
    call: Call<Settings>,
    request: GetTicketMessage,
) -> Result<Sent<TicketMessage>> {
    client::object(&call, "tickets.getMessage", &json!(request)).await.map(Sent::from)
}
